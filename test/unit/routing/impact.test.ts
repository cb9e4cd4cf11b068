// What another Table would mean for requests: routes, overrides, drains, and routes that respond without a version.

import { describe, expect, test } from 'vitest';
import type { PoolConfig, RouteConfig } from '../../../src/config/model.ts';
import { compileTable } from '../../../src/routing/compile.ts';
import type { SeenRequest, Side } from '../../../src/routing/expected-versions.ts';
import { foreseeImpact } from '../../../src/routing/impact.ts';
import { compileSessionRule } from '../../../src/routing/session-rule.ts';
import { SessionReader } from '../../../src/routing/session-reader.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import { makeConfig, makeMatch, makePool, makeRequest, makeRoute, prefix } from './make-table.ts';

const SHOP = makeRoute('shop', { action: { kind: 'pool', pool: 'shop', version: undefined } });
const QA = {
  name: 'qa',
  source: { kind: 'header', name: 'x-qa' },
  value: { kind: 'exact', value: 'yes' },
  version: 'v2',
} as const;

function side(routes: readonly RouteConfig[], pools: readonly PoolConfig[], unready: readonly string[] = []): Side {
  return { table: compileTable(makeConfig(routes, pools), 1), ready: (pool, version) => !unready.includes(pool.versions[version]!.name) };
}

function seen(line: string, fields: Readonly<Record<string, string>> = {}, standsFor = 1): SeenRequest {
  return { listener: 'web', client: '10.0.0.1', standsFor, request: makeRequest(line, fields) };
}

function otherwise(before: Side, after: Side, ...requests: readonly SeenRequest[]): number {
  return foreseeImpact(before, after, requests).requests.otherwise;
}

const half = makePool({ v1: 50, v2: 50 });

test('nothing changed: no request would go elsewhere, by chance or not', () => {
  const both = side([SHOP], [makePool({ v1: 90, v2: 10 }, { overrides: [QA] })]);
  const impact = foreseeImpact(both, side([SHOP], [makePool({ v1: 90, v2: 10 }, { overrides: [QA] })]), [
    seen('GET a/'),
    seen('GET a/', { 'x-qa': 'yes' }),
    seen('GET a/../b'),
  ]);
  expect(impact).toEqual({ pools: [], requests: { compared: 3, otherwise: 0, share: 0 } });
});

test('nothing to compare: no share is claimed', () => {
  expect(foreseeImpact(side([SHOP], [half]), side([SHOP], [half]), []).requests).toEqual({ compared: 0, otherwise: 0, share: undefined });
});

describe('a change of', () => {
  test('an override: those that it names', () => {
    const before = side([SHOP], [makePool({ v1: 100, v2: 0 })]);
    const after = side([SHOP], [makePool({ v1: 100, v2: 0 }, { overrides: [QA] })]);
    expect(otherwise(before, after, seen('GET a/', { 'x-qa': 'yes' }), seen('GET a/', { 'x-qa': 'no' }), seen('GET a/'))).toBe(1);
    expect(foreseeImpact(before, after, []).pools).toEqual([]);
  });

  test('a route: those that it takes; another name for it: none', () => {
    const api = makeRoute('api', { match: [makeMatch(prefix('/api'))], action: { kind: 'pool', pool: 'api', version: undefined } });
    const pools = [makePool({ v1: 1 }), makePool({ v1: 1 }, { name: 'api' })];
    const requests = [seen('GET a/api/x'), seen('GET a/shop')];
    expect(otherwise(side([SHOP], pools), side([SHOP, api], pools), ...requests)).toBe(1);
    expect(otherwise(side([SHOP], pools), side([], pools), ...requests)).toBe(2);
    expect(otherwise(side([SHOP], pools), side([{ ...SHOP, name: 'renamed' }], pools), ...requests)).toBe(0);
  });

  test("a route's own response: when it says something else", () => {
    const respond = (name: string, body: string): RouteConfig =>
      makeRoute(name, { action: { kind: 'respond', respond: { status: 200, body, headers: [] } } });
    const before = side([respond('hello', 'hello')], []);
    expect(otherwise(before, side([respond('other', 'hello')], []), seen('GET a/'))).toBe(0);
    expect(otherwise(before, side([respond('hello', 'bye')], []), seen('GET a/'))).toBe(1);
  });

  test("a route's own version: whatever the split says", () => {
    const own = { ...SHOP, action: { kind: 'pool', pool: 'shop', version: 'v2' } } as const;
    expect(otherwise(side([SHOP], [half]), side([own], [half]), seen('GET a/'), seen('GET b/'))).toBe(1);
  });

  test('listeners: one that is gone has no route', () => {
    const after = { ...side([SHOP], [half]), table: compileTable(makeConfig([SHOP], [half], ['other']), 1) };
    expect(otherwise(side([SHOP], [half]), after, seen('GET a/'))).toBe(1);
  });

  test('readiness: the others take over, or none does', () => {
    const before = side([SHOP], [half]);
    expect(otherwise(before, side([SHOP], [half], ['v2']), seen('GET a/'), seen('GET a/'))).toBe(1);
    expect(foreseeImpact(before, side([SHOP], [half], ['v2']), []).pools).toEqual([{ pool: 'shop', users: 0.5 }]);
    expect(otherwise(before, side([SHOP], [half], ['v1', 'v2']), seen('GET a/'))).toBe(1);
    const strict = makePool({ v1: 50, v2: 50 }, { fallback: { whenNoneReady: 'fail' } });
    expect(foreseeImpact(side([SHOP], [strict]), side([SHOP], [strict], ['v2']), []).pools).toEqual([{ pool: 'shop', users: 0.5 }]);
    const holding = makePool({ v1: 50, v2: 50 }, { holdMs: 1000 });
    expect(otherwise(side([SHOP], [holding]), side([SHOP], [holding], ['v1', 'v2']), seen('GET a/'))).toBe(0);
  });
});

