// Matchers, path rewrites and header changes in the words of the grammar.

import type { HeaderChanges, MatchConfig, PathRewrite, ValueMatcher } from './model.ts';

export function describeMatch({ path, methods, headers, query }: MatchConfig): object {
  return {
    path: { [path.kind]: path.kind === 'regex' ? path.pattern : path.path },
    methods,
    headers: describeHeaders(headers),
    query: describeHeaders(query),
  };
}

export function describeHeaders(matchers: MatchConfig['headers']): object {
  return Object.fromEntries(matchers.map(({ name, value }) => [name, describeValue(value)]));
}

export function describeChanges({ set, add, remove }: HeaderChanges): object {
  return { set: Object.fromEntries(set), add: Object.fromEntries(add), remove };
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
