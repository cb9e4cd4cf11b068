// Active health checks: an endpoint that fails its probes gets no traffic, in every worker, and gets it again when it is well.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startApps } from './scaffold/app.ts';
import type { App } from './scaffold/app.ts';
import { startBlackhole } from './scaffold/blackhole.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { promised } from './scaffold/full.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const INTERVAL_MS = 100;
const TIMEOUT_MS = 100;
const UNHEALTHY_AFTER = 3;
const HEALTHY_AFTER = 2;
const HEALTH = { interval: '100ms', timeout: '100ms', unhealthyAfter: UNHEALTHY_AFTER, healthyAfter: HEALTHY_AFTER };
const OUT_MS = INTERVAL_MS * UNHEALTHY_AFTER + TIMEOUT_MS + 1000;
const BACK_MS = INTERVAL_MS * HEALTHY_AFTER + 1000;

interface HealthConfigMore {
  readonly routes?: readonly object[];
  readonly retries?: object;
  readonly outlier?: object;
}

/** @param more further keys of the pool, and routes */
function healthConfig(apps: readonly { readonly address: string }[], health: object = {}, more: HealthConfigMore = {}): object {
  const { routes = [], ...rest } = more;
  const pool = { health: { ...HEALTH, ...health }, balancer: 'round-robin', ...rest };
  return configFor({ endpoints: apps.map(({ address }) => address), pool, routes });
}

function readiness(sluice: Sluice, endpoint: { readonly address: string }): Promise<number> {
  return sluice.metric('sluice_endpoint_ready', { endpoint: endpoint.address });
}

/** Resolves with the time that it took. */
async function untilReady(sluice: Sluice, endpoint: { readonly address: string }, ready: number): Promise<number> {
  const began = performance.now();
  await eventually(`${endpoint.address} ready: ${ready}`, async () => (await readiness(sluice, endpoint)) === ready);
  return performance.now() - began;
}

function checks(sluice: Sluice, app: { readonly address: string }, result: string): Promise<number> {
  return sluice.metric('sluice_health_checks_total', { pool: 'shop', version: 'v1', endpoint: app.address, result });
}

async function probed(apps: readonly App[], more = 2): Promise<void> {
  const before = apps.map(({ probes }) => probes);
  await eventually('probes', () => apps.every(({ probes }, index) => probes >= before[index]! + more));
}

async function names(sluice: Sluice, count: number): Promise<Set<string>> {
  const found = new Set<string>();
  for (let asked = 0; asked < count; asked++) found.add((await ask(sluice, get())).body);
  return found;
}

