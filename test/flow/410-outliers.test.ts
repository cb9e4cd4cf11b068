// Endpoints that fail real requests are taken out of use, tried again, and taken out for longer.

import { afterEach, expect, test } from 'vitest';
import { connectToEach } from './scaffold/by-worker.ts';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { LogLine, Sluice } from './scaffold/sluice.ts';
import { answerText, answering, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

/** An upstream whose status the test sets; it gives its name and the request's id back. */
interface Shop {
  readonly upstream: Upstream;
  readonly name: string;
  status: number;
  requests: number;
}

async function startShops(count: number): Promise<Shop[]> {
  const shops: Shop[] = [];
  for (const name of ['a', 'b', 'c', 'd'].slice(0, count)) {
    const answer = answering((request) => {
      shop.requests++;
      return answerText(shop.status, 'Status', name, `x-request-id: ${request.field('x-request-id')}`);
    });
    const shop: Shop = { upstream: await startUpstream(answer), name, status: 200, requests: 0 };
    shops.push(shop);
  }
  return shops;
}

/** Round-robin, and no retries where a test counts what each endpoint gets. */
function config(shops: readonly Shop[], outlier: object, pool: object = { retries: { attempts: 0 } }, routes: object[] = []): object {
  const endpoints = shops.map((shop) => shop.upstream.address);
  const defaults = { consecutive: 5, ejection: '60s', interval: '60s', maxEjected: '50%' };
  return configFor({ endpoints, pool: { balancer: 'round-robin', outlier: { ...defaults, ...outlier }, ...pool }, routes });
}

async function start(shops: readonly Shop[], outlier: object, pool?: object, workers = 1): Promise<Sluice> {
  const sluice = await startSluice(config(shops, outlier, pool), { workers });
  sluice.expectLog(/endpoint ejected/);
  return sluice;
}

/** Names of the endpoints that answered. */
async function ask(wire: Wire, times: number): Promise<string[]> {
  await wire.write(get('/').repeat(times));
  const names = [];
  for (let i = 0; i < times; i++) names.push((await wire.readMessage()).body);
  return names;
}

async function askUntil(wire: Wire, done: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !done(); i++) await ask(wire, 1);
  expect(done()).toBe(true);
}

function ejections(sluice: Sluice): readonly LogLine[] {
  return sluice.logs.filter((line) => line.msg === 'endpoint ejected');
}

function readiness(sluice: Sluice, shop?: Shop): Promise<number> {
  return sluice.metric('sluice_endpoint_ready', shop === undefined ? {} : { endpoint: shop.upstream.address });
}

