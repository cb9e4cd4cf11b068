import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { MatchConfig, RouteConfig } from '../../../src/config/model.ts';
import { isAmbiguousPath } from '../../../src/routing/path.ts';
import type { RoutableRequest } from '../../../src/routing/request.ts';
import { find, makeMatch, makeRoute, makeTable } from '../../unit/routing/make-table.ts';

// Few words, so that routes collide, nest and shadow each other.
const element = fc.constantFrom('a', 'a', 'b', 'ab', 'a.b');
const path = fc.array(element, { maxLength: 4 }).map((elements) => `/${elements.join('/')}`);
const slashed = fc.tuple(path, fc.boolean()).map(([text, slash]) => (slash && text !== '/' ? `${text}/` : text));
const host = fc.constantFrom('x.com', 'a.x.com', 'b.a.x.com', 'y.org');
const hostPattern = fc.oneof(host, fc.constantFrom('*.x.com', '*.a.x.com', '*.com'));
const method = fc.constantFrom('GET', 'POST', 'PUT');
const fields = fc.uniqueArray(fc.tuple(fc.constantFrom('p', 'q', 'r'), fc.constantFrom('1', '2')), {
  maxLength: 2,
  selector: ([name]) => name,
});
const pathMatcher: fc.Arbitrary<MatchConfig['path']> = fc.oneof(
  slashed.map((text) => ({ kind: 'exact' as const, path: text })),
  slashed.map((text) => ({ kind: 'prefix' as const, path: text })),
  fc
    .constantFrom('^/a', 'b$', '^/(a|b)/', '^/a/b/[ab]', '^/a/b$', '^/a/?b', '/a\\.b', '^/ab?/')
    .map((pattern) => ({ kind: 'regex' as const, pattern })),
);
const values = (pairs: readonly (readonly [string, string])[]): MatchConfig['headers'] =>
  pairs.map(([name, value]) => ({ name, value: { kind: 'exact', value } }));
const match = fc
  .record({ path: pathMatcher, methods: fc.uniqueArray(method, { maxLength: 2 }), headers: fields, query: fields })
  .map((entry) => makeMatch({ ...entry, headers: values(entry.headers), query: values(entry.query) }));
const route = fc.record({ hosts: fc.uniqueArray(hostPattern, { maxLength: 2 }), match: fc.array(match, { minLength: 1, maxLength: 3 }) });
const request: fc.Arbitrary<RoutableRequest> = fc
  .record({ method, authority: host, path: slashed, headers: fields, query: fields })
  .map(({ headers, query, ...rest }) => ({
    ...rest,
    block: headers.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
    query: query.map(([name, value]) => `${name}=${value}`).join('&'),
  }));

it('finds what a plain filter and sort finds', () => {
  fc.assert(
    fc.property(fc.array(route, { maxLength: 12 }), fc.array(request, { minLength: 1, maxLength: 10 }), (drafts, requests) => {
      const routes = drafts.map((draft, index) => makeRoute(`r${index}`, draft));
      const table = makeTable(routes);
      for (const asked of requests) expect(find(table, asked)?.route.name).toBe(findPlainly(routes, asked));
    }),
    { numRuns: 2000 },
  );
});

it('never throws, whatever the request holds', () => {
  const anything = fc.array(fc.nat(0xff), { maxLength: 60 }).map((codes) => String.fromCharCode(...codes));
  const hostile = fc.oneof(anything, fc.stringMatching(/^[/.%\\;25fe]{0,40}$/));
  fc.assert(
    fc.property(fc.array(route, { maxLength: 5 }), hostile, hostile, hostile, anything, (drafts, target, query, authority, block) => {
      const table = makeTable(drafts.map((draft, index) => makeRoute(`r${index}`, draft)));
      isAmbiguousPath(target);
      find(table, { method: 'GET', path: target, query, authority, block });
    }),
    { numRuns: 300 },
  );
});

/** The rules as they are written down, without any index. */
function findPlainly(routes: readonly RouteConfig[], asked: RoutableRequest): string | undefined {
  const fitting: { readonly name: string; readonly rank: readonly number[] }[] = [];
  let order = 0;
  for (const { name, hosts, match: entries } of routes) {
    const hostRank = Math.max(-1, ...(hosts.length === 0 ? [0] : hosts.map((pattern) => rankHost(pattern, asked.authority))));
    for (const entry of entries) {
      order++;
      const pathRank = hostRank < 0 ? -1 : rankPath(entry.path, asked.path, order);
      const block = asked.block.split('\r\n');
      const query = asked.query.split('&');
      const fits =
        pathRank >= 0 &&
        (entry.methods.length === 0 || entry.methods.includes(asked.method)) &&
        entry.headers.every((each) => each.value.kind === 'exact' && block.includes(`${each.name}: ${each.value.value}`)) &&
        entry.query.every((each) => each.value.kind === 'exact' && query.includes(`${each.name}=${each.value.value}`));
      if (fits)
        fitting.push({ name, rank: [hostRank, pathRank, Math.min(1, entry.methods.length), entry.headers.length, entry.query.length] });
    }
  }
  return fitting.sort((a, b) => b.rank.map((value, index) => value - a.rank[index]!).find((difference) => difference !== 0) ?? 0)[0]?.name;
}

function rankHost(pattern: string, authority: string): number {
  if (pattern === authority) return 1000;
  return pattern.startsWith('*.') && authority.endsWith(pattern.slice(1)) ? pattern.length : -1;
}

/** Exact before any expression, the first expression of the file before later ones, any expression before the longest prefix. */
function rankPath(matcher: MatchConfig['path'], asked: string, order: number): number {
  if (matcher.kind === 'regex') return new RegExp(matcher.pattern).test(asked) ? 2000 - order : -1;
  if (matcher.kind === 'exact') return asked === matcher.path ? 3000 : -1;
  const own = matcher.path.split('/').filter((part) => part !== '');
  const parts = asked.split('/').slice(1);
  return own.every((part, index) => parts[index] === part) ? 1 + own.join('/').length : -1;
}
