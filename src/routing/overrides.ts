// Rules by which a request names its version outright, whatever the weights say.

import { findCookie, joinField, toFieldText } from '../http/header-block.ts';
import { findQuery } from '../http/query.ts';
import type { OverrideConfig } from '../config/model.ts';
import type { VersionTable } from './choice.ts';
import type { RoutableRequest } from './request.ts';
import { ValueTest } from './value.ts';

const SOURCE_HEADER = 0;
const SOURCE_COOKIE = 1;
const SOURCE_QUERY = 2;

export interface OverrideRule {
  readonly name: string;
  readonly source: typeof SOURCE_HEADER | typeof SOURCE_COOKIE | typeof SOURCE_QUERY;
  readonly field: string;
  readonly value: ValueTest;
  readonly version: VersionTable;
}

export function compileOverride(config: OverrideConfig, version: VersionTable): OverrideRule {
  const { kind, name } = config.source;
  const exact = config.value.kind === 'exact' ? config.value.value : '';
  const value = new ValueTest(config.value, kind === 'query' ? exact : toFieldText(exact));
  const source = kind === 'header' ? SOURCE_HEADER : kind === 'cookie' ? SOURCE_COOKIE : SOURCE_QUERY;
  const field = kind === 'header' ? name.toLowerCase() : kind === 'cookie' ? toFieldText(name) : name;
  return { name: config.name, source, field, value, version };
}

/** The first rule, in the order of the file, that the request meets. */
export function findOverride(rules: readonly OverrideRule[], request: RoutableRequest): OverrideRule | undefined {
  for (const rule of rules) {
    if (rule.value.passes(read(rule, request))) return rule;
  }
  return undefined;
}

function read(rule: OverrideRule, request: RoutableRequest): string | undefined {
  switch (rule.source) {
    case SOURCE_HEADER:
      return joinField(request.block, rule.field);
    case SOURCE_COOKIE:
      return findCookie(request.block, rule.field);
    case SOURCE_QUERY:
      return findQuery(request.query, rule.field);
  }
}