test.each<[string, (app: App) => unknown, string]>([
  ['status', (app) => (app.probe = (response) => response.writeHead(503).end('ok')), 'status'],
  ['body', (app) => (app.probe = (response) => response.end('lost')), 'body'],
  ['timeout of the head', (app) => (app.probe = () => undefined), 'timeout'],
  ['timeout of the body', (app) => (app.probe = (response) => response.write('o')), 'timeout'],
  ['cut connection', (app) => (app.probe = (response) => response.destroy()), 'broken'],
  ['refused connection', (app) => app.close(), 'connect'],
])('unhealthy by %s: no more requests, and back when it is well', async (_name, hurt, result) => {
  const [well, ill] = (await startApps('well', 'ill')) as [App, App];
  const sluice = await startSluice(healthConfig([well, ill], { expect: { status: [200], body: 'ok' } }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await probed([well, ill]);
  expect(await names(sluice, 4)).toEqual(new Set(['well', 'ill']));
  await hurt(ill);
  expect(await untilReady(sluice, ill, 0)).toBeLessThan(promised(OUT_MS));
  expect(await names(sluice, 6)).toEqual(new Set(['well']));
  expect(await checks(sluice, ill, result)).toBeGreaterThanOrEqual(UNHEALTHY_AFTER);
  expect(await checks(sluice, well, 'ok')).toBeGreaterThan(0);
  const line = await eventually('the log line', () => sluice.logs.find(({ msg }) => msg === 'an endpoint is unhealthy'));
  expect(line.fields).toMatchObject({ endpoint: ill.address, result });
  ill.probe = (response) => response.end('ok');
  if (result === 'connect') await ill.start();
  expect(await untilReady(sluice, ill, 1)).toBeLessThan(promised(BACK_MS));
  expect(await names(sluice, 4)).toEqual(new Set(['well', 'ill']));
  await eventually('the log line', () => sluice.logs.some(({ msg }) => msg === 'an endpoint is healthy again'));
});

test('one of three is killed: out and back in time, not one error between', async () => {
  const apps = await startApps('a', 'b', 'c');
  const [, dead] = apps as [App, App];
  // Until it is out, one request in three meets it, which is more than the default budget lets be tried again.
  const sluice = await startSluice(healthConfig(apps, {}, { retries: { budget: '50%' } }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await probed(apps);
  const statuses = new Set<number>();
  let going = true;
  const load = (async () => {
    while (going) statuses.add((await ask(sluice, get())).status);
  })();
  await dead.close();
  expect(await untilReady(sluice, dead, 0)).toBeLessThan(promised(OUT_MS));
  await dead.start();
  expect(await untilReady(sluice, dead, 1)).toBeLessThan(promised(BACK_MS));
  going = false;
  await load;
  expect([...statuses]).toEqual([200]);
});

test.each([1, 2])('probes that find an endpoint well again end its ejection, %i worker(s)', async (workers) => {
  const apps = await startApps('a', 'b', 'c');
  const [, dead] = apps as [App, App];
  // Without the probes' word it would stay out for a minute.
  const outlier = { consecutive: 2, ejection: '1m' };
  const sluice = await startSluice(healthConfig(apps, {}, { retries: { budget: '100%' }, outlier }), { workers });
  sluice.expectLog(/an endpoint is unhealthy|endpoint ejected/);
  await probed(apps);
  // Under load already when it dies, so that it fails twice in a row before probes have found it: what is unhealthy gets no requests that could fail.
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) await ask(sluice, get());
  };
  const load = Promise.all(Array.from({ length: 12 }, client));
  await dead.close();
  await eventually(
    'it is ejected',
    async () => (await sluice.metric('sluice_endpoint_ejections_total', { endpoint: dead.address })) === 1,
  ).finally(() => (isOver = true));
  await load;
  await eventually('probes have found it dead', async () => (await checks(sluice, dead, 'connect')) >= 3);
  await dead.start();
  expect(await untilReady(sluice, dead, 1)).toBeLessThan(promised(BACK_MS));
  await eventually('it is used again', async () => (await ask(sluice, get())).body === 'b');
});

test('all endpoints down: 503 at once; back within an interval of the first that is', async () => {
  const apps = await startApps('a', 'b');
  const sluice = await startSluice(healthConfig(apps, { healthyAfter: 1 }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await probed(apps);
  for (const app of apps) await app.close();
  for (const app of apps) await untilReady(sluice, app, 0);
  const wire = await connectTo(sluice);
  const began = performance.now();
  await wire.write(get());
  const refused = await wire.readMessage();
  expect(performance.now() - began).toBeLessThan(promised(50));
  expect(refused.status).toBe(503);
  expect(refused.field('x-sluice-outcome')).toBe('no_endpoint');
  await apps[0]!.start();
  const back = performance.now();
  await eventually('a response', async () => (await ask(sluice, get())).body === 'a');
  expect(performance.now() - back).toBeLessThan(promised(INTERVAL_MS + 1000));
});

test('the first probe decides about an endpoint that is down from the start', async () => {
  const [well, down] = (await startApps('well', 'down')) as [App, App];
  await down.close();
  const sluice = await startSluice(healthConfig([well, down], { interval: '30s', unhealthyAfter: 1000 }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await untilReady(sluice, down, 0);
  expect(await names(sluice, 4)).toEqual(new Set(['well']));
  expect(await readiness(sluice, well)).toBe(1);
});

test('unused connections to an endpoint that turns unhealthy are closed', async () => {
  const [app] = (await startApps('a')) as [App];
  const sluice = await startSluice(healthConfig([app]));
  sluice.expectLog(/an endpoint is unhealthy/);
  await ask(sluice, get());
  const kept = () => sluice.metric('sluice_endpoint_connections', { endpoint: app.address });
  expect(await kept()).toBe(1);
  app.probe = (response) => response.writeHead(500).end();
  await untilReady(sluice, app, 0);
  await eventually('no connection', async () => (await kept()) === 0);
});

test('a reload of another pool leaves probes and verdicts alone; endpoints that leave are probed no more', async () => {
  const [one, two, ill] = (await startApps('one', 'two', 'ill')) as [App, App, App];
  ill.probe = (response) => response.writeHead(500).end();
  const other = (body: string) => ({ routes: [{ name: 'other', match: [{ path: { exact: '/other' } }], respond: { status: 200, body } }] });
  const slow = { interval: '30s' };
  const sluice = await startSluice(healthConfig([one, two, ill], slow, other('0')));
  sluice.expectLog(/an endpoint is unhealthy/);
  await untilReady(sluice, ill, 0);
  for (const body of ['1', '2', '3']) {
    sluice.writeConfig(healthConfig([one, two, ill], slow, other(body)));
    await eventually(`config ${body}`, async () => (await ask(sluice, get('/other'))).body === body);
    expect(await readiness(sluice, ill)).toBe(0);
    expect(await names(sluice, 4)).toEqual(new Set(['one', 'two']));
  }
  expect([one.probes, two.probes, ill.probes]).toEqual([1, 1, 1]);

  sluice.writeConfig(healthConfig([one, two], {}, other('4')));
  await eventually('config 4', async () => (await ask(sluice, get('/other'))).body === '4');
  await probed([one, two], 4);
  expect(ill.probes).toBe(1);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_health_checks_total', { endpoint: ill.address })).toBe(0);
  expect(metrics.sum('sluice_health_checks_total', { endpoint: one.address, result: 'ok' })).toBeGreaterThan(3);
});

test('all workers obey, and so does one that takes the place of another', async () => {
  const [well, ill] = (await startApps('well', 'ill')) as [App, App];
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(healthConfig([well, ill]), { workers: 2, ...mortal(path) });
  sluice.expectLog(/an endpoint is unhealthy|a worker died|a worker was replaced/);
  const bodies = async (): Promise<string[]> => {
    const wires = await connectToEach(sluice, 2);
    const found: string[] = [];
    for (const wire of wires) {
      for (let asked = 0; asked < 4; asked++) {
        await wire.write(get());
        found.push((await wire.readMessage()).body);
      }
      wire.destroy();
    }
    return found;
  };
  expect(new Set(await bodies())).toEqual(new Set(['well', 'ill']));
  ill.probe = (response) => response.writeHead(500).end();
  await untilReady(sluice, ill, 0);
  await eventually('both workers to know', async () => (await bodies()).every((body) => body === 'well'));
  await strike(path, 0, 'throw');
  await eventually('a new worker', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
  });
  expect(new Set(await bodies())).toEqual(new Set(['well']));
  expect(await readiness(sluice, ill)).toBe(0);
  ill.probe = (response) => response.end('ok');
  await untilReady(sluice, ill, 1);
  await eventually('both workers to use it again', async () => new Set(await bodies()).size === 2);
});

test('one probe per interval for the instance, whatever hangs beside it', async () => {
  const [app] = (await startApps('a')) as [App];
  const holes = await Promise.all([startBlackhole(), startBlackhole(), startBlackhole()]);
  const sluice = await startSluice(healthConfig([...holes, app], { timeout: '5s' }), { workers: 2 });
  await probed([app], 1);
  const before = app.probes;
  await pause(10 * INTERVAL_MS);
  // 9 to 12 by the clock; a busy machine makes them fewer, never more.
  expect(app.probes - before).toBeGreaterThanOrEqual(5);
  expect(app.probes - before).toBeLessThanOrEqual(13);
  expect(await sluice.metric('sluice_health_checks_total', { endpoint: holes[0]!.address })).toBe(0);
});
