// One entry of a route's `match` list: what must hold beside host and path, and its rank among others of the same path.

import { leadOf } from '../lib/lead.ts';
import { joinField, toFieldText } from '../http/header-block.ts';
import { findQuery } from '../http/query.ts';
import type { MatchConfig } from '../config/model.ts';
import { canonicalConfigPath } from './path.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteMatch, RouteTable } from './route-table.ts';
import { compileExpression } from '../config/expressions.ts';
import { ValueTest } from './value.ts';

/** A condition on a header field or query parameter. */
export class FieldCondition {
  readonly name: string;
  readonly value: ValueTest;

  constructor(name: string, value: ValueTest) {
    this.name = name;
    this.value = value;
  }
}

export class Candidate implements RouteMatch {
  readonly route: RouteTable;
  readonly config: MatchConfig;
  /** Position among all entries of the matcher, in the order of the file. */
  readonly order: number;
  readonly prefixLength: number;
  /** Canonical path, or prefix without trailing slash; empty for a regex. */
  readonly path: string;
  /** What every path that the regex matches begins with; empty for an exact path and a prefix. */
  readonly lead: string;
  readonly #pathPattern: ReturnType<typeof compileExpression> | undefined;
  readonly #methods: readonly string[];
  readonly #headers: readonly FieldCondition[];
  readonly #query: readonly FieldCondition[];

  constructor(route: RouteTable, config: MatchConfig, order: number) {
    const { path } = config;
    this.route = route;
    this.config = config;
    this.order = order;
    this.path = path.kind === 'regex' ? '' : canonicalConfigPath(path.path);
    if (path.kind === 'prefix' && this.path.endsWith('/')) this.path = this.path.slice(0, -1);
    this.prefixLength = path.kind === 'prefix' ? this.path.length : -1;
    this.lead = path.kind === 'regex' ? leadOf(path.pattern).required : '';
    this.#pathPattern = path.kind === 'regex' ? compileExpression(path.pattern) : undefined;
    this.#methods = config.methods;
    this.#headers = config.headers.map(({ name, value }) => {
      return new FieldCondition(name, new ValueTest(value, value.kind === 'exact' ? toFieldText(value.value) : ''));
    });
    this.#query = config.query.map(
      ({ name, value }) => new FieldCondition(name, new ValueTest(value, value.kind === 'exact' ? value.value : '')),
    );
  }

  /** Whether all but host, exact path and prefix fit; `path` is canonical. */
  accepts(path: string, request: RoutableRequest): boolean {
    return this.hasMethod(request) && this.hasHeaders(request) && this.hasQuery(request) && this.hasPattern(path);
  }

  hasMethod(request: RoutableRequest): boolean {
    return this.#methods.length === 0 || this.#methods.includes(request.method);
  }

  hasHeaders(request: RoutableRequest): boolean {
    for (const condition of this.#headers) {
      if (!condition.value.passes(readField(request, condition.name))) return false;
    }
    return true;
  }

  hasQuery(request: RoutableRequest): boolean {
    for (const condition of this.#query) {
      if (!condition.value.passes(findQuery(request.query, condition.name))) return false;
    }
    return true;
  }

  hasPattern(path: string): boolean {
    return this.#pathPattern === undefined || this.#pathPattern.test(path);
  }
}

/**
 * Order among candidates of the same exact path or prefix: with a method, then more headers, then more query parameters, then the order of the
 * file (Gateway API, HTTPRouteRule.matches). Candidates are made in the order of the file, and sorting is stable.
 */
export function compareCandidates(a: Candidate, b: Candidate): number {
  return (
    Math.min(b.config.methods.length, 1) - Math.min(a.config.methods.length, 1) ||
    b.config.headers.length - a.config.headers.length ||
    b.config.query.length - a.config.query.length
  );
}

// Many routes of one path differ by the value of one field (a tenant, say); it is read once for all of them.
let lastBlock = '';
let lastName = '';
let lastValue: string | undefined = undefined;

/** All fields of the name as one value, as an upstream would combine them. `host` is the authority, which no block holds. */
function readField(request: RoutableRequest, name: string): string | undefined {
  if (name === 'host') return request.authority === '' ? undefined : request.authority;
  if (name === lastName && request.block === lastBlock) return lastValue;
  lastValue = joinField(request.block, name);
  lastBlock = request.block;
  lastName = name;
  return lastValue;
}
