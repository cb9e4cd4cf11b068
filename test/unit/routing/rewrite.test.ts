import { describe, expect, it } from 'vitest';
import type { MatchConfig, PathRewrite } from '../../../src/config/model.ts';
import { rewriteTarget } from '../../../src/routing/rewrite.ts';
import { exact, find, makeMatch, makeRequest, makeRoute, makeTable, prefix, regex } from './make-table.ts';

function rewritten(match: Partial<MatchConfig>, path: PathRewrite | undefined, line: string): string {
  const request = makeRequest(line);
  const found = find(
    makeTable([makeRoute('r', { match: [makeMatch(match)], rewrite: { host: undefined, path, location: false } })]),
    request,
  );
  return rewriteTarget(found!, request);
}

describe('rewriteTarget', () => {
  // The table of the Gateway API's HTTPPathModifier, and HTTPRouteRewritePath.
  it.each([
    ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
    ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
    ['/foo', '/foo', '/xyz', '/xyz'],
    ['/foo/', '/foo', '/xyz', '/xyz/'],
    ['/foo/bar', '/foo', '', '/bar'],
    ['/foo/', '/foo', '', '/'],
    ['/foo', '/foo', '', '/'],
    ['/foo/', '/foo', '/', '/'],
    ['/foo', '/foo', '/', '/'],
    ['/prefix/one/two', '/prefix/one', '/one', '/one/two'],
    ['/a/b', '/', '/v2', '/v2/a/b'],
    ['/', '/', '/v2', '/v2/'],
    ['/a?x=1&y', '/a', '/b', '/b?x=1&y'],
    ['/%66oo/a%2fb', '/foo', '/x', '/x/a%2fb'],
    ['//foo//b', '/foo', '/x', '/x//b'],
    ['/foo%2fb', '/foo', '/x', '/x%2fb'],
  ])('%s with prefix %s to %j is %s', (path, matched, value, expected) => {
    expect(rewritten(prefix(matched), { kind: 'prefix', value }, `GET a${path}`)).toBe(expected);
  });

  it('replaces the whole path, and keeps the query', () => {
    expect(rewritten(prefix('/full'), { kind: 'full', value: '/one' }, 'GET a/full/two?q=1')).toBe('/one?q=1');
    expect(rewritten(exact('/e'), { kind: 'prefix', value: '/one' }, 'GET a/e?q=1')).toBe('/one?q=1');
    expect(rewritten(regex('^/e'), { kind: 'prefix', value: '/one' }, 'GET a/exx')).toBe('/one');
  });

  it('without a rewrite leaves the target as it came', () => {
    expect(rewritten(prefix('/'), undefined, 'GET a//x/%61?q')).toBe('//x/%61?q');
  });

  it('leaves * alone', () => {
    const table = makeTable([makeRoute('r', { rewrite: { host: undefined, path: { kind: 'full', value: '/x' }, location: false } })]);
    const request = { ...makeRequest('OPTIONS a/'), path: '*' };
    expect(rewriteTarget(find(table, request)!, request)).toBe('*');
  });
});