test('one of three dies under load: no request fails, and five failures eject it', async () => {
  const shops = await startShops(3);
  const sluice = await start(shops, {}, {});
  const victim = shops[1]!;
  let stop = false;
  const statuses = new Map<number, number>();
  const client = async (): Promise<void> => {
    const wire = await connectTo(sluice);
    while (!stop) {
      await wire.write(get('/'));
      const { status } = await wire.readMessage();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const clients = [client(), client(), client(), client()];
  await eventually('load on all', () => shops.every((shop) => shop.requests > 50));
  await victim.upstream.close();
  await eventually('it is ejected', async () => (await readiness(sluice, victim)) === 0);
  const before = shops[0]!.requests;
  await eventually('the others serve', () => shops[0]!.requests > before + 50);
  stop = true;
  await Promise.all(clients);
  expect([...statuses.keys()]).toEqual([200]);
  const [line, ...more] = await eventually('the log line', () => ejections(sluice).length > 0 && ejections(sluice));
  expect(line!.fields).toMatchObject({ pool: 'shop', version: 'v1', endpoint: victim.upstream.address, failures: 5, times: 1 });
  expect(more).toEqual([]);
});

test('five answers of 503 eject; it is tried again, one more ejects it for longer, a success keeps it', async () => {
  const shops = await startShops(3);
  const [bad] = shops as [Shop];
  const sluice = await start(shops, { ejection: '400ms' });
  const wire = await connectTo(sluice);
  bad.status = 503;
  await askUntil(wire, () => bad.requests === 5);
  expect(new Set(await ask(wire, 20))).toEqual(new Set(['b', 'c']));
  expect(await readiness(sluice, bad)).toBe(0);
  await eventually('it is back', async () => (await readiness(sluice, bad)) === 1);

  await askUntil(wire, () => bad.requests === 6);
  expect(new Set(await ask(wire, 20))).toEqual(new Set(['b', 'c']));
  const again = performance.now();
  await eventually('it is back', async () => (await readiness(sluice, bad)) === 1);
  expect(performance.now() - again).toBeGreaterThan(600);

  bad.status = 200;
  await askUntil(wire, () => bad.requests === 7);
  bad.status = 503;
  await askUntil(wire, () => bad.requests === 11);
  await sluice.turn();
  expect(await readiness(sluice, bad)).toBe(1);
  expect(ejections(sluice).map(({ fields }) => [fields['failures'], fields['times']])).toEqual([
    [5, 1],
    [1, 2],
  ]);
  expect(await sluice.metric('sluice_endpoint_ejections_total')).toBe(2);
});

test('answers of 503 that are retried count, too', async () => {
  const shops = await startShops(3);
  const sluice = await start(shops, {}, { retries: { attempts: 2, on: ['gateway-error'] } });
  shops[0]!.status = 502;
  const wire = await connectTo(sluice);
  await askUntil(wire, () => shops[0]!.requests === 5);
  const names = await ask(wire, 30);
  expect(new Set(names)).toEqual(new Set(['b', 'c']));
  expect(shops[0]!.requests).toBe(5);
});

test.each([
  [4, '50%', 2],
  [3, '50%', 2],
  [2, '100%', 1],
  [1, '100%', 1],
])('of %i endpoints that all fail, with a bound of %s, %i stay', async (count, maxEjected, left) => {
  const shops = await startShops(count);
  for (const shop of shops) shop.status = 500;
  const sluice = await start(shops, { maxEjected });
  const wire = await connectTo(sluice);
  await ask(wire, 60);
  expect(await sluice.counted('sluice_endpoint_ready')).toBe(left);
  expect(await sluice.metric('sluice_endpoint_ejections_total')).toBe(count - left);
  expect((await ask(wire, 1)).length).toBe(1);
});

test('what one worker ejects the other keeps away from; it counts once', async () => {
  const shops = await startShops(3);
  const [bad] = shops as [Shop];
  const sluice = await start(shops, { ejection: '700ms' }, undefined, 2);
  const [one, two] = (await connectToEach(sluice, 2)) as [Wire, Wire];
  bad.status = 503;
  const from = bad.requests;
  await askUntil(one, () => bad.requests === from + 5);
  bad.status = 200;
  const began = performance.now();
  await eventually('the other obeys', async () => !(await ask(two, 6)).includes('a'));
  expect(performance.now() - began).toBeLessThan(350);
  expect(await readiness(sluice, bad)).toBe(0);
  await eventually('both have it back', async () => (await readiness(sluice, bad)) === 1);
  for (const wire of [one, two]) expect(await ask(wire, 6)).toContain('a');
  expect(await sluice.metric('sluice_endpoint_ejections_total')).toBe(1);
});

test('an ejection survives a reload, unless it turns ejection off', async () => {
  const shops = await startShops(3);
  const [bad] = shops as [Shop];
  const sluice = await start(shops, {});
  const wire = await connectTo(sluice);
  bad.status = 503;
  await askUntil(wire, () => bad.requests === 5);
  const more = { name: 'more', match: [{ path: { prefix: '/more' } }], respond: { status: 204 } };
  sluice.writeConfig(config(shops, {}, undefined, [more]));
  await eventually('reloaded', async () => (await sluice.metric('sluice_config_revision')) === 2);
  expect(new Set(await ask(wire, 20))).toEqual(new Set(['b', 'c']));
  expect(await readiness(sluice, bad)).toBe(0);
  sluice.writeConfig(config(shops, { consecutive: 0 }));
  await eventually('it is back', async () => (await readiness(sluice, bad)) === 1);
});

test('neither connections that had gone stale nor clients that leave count against an endpoint', async () => {
  // A connection's second request finds it closed; those for /hold are never answered.
  const once = async (wire: Wire): Promise<void> => {
    for (const last of [false, true]) {
      const { head } = await wire.readMessage();
      if (head.startsWith('GET /hold')) return wire.closed;
      if (last) wire.destroy();
      else await wire.write(answerText(200, 'OK', 'ok'));
    }
  };
  const upstreams = [await startUpstream(once), await startUpstream(once)];
  const shops = upstreams.map((upstream) => ({ upstream, name: '', status: 200, requests: 0 }));
  const sluice = await startSluice(config(shops, { consecutive: 1 }));
  const wire = await connectTo(sluice);
  await ask(wire, 20);
  expect(await sluice.metric('sluice_retries_total', { reason: 'stale' })).toBeGreaterThan(0);
  const leaver = await connectTo(sluice);
  await leaver.write(get('/hold'));
  await sluice.turn();
  await eventually('it is under way', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  leaver.reset();
  await eventually('it is over', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 0);
  expect(await sluice.counted('sluice_endpoint_ejections_total')).toBe(0);
  expect(await readiness(sluice)).toBe(2);
});