test('requests count for as many as they stand for', () => {
  const before = side([SHOP], [makePool({ v1: 1, v2: 0 })]);
  const after = side([SHOP], [makePool({ v1: 1, v2: 0 }, { overrides: [QA] })]);
  const { requests } = foreseeImpact(before, after, [seen('GET a/', { 'x-qa': 'yes' }, 9), seen('GET a/', {}, 1)]);
  expect(requests).toEqual({ compared: 2, otherwise: 1.8, share: 0.9 });
});

test('a thousand requests on two tables of ten thousand routes take no time to speak of', () => {
  const routes = Array.from({ length: 10_000 }, (_, index) => ({ ...SHOP, name: `r${index}`, match: [makeMatch(prefix(`/p${index}`))] }));
  const [before, after] = [side(routes, [half]), side(routes, [makePool({ v1: 60, v2: 40 })])];
  const requests = Array.from({ length: 1000 }, (_, index) => seen(`GET a/p${index * 7}/x?a=b`, { cookie: 'a=b; c=d' }));
  const began = performance.now();
  expect(otherwise(before, after, ...requests)).toBe(100);
  // Some 5 ms on a quiet machine.
  expect(performance.now() - began).toBeLessThan(1000);
});

describe('a pool that remembers its users', () => {
  const affinity = { kind: 'header', name: 'x-user', remember: { timeMs: 60_000, quietMs: 60_000, users: 1000 } } as const;
  const memory = createSessionMemory(1000, [1, 2]);
  const remembered = { find: () => new SessionReader(memory), wallSeconds: () => 10 };
  const all = (to: string): Side => side([SHOP], [makePool({ v1: to === 'v1' ? 1 : 0, v2: to === 'v2' ? 1 : 0 }, { affinity })]);
  const ann = seen('GET a/', { 'x-user': 'ann' });
  const bob = seen('GET a/', { 'x-user': 'bob' });
  const sessions = new Sessions(memory);
  sessions.name('ann');
  sessions.add(compileSessionRule(affinity.remember, [{ name: 'v1' }]).marks[0]!, 10, 60);

  test('users that it knows keep their version, others do not', () => {
    const impact = foreseeImpact({ ...all('v1'), memory: remembered }, { ...all('v2'), memory: remembered }, [ann, bob]);
    expect(impact).toMatchObject({ pools: [], requests: { compared: 2, otherwise: 1 } });
    // Asking leaves no trace.
    expect(new Sessions(memory).find('bob', 10, 60)).toBe(-1);
  });

  test('when they are moved, all follow', () => {
    const forgotten = { ...remembered, find: () => undefined };
    const impact = foreseeImpact({ ...all('v1'), memory: remembered }, { ...all('v2'), memory: forgotten }, [ann, bob]);
    expect(impact).toMatchObject({ pools: [{ pool: 'shop', users: 1 }], requests: { otherwise: 2 } });
  });

  test('users that were remembered before are counted by what they have', () => {
    const users = () =>
      new Map([
        ['v1', 3],
        ['v2', 1],
      ]);
    const moved = foreseeImpact(
      { ...all('v2'), memory: remembered, users },
      { ...all('v2'), memory: { ...remembered, find: () => undefined } },
      [],
    );
    expect(moved.pools).toEqual([{ pool: 'shop', users: 0.75 }]);
  });

  test('when their version goes, all follow', () => {
    const gone = side([SHOP], [makePool({ v1: 0, v2: 1 }, { affinity })], ['v1']);
    expect(foreseeImpact({ ...all('v1'), memory: remembered }, { ...gone, memory: remembered }, [ann]).pools).toEqual([
      { pool: 'shop', users: 1 },
    ]);
  });
});
