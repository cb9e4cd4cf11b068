// Matchers and path rewrites in the words of the grammar.

import type { MatchConfig, PathRewrite, ValueMatcher } from './model.ts';

export function describeMatch({ path, methods, headers, query }: MatchConfig): object {
  const byName = (matchers: MatchConfig['headers']): object =>
    Object.fromEntries(matchers.map(({ name, value }) => [name, describeValue(value)]));
  return {
    path: { [path.kind]: path.kind === 'regex' ? path.pattern : path.path },
    methods,
    headers: byName(headers),
    query: byName(query),
  };
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
