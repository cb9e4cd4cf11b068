// Zones in their order: the next one takes over as far as one is not ready. Panic: all endpoints, ready or not.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, responseText, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

afterEach(closeAll);

interface Shop {
  readonly name: string;
  readonly upstream: Upstream;
  well: boolean;
}

async function startShops(...names: string[]): Promise<Shop[]> {
  const shops: Shop[] = [];
  for (const name of names) {
    const script = responding((request) => (request.line.includes('/healthz') && !shop.well ? responseText(500, 'No', '') : ok(name)));
    const shop: Shop = { name, upstream: await startUpstream(script), well: true };
    shops.push(shop);
  }
  return shops;
}

const HEALTH = { interval: '50ms', healthyAfter: 1, unhealthyAfter: 1 };

/** Zone = first letter of the name. */
async function start(shops: readonly Shop[], pool: object): Promise<Sluice> {
  const endpoints = shops.map(({ name, upstream }) => ({ address: upstream.address, zone: name[0] }));
  const sluice = await startSluice(configFor({ endpoints: { v1: endpoints }, pool: { health: HEALTH, ...pool } }));
  sluice.expectLog(/unhealthy/);
  return sluice;
}

async function ready(sluice: Sluice, count: number): Promise<void> {
  await eventually(`${count} ready`, async () => (await sluice.metric('sluice_endpoint_ready')) === count);
}

async function counts(sluice: Sluice, requests: number, ...fields: string[]): Promise<Record<string, number>> {
  const wire = await connectTo(sluice);
  const seen: Record<string, number> = {};
  for (let i = 0; i < requests; i++) {
    await wire.write(get('/', ...fields));
    const { body } = await wire.readMessage();
    seen[body[0]!] = (seen[body[0]!] ?? 0) + 1;
  }
  wire.destroy();
  return seen;
}

test.each(['least-request', 'round-robin', 'peak-ewma', 'ring-hash', 'random'])(
  '%s: the first zone is used alone, then with the next, then the next alone',
  async (balancer) => {
    const shops = await startShops('a1', 'a2', 'b1', 'b2', 'x1');
    const sluice = await start(shops, { balancer, zones: ['a', 'b'] });
    expect(await counts(sluice, 60)).toEqual({ a: 60 });
    // One of two ready: 1.4 x 50 % stay, the rest spills over.
    shops[0]!.well = false;
    await ready(sluice, 4);
    const { a = 0, b = 0, x = 0 } = await counts(sluice, 600);
    expect(x).toBe(0);
    expect(a / 600).toBeGreaterThan(0.6);
    expect(b / 600).toBeGreaterThan(0.2);
    shops[1]!.well = false;
    await ready(sluice, 3);
    expect(await counts(sluice, 60)).toEqual({ b: 60 });
    shops[2]!.well = false;
    shops[3]!.well = false;
    await ready(sluice, 1);
    expect(await counts(sluice, 20)).toEqual({ x: 20 });
    for (const shop of shops) shop.well = true;
    await ready(sluice, 5);
    expect(await counts(sluice, 60)).toEqual({ a: 60 });
  },
);

test('a retry leaves a zone whose only endpoint failed it', async () => {
  const [b] = await startShops('b1');
  const dead = await startUpstream(() => undefined);
  await dead.close();
  const endpoints = [
    { address: dead.address, zone: 'a' },
    { address: b!.upstream.address, zone: 'b' },
  ];
  const sluice = await startSluice(configFor({ endpoints: { v1: endpoints }, pool: { zones: ['a', 'b'], outlier: { consecutive: 0 } } }));
  expect(await counts(sluice, 10)).toEqual({ b: 10 });
});

test('panic: below the threshold all endpoints are used; without it 503', async () => {
  const shops = await startShops('a1', 'b1', 'c1', 'd1');
  const pool = { balancer: 'round-robin', panic: '50%' };
  const sluice = await start(shops, pool);
  shops[0]!.well = false;
  await ready(sluice, 3);
  expect(Object.keys(await counts(sluice, 40)).sort()).toEqual(['b', 'c', 'd']);
  expect(await sluice.metric('sluice_version_panic')).toBe(0);
  for (const shop of shops.slice(1, 3)) shop.well = false;
  await ready(sluice, 1);
  expect(await sluice.metric('sluice_version_panic')).toBe(1);
  expect(await counts(sluice, 40)).toEqual({ a: 10, b: 10, c: 10, d: 10 });
  shops[3]!.well = false;
  await ready(sluice, 0);
  expect(await counts(sluice, 40)).toEqual({ a: 10, b: 10, c: 10, d: 10 });
  for (const shop of shops.slice(0, 3)) shop.well = true;
  await ready(sluice, 3);
  expect(await sluice.metric('sluice_version_panic')).toBe(0);
  expect(Object.keys(await counts(sluice, 40)).sort()).toEqual(['a', 'b', 'c']);
});

test('panic never uses what is drained', async () => {
  const shops = await startShops('a1', 'b1');
  const endpoints = shops.map(({ upstream }, index) => ({ address: upstream.address, drain: index === 1 }));
  const sluice = await startSluice(configFor({ endpoints: { v1: endpoints }, pool: { health: HEALTH, panic: '100%' } }));
  sluice.expectLog(/unhealthy/);
  shops[0]!.well = false;
  await ready(sluice, 0);
  expect(await counts(sluice, 20)).toEqual({ a: 20 });
});
