// Endpoints that fail real requests are taken out of use, tried again, and taken out for longer.

import { afterEach, expect, test } from 'vitest';
import { connectToEach } from './scaffold/by-worker.ts';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, isFull, scaled, promised } from './scaffold/full.ts';
import { startLoad } from './scaffold/load.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { LogLine, Sluice } from './scaffold/sluice.ts';
import { responseText, responding, startUpstream } from './scaffold/upstream.ts';
import { startUpstreamProcess } from './scaffold/upstream-process.ts';
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
    const script = responding((request) => {
      shop.requests++;
      return responseText(shop.status, 'Status', name, `x-request-id: ${request.field('x-request-id')}`);
    });
    const shop: Shop = { upstream: await startUpstream(script), name, status: 200, requests: 0 };
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
  // The first scrape loads what scrapes need; later ones have to come before an ejection of less than a second is over.
  await sluice.metrics();
  return sluice;
}

/** Names of the endpoints that responded. */
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

function counting(shop: Shop, more: number): () => boolean {
  const until = shop.requests + more;
  return () => shop.requests >= until;
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

test('a process of three is killed under load, two workers: no request fails, out within 1 s or 5 failures, back in time', async () => {
  const upstreams = await Promise.all(['a', 'b', 'c'].map(startUpstreamProcess));
  const victim = upstreams[1]!;
  const healthyAfter = 2;
  const intervalMs = 200;
  const health = { interval: '200ms', timeout: '200ms', healthyAfter, unhealthyAfter: 3 };
  const endpoints = upstreams.map(({ address }) => address);
  const pool = { balancer: 'round-robin', health, outlier: {} };
  const sluice = await startSluice(configFor({ endpoints, pool }), { workers: 2 });
  sluice.expectLog(/endpoint ejected|an endpoint is unhealthy/);
  const load = startLoad({ port: sluice.port, keepAlive: 6, fresh: 2 });
  const used = (name: string): number => load.tally.versions.get(name) ?? 0;
  const ofVictim = (name: string): Promise<number> => sluice.metric(name, { endpoint: victim.address });
  const isReady = async (): Promise<boolean> => (await ofVictim('sluice_endpoint_ready')) === 1;
  for (let round = 1; round <= scaled(1, 10); round++) {
    await eventually('load on it', () => used('b') > 40 * round);
    const before = ejections(sluice).length;
    victim.kill();
    const killed = performance.now();
    await eventually('it is out', async () => !(await isReady()));
    const outMs = performance.now() - killed;
    await eventually('probes find it dead', () => sluice.logs.filter(({ msg }) => msg === 'an endpoint is unhealthy').length >= round);
    await victim.start();
    const started = performance.now();
    await eventually('it is back', isReady);
    const backMs = performance.now() - started;
    const responded = used('b');
    await eventually('it is used', () => used('b') > responded);
    const [line] = await eventually('the log line', () => ejections(sluice).length > before && ejections(sluice).slice(before));
    const failures = Number(line!.fields['failures']);
    expect(outMs < 1000 || failures <= 5, `out after ${outMs} ms and ${failures} failures`).toBe(true);
    expect(backMs).toBeLessThan(promised(intervalMs * healthyAfter + 1000));
    if (isFull) figure('SIGKILL of 1 of 3', { round, outMs, failures, backMs, exchanges: load.tally.exchanges });
  }
  const { failed, truncated, refused, faults, exchanges } = await load.stop();
  if (isFull) figure('SIGKILL of 1 of 3', { exchanges, failed, truncated });
  expect({ failed, truncated, refused, faults }).toEqual({ failed: 0, truncated: 0, refused: 0, faults: [] });
});

test('five responses of 503 eject; it is tried again, one more ejects it for longer, a success keeps it', async () => {
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

test('responses of 503 that are retried count, too', async () => {
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

test('an endpoint that one worker ejects gets nothing from the other either; it counts once', async () => {
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
  expect(performance.now() - began).toBeLessThan(promised(350));
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

test('consecutiveGateway: 502, 503 and 504 in a row eject, 500 breaks the row', async () => {
  const shops = await startShops(3);
  const [bad] = shops as [Shop];
  const sluice = await start(shops, { consecutive: 0, consecutiveGateway: 3 });
  const wire = await connectTo(sluice);
  let from = 0;
  for (const status of [503, 502, 500, 504, 503, 501, 502, 503, 200, 502, 504]) {
    bad.status = status;
    await askUntil(wire, () => bad.requests === from + 1);
    from++;
  }
  expect(await sluice.counted('sluice_endpoint_ejections_total')).toBe(0);
  bad.status = 503;
  await askUntil(wire, () => bad.requests === from + 1);
  expect(new Set(await ask(wire, 20))).toEqual(new Set(['b', 'c']));
  const line = await eventually('the log line', () => ejections(sluice)[0]);
  expect(line.fields).toMatchObject({ rule: 'consecutive-gateway', failures: 3 });
});

test('failures: a share of them over both workers ejects, and is told by endpoint and version', async () => {
  const shops = await startShops(3);
  const [bad] = shops as [Shop];
  const sluice = await start(shops, { consecutive: 0, failures: '30%', minRequests: 20, ejection: '2s' }, undefined, 2);
  const wires = await connectToEach(sluice, 2);
  // Every second response of one endpoint, from any worker: no two failures in a row are needed.
  while (ejections(sluice).length === 0 && bad.requests < 100) {
    for (const wire of wires) {
      bad.status = bad.requests % 2 === 0 ? 500 : 200;
      await ask(wire, 1);
    }
  }
  const line = await eventually('the log line', () => ejections(sluice)[0]);
  expect(line.fields).toMatchObject({ rule: 'failure-share', version: 'v1', endpoint: bad.upstream.address, times: 1 });
  const { faults, attempts } = line.fields as { faults: number; attempts: number };
  expect(attempts).toBeGreaterThanOrEqual(20);
  expect(faults / attempts).toBeGreaterThanOrEqual(0.3);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_endpoint_ejected', { endpoint: bad.upstream.address })).toBe(1);
  expect(metrics.sum('sluice_endpoint_ejected')).toBe(1);
  expect(metrics.sum('sluice_version_ejections_total', { pool: 'shop', version: 'v1' })).toBe(1);
  bad.status = 200;
  await eventually('both have it back', async () => (await readiness(sluice, bad)) === 1);
  expect(await sluice.metric('sluice_endpoint_ejected')).toBe(0);
  for (const wire of wires) expect(await ask(wire, 6)).toContain('a');
  bad.status = 500;
  for (const wire of wires) await askUntil(wire, counting(bad, 2));
  bad.status = 200;
  for (const wire of wires) expect(await ask(wire, 6)).toContain('a');
  expect(ejections(sluice)).toHaveLength(1);
});

test('neither connections that had gone stale nor clients that leave count against an endpoint', async () => {
  // A connection's second request finds it closed; those for /hold never get a response.
  const once = async (wire: Wire): Promise<void> => {
    for (const last of [false, true]) {
      const { head } = await wire.readMessage();
      if (head.startsWith('GET /hold')) return wire.closed;
      if (last) wire.destroy();
      else await wire.write(responseText(200, 'OK', 'ok'));
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
