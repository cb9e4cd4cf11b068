// Matchers, path rewrites and header changes in the words of the grammar.

import type { HeaderChanges, MatchConfig, PathRewrite, ValueMatcher } from './model.ts';
import { describeFields } from './secret.ts';

/** One object for all that have none. */
const NONE: object = {};

export function describeMatch({ path, methods, headers, query }: MatchConfig): object {
  return {
    path: { [path.kind]: path.kind === 'regex' ? path.pattern : path.path },
    methods,
    headers: describeHeaders(headers),
    query: describeHeaders(query),
  };
}

export function describeHeaders(matchers: MatchConfig['headers']): object {
  return matchers.length === 0 ? NONE : Object.fromEntries(matchers.map(({ name, value }) => [name, describeValue(value)]));
}

export function describeChanges({ set, add, remove }: HeaderChanges): object {
  return { set: set.length === 0 ? NONE : describeFields(set), add: add.length === 0 ? NONE : describeFields(add), remove };
}

export function describeValue(matcher: ValueMatcher): string | object {
  switch (matcher.kind) {
    case 'exact':
      return matcher.value;
    case 'regex':
      return { regex: matcher.pattern };
    case 'present':
      return { present: true };
  }
}

export function describePathRewrite(rewrite: PathRewrite | undefined): object | undefined {
  return rewrite && { [rewrite.kind]: rewrite.value };
}

/** Keys whose value is undefined are left out. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}
