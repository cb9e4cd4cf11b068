import { describe, expect, it } from 'vitest';
import { compileTable } from '../../../src/routing/compile.ts';
import { compileExpression } from '../../../src/config/expressions.ts';
import { ACTION_POOL, ACTION_REDIRECT, ACTION_RESPOND } from '../../../src/routing/route-table.ts';
import { find, makeConfig, makeMatch, makePool, makePoolTable, makeRequest, makeRoute, makeTable, prefix } from './make-table.ts';

describe('compileTable', () => {
  it('keeps the revision, and resolves routes to pools and versions', () => {
    const pool = { kind: 'pool', pool: 'shop', version: 'v2' } as const;
    const redirect = {
      kind: 'redirect',
      redirect: { scheme: 'https', host: undefined, port: undefined, path: undefined, status: 301 },
    } as const;
    const table = compileTable(
      makeConfig([makeRoute('p', { action: pool }), makeRoute('r', { action: redirect }), makeRoute('s')], [makePool({ v1: 1, v2: 0 })]),
      12,
    );
    expect(table.revision).toBe(12);
    expect(table.routes.map(({ action }) => action)).toEqual([ACTION_POOL, ACTION_REDIRECT, ACTION_RESPOND]);
    expect(table.destinations.map((each) => each?.pool)).toEqual([table.pools[0], undefined, undefined]);
    expect(table.destinations[0]?.version).toBe(table.pools[0]?.versions[1]);
    expect(table.routes[1]?.redirect?.status).toBe(301);
    expect(table.routes[2]?.respond?.body).toBe('s');
  });

  it('compiles a pool once that stays the same object at its place, unless it has mirrors', () => {
    const [shop, other] = [makePool({ v1: 1, v2: 0 }), { ...makePool({ v1: 1 }), name: 'other' }];
    const routes = [makeRoute('a', { action: { kind: 'pool', pool: 'shop', version: 'v2' } })];
    const before = compileTable(makeConfig(routes, [shop, other]), 1);
    const after = compileTable(makeConfig(routes, [shop, { ...other, holdMs: 5 }]), 2);
    expect(after.pools[0]).toBe(before.pools[0]);
    expect(after.pools[1]?.holds).toBe(true);
    expect(after.destinations[0]?.version).toBe(before.pools[0]?.versions[1]);
    const moved = compileTable(makeConfig(routes, [other, shop]), 3);
    expect(moved.pools.map(({ name, index }) => [name, index])).toEqual([
      ['other', 0],
      ['shop', 1],
    ]);
    expect(before.pools.map(({ index }) => index)).toEqual([0, 1]);
    expect(moved.destinations[0]?.pool).toBe(moved.pools[1]);
  });

  it('of the same list of routes compiles them once, and knows other listeners and pools', () => {
    const routes = [makeRoute('a', { action: { kind: 'pool', pool: 'shop', version: undefined } })];
    const config = makeConfig(routes, [makePool({ v1: 1, v2: 0 })]);
    const before = compileTable(config, 1);
    const after = compileTable({ ...config, pools: [makePool({ v1: 0, v2: 1 })] }, 2);
    expect([after.routes, after.matchers]).toEqual([before.routes, before.matchers]);
    expect(after.routes).toBe(before.routes);
    expect(after.matchers).toBe(before.matchers);
    expect([...(after.destinations[0]?.pool.weights ?? [])]).toEqual([0, 1]);
    expect([...(before.destinations[0]?.pool.weights ?? [])]).toEqual([1, 0]);
    const listeners = [...config.listeners, { ...config.listeners[0]!, name: 'second' }];
    expect([...compileTable({ ...config, listeners }, 3).matchers.keys()]).toContain('second');
    expect(() => compileTable({ ...config, pools: [] }, 4)).toThrow('route a names the unknown pool shop');
  });

  it('seeds depend on the names of pool and version alone', () => {
    const one = makePoolTable({ a: 1, b: 2 });
    expect([...makePoolTable({ b: 5, a: 0 }).seeds].toReversed()).toEqual([...one.seeds]);
    expect([...makePoolTable({ a: 1, b: 2 }, { name: 'other' }).seeds]).not.toEqual([...one.seeds]);
  });

  it('has header changes only where the route changes something', () => {
    const [none, some] = makeTable([
      makeRoute('n'),
      makeRoute('s', { requestHeaders: { set: [['A', '1']], add: [], remove: ['B'] } }),
    ]).routes;
    expect(none?.requestHeaders).toBeUndefined();
    expect(some?.requestHeaders).toMatchObject({ append: 'A: 1\r\n', remove: new Set(['a', 'b']) });
    expect(some?.responseHeaders).toBeUndefined();
  });

  it('refuses what the rules of the Config would have refused', () => {
    const to = (pool: string, version?: string) => makeRoute('r', { action: { kind: 'pool', pool, version } });
    expect(() => makeTable([to('absent')])).toThrow('route r names the unknown pool absent');
    expect(() => makeTable([to('shop', 'v9')], [makePool({ v1: 1 })])).toThrow('pool shop has no version v9');
    expect(() => makeTable([makeRoute('r', { match: [makeMatch({ path: { kind: 'regex', pattern: '(' } })] })])).toThrow();
  });

  it('a version named like a property of Object.prototype has no weight of its own', () => {
    const versions = makePool({ constructor: 1 }).versions;
    expect([...makePoolTable({}, { versions }).weights]).toEqual([0]);
  });

  it('compiles 10,000 routes in well under a second, and asks them as fast as ten', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      makeRoute(`r${index}`, { hosts: [`h${index % 100}.example.com`], match: [makeMatch(prefix(`/app${index}/api`))] }),
    );
    const start = performance.now();
    const table = makeTable(many);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(find(table, makeRequest('GET h99.example.com/app9999/api/x'))?.route.name).toBe('r9999');
    expect(find(table, makeRequest('GET h98.example.com/app9999/api/x'))).toBeUndefined();
  });
});

it('compiles a pattern once', () => {
  expect(compileExpression('^a+$')).toBe(compileExpression('^a+$'));
});

it('a pattern that explodes elsewhere stays linear', () => {
  const start = performance.now();
  expect(compileExpression('^(a+)+$').test(`${'a'.repeat(5000)}!`)).toBe(false);
  expect(performance.now() - start).toBeLessThan(1000);
});
