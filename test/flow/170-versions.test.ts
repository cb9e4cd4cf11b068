// Which version gets a request: overrides, affinity, weights, and what happens when a version has no endpoint.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';

let sluice: Sluice;
let other: Sluice;

const half = { v1: 50, v2: 50 };
const POOLS: Readonly<Record<string, object>> = {
  split: { split: { v1: 90, v2: 9, v3: 1 } },
  zero: { split: { v1: 1, v2: 0 }, overrides: [{ name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' }] },
  overrides: {
    split: { v1: 1 },
    overrides: [
      { name: 'header', header: { name: 'x-to', value: 'two' }, version: 'v2' },
      { name: 'cookie', cookie: { name: 'to', value: 'three' }, version: 'v3' },
      { name: 'query', query: { name: 'to', value: 'two' }, version: 'v2' },
    ],
  },
  own: { split: half, affinity: { cookie: { name: 'who', maxAge: '1d' } } },
  foreign: { split: half, affinity: { cookie: { name: 'sid', own: false } } },
  header: { split: half, affinity: { header: 'x-user' } },
  client: { split: half, affinity: { clientIp: {} } },
  yields: { split: half },
  fails: { split: half, fallback: { whenNoneReady: 'fail' } },
};

/** Every pool under a path of its own name; in `yields` and `fails`, v2 has no endpoint that may be picked. */
function config(endpoints: Readonly<Record<string, string>>, trustedProxies: readonly string[]): object {
  const versions = Object.fromEntries(Object.entries(endpoints).map(([name, address]) => [name, { endpoints: [{ address }] }]));
  const without = { ...versions, v2: { endpoints: [{ address: '127.0.0.1:1', weight: 0 }] } };
  const pools = Object.entries(POOLS).map(([name, pool]) => [
    name,
    { ...pool, versions: name in { yields: 0, fails: 0 } ? without : versions },
  ]);
  const routes = Object.keys(POOLS).map((pool) => ({ name: pool, match: [{ path: { prefix: `/${pool}` } }], pool }));
  const named = { name: 'two', match: [{ path: { prefix: '/two' } }], pool: 'overrides', version: 'v2' };
  const whole = configFor({ listener: { trustedProxies }, endpoints: ['127.0.0.1:1'] }) as { pools: object; routes: object[] };
  return { ...whole, pools: Object.fromEntries(pools) as object, routes: [named, ...routes] };
}

beforeAll(async () => {
  const endpoints: Record<string, string> = {};
  for (const name of ['v1', 'v2', 'v3']) endpoints[name] = (await startUpstream(responding(() => ok(name)))).address;
  sluice = await startSluice(config(endpoints, []));
  other = await startSluice(config(endpoints, ['127.0.0.1/32']));
});
afterAll(closeAll);

/** Counts the versions that get `total` requests on one connection. */
async function count(path: string, total: number): Promise<Record<string, number>> {
  const wire = await connectTo(sluice);
  const counts: Record<string, number> = { v1: 0, v2: 0, v3: 0 };
  await wire.write(get(path).repeat(total));
  for (let i = 0; i < total; i++) counts[(await wire.readMessage()).body]!++;
  wire.destroy();
  return counts;
}

const body = async (path: string, ...fields: string[]): Promise<string> => (await ask(sluice, get(path, ...fields))).body;

test('the split holds within 2 of any 1,000', async () => {
  for (let round = 0; round < 3; round++) {
    const counts = await count('/split', 1000);
    expect(Math.abs(counts['v1']! - 900)).toBeLessThanOrEqual(2);
    expect(Math.abs(counts['v2']! - 90)).toBeLessThanOrEqual(2);
    expect(Math.abs(counts['v3']! - 10)).toBeLessThanOrEqual(2);
  }
  expect(await sluice.counted('sluice_requests_total', { pool: 'split' })).toBe(3000);
});

test('weight 0 never, unless it is asked for', async () => {
  expect(await count('/zero', 500)).toEqual({ v1: 500, v2: 0, v3: 0 });
  expect(await body('/zero', 'X-Version: v2')).toBe('v2');
  expect(await body('/zero', 'X-Version: v22')).toBe('v1');
});

test('overrides by header, cookie and query, in order', async () => {
  expect(await body('/overrides')).toBe('v1');
  expect(await body('/overrides', 'x-to: two')).toBe('v2');
  expect(await body('/overrides', 'Cookie: a=b; to=three; c=d')).toBe('v3');
  expect(await body('/overrides', 'Cookie: xto=three')).toBe('v1');
  expect(await body('/overrides?a=b&to=two')).toBe('v2');
  expect(await body('/overrides?ato=two')).toBe('v1');
  expect(await body('/overrides', 'Cookie: to=three', 'x-to: two')).toBe('v2');
});

test('own cookie: given once, the same version for ever, also in another process', async () => {
  const first: Record<string, string> = {};
  for (let user = 0; user < 40; user++) {
    const response = await ask(sluice, get('/own'));
    const cookie = response.field('set-cookie')!;
    expect(cookie).toMatch(/^who=[\w-]{16,64}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/);
    first[cookie.slice(0, cookie.indexOf(';'))] = response.body;
  }
  expect(new Set(Object.values(first))).toEqual(new Set(['v1', 'v2']));
  for (const [cookie, version] of Object.entries(first)) {
    for (const process of [sluice, other]) {
      const again = await ask(process, get('/own', `Cookie: ${cookie}`));
      expect([again.body, again.field('set-cookie')]).toEqual([version, undefined]);
    }
  }
});

test('a made-up own cookie counts as none', async () => {
  expect((await ask(sluice, get('/own', 'Cookie: who=v2'))).field('set-cookie')).toBeDefined();
});

test.each([
  ['/foreign', (user: number) => `Cookie: sid=${user}`],
  ['/header', (user: number) => `X-User: ${user}`],
])('affinity by %s: the same version for the same user, nothing set', async (path, field) => {
  const seen = new Set<string>();
  for (let user = 0; user < 30; user++) {
    const first = await ask(sluice, get(path, field(user)));
    expect(first.field('set-cookie')).toBeUndefined();
    seen.add(first.body);
    for (let i = 0; i < 3; i++) expect(await body(path, field(user))).toBe(first.body);
  }
  expect(seen.size).toBe(2);
});

test('client address, told by a trusted proxy', async () => {
  const seen = new Set<string>();
  for (let user = 0; user < 30; user++) {
    const first = await ask(other, get('/client', `X-Forwarded-For: 6.6.6.6, 10.0.0.${user}`));
    seen.add(first.body);
    expect((await ask(other, get('/client', `X-Forwarded-For: 7.7.7.7, 10.0.0.${user}`))).body).toBe(first.body);
  }
  expect(seen.size).toBe(2);
});

test('client address, when no peer is trusted: one client, one version', async () => {
  const seen = new Set<string>();
  for (let user = 0; user < 20; user++) seen.add(await body('/client', `X-Forwarded-For: 10.0.0.${user}`));
  expect(seen.size).toBe(1);
});

test('a version without endpoints leaves its share to the others', async () => {
  expect(await count('/yields', 200)).toEqual({ v1: 200, v2: 0, v3: 0 });
});

test('or costs 503, where the config says so', async () => {
  let served = 0;
  for (let i = 0; i < 100; i++) {
    const response = await ask(sluice, get('/fails'));
    if (response.status === 200) served++;
    else expect([response.status, response.field('x-sluice-outcome'), response.field('retry-after')]).toEqual([503, 'no_endpoint', '1']);
  }
  expect(Math.abs(served - 50)).toBeLessThanOrEqual(2);
});

test('a route may name its version outright', async () => {
  expect(await body('/two')).toBe('v2');
});
