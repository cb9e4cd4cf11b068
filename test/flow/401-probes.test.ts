// What probes ask for, how often, and what a new endpoint counts as until the first has ended.

import { afterEach, expect, test } from 'vitest';
import { startApp, startApps } from './scaffold/app.ts';
import type { App } from './scaffold/app.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const HEALTH = { interval: '100ms', timeout: '1s', unhealthyAfter: 2, healthyAfter: 1 };
const SOON_MS = 2000;

function config(apps: readonly App[], health: object): object {
  const endpoints = apps.map(({ address }) => address);
  return configFor({ endpoints, pool: { health: { ...HEALTH, ...health }, balancer: 'round-robin' } });
}

async function untilReady(sluice: Sluice, app: App, ready: number): Promise<void> {
  const look = async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: app.address })) === ready;
  await eventually(`${app.name} ready: ${ready}`, look, SOON_MS);
}

async function names(sluice: Sluice, count: number): Promise<string[]> {
  const found = new Set<string>();
  for (let asked = 0; asked < count; asked++) found.add((await ask(sluice, get())).body);
  return [...found].sort();
}

/** The detail of the latest line that says that an endpoint is unhealthy. */
function lastDetail(sluice: Sluice): unknown {
  return sluice.logs.findLast(({ msg }) => msg === 'an endpoint is unhealthy')?.fields['detail'];
}

test('tcp: an endpoint that takes connections is well, no matter what it responds', async () => {
  const [well, ill] = (await startApps('well', 'ill')) as [App, App];
  ill.probe = (response) => response.destroy();
  const sluice = await startSluice(config([well, ill], { protocol: 'tcp' }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await eventually('probes', async () => (await sluice.metric('sluice_health_checks_total', { endpoint: ill.address, result: 'ok' })) > 2);
  expect(await names(sluice, 4)).toEqual(['ill', 'well']);
  expect([well.probes, ill.probes]).toEqual([0, 0]);
  await ill.close();
  await untilReady(sluice, ill, 0);
  expect(await sluice.metric('sluice_health_checks_total', { endpoint: ill.address, result: 'connect' })).toBeGreaterThan(1);
  expect(await names(sluice, 4)).toEqual(['well']);
  await ill.start();
  await untilReady(sluice, ill, 1);
  expect(await names(sluice, 4)).toEqual(['ill', 'well']);
});

test('a field of a JSON response decides, and the log says which', async () => {
  const [well, ill] = (await startApps('well', 'ill')) as [App, App];
  const state = (db: string) => JSON.stringify({ status: 'ok', checks: { db: { ok: db } } });
  for (const app of [well, ill]) app.probe = (response) => response.end(state('yes'));
  const sluice = await startSluice(config([well, ill], { expect: { json: { status: 'ok', 'checks.db.ok': 'yes' } } }));
  sluice.expectLog(/an endpoint is unhealthy/);
  await eventually('probes', () => ill.probes > 2);
  expect(await names(sluice, 4)).toEqual(['ill', 'well']);
  ill.probe = (response) => response.end(state('no\n'));
  await untilReady(sluice, ill, 0);
  expect(await sluice.metric('sluice_health_checks_total', { endpoint: ill.address, result: 'body' })).toBeGreaterThan(1);
  expect(await eventually('the log line', () => lastDetail(sluice))).toBe('checks.db.ok is "no\\n", not "yes"');
  ill.probe = (response) => response.end(state('yes'));
  await untilReady(sluice, ill, 1);
});

test('idleInterval: a version that is not in use is left alone, and probed again when it is', async () => {
  const [used, unused] = (await startApps('used', 'unused')) as [App, App];
  const health = { ...HEALTH, idleInterval: '1h' };
  const routes = [{ name: 'two', match: [{ path: { prefix: '/two' } }], pool: 'shop', version: 'v2' }];
  const split = { v1: 1, v2: 0 };
  const sluice = await startSluice(
    configFor({ endpoints: { v1: [used.address], v2: [unused.address] }, pool: { health, split }, routes }),
    { workers: 2 },
  );
  const asked = async (path: string, done: () => boolean): Promise<void> => {
    await eventually(`requests to ${path}`, async () => {
      await ask(sluice, get(path));
      return done();
    });
  };
  await asked('/', () => used.probes >= 12);
  expect(unused.probes).toBe(1);
  await asked('/two', () => unused.probes >= 4);
  const rested = used.probes;
  const before = unused.probes;
  await asked('/two', () => unused.probes >= before + 10);
  // One for what came after its latest probe.
  expect(used.probes - rested).toBeLessThanOrEqual(1);
});

test('start: unhealthy: the very first requests meet no endpoint whose first probe has not ended well', async () => {
  const [fast, slow] = (await startApps('fast', 'slow')) as [App, App];
  const waiting: (() => void)[] = [];
  for (const app of [fast, slow]) app.probe = (response) => waiting.push(() => response.end('ok'));
  const sluice = await startSluice(config([fast, slow], { start: 'unhealthy', timeout: '30s' }), { workers: 2 });
  for (let asked = 0; asked < 20; asked++) expect((await ask(sluice, get())).status).toBe(503);
  expect([fast.requests, slow.requests]).toEqual([0, 0]);
  expect(await sluice.metric('sluice_endpoint_ready')).toBe(0);
  await eventually('probes', () => waiting.length === 2);
  for (const app of [fast, slow]) app.probe = (response) => response.end('ok');
  for (const finish of waiting) finish();
  for (const app of [fast, slow]) await untilReady(sluice, app, 1);
  expect(await names(sluice, 8)).toEqual(['fast', 'slow']);
});

test('start: unhealthy: an endpoint that a reload brings gets nothing before its probe, in any worker; those that are there serve on', async () => {
  const old = await startApp('old');
  const sluice = await startSluice(config([old], { start: 'unhealthy' }), { workers: 2 });
  await untilReady(sluice, old, 1);
  const wires = await connectToEach(sluice, 2);
  for (let round = 0; round < 5; round++) {
    const fresh = await startApp(`fresh ${round}`);
    let finishProbe: (() => void) | undefined;
    fresh.probe = (response) => (finishProbe = () => response.end('ok'));
    sluice.writeConfig(config([old, fresh], { start: 'unhealthy', timeout: '30s' }));
    const askEach = async (): Promise<void> => {
      for (const wire of wires) {
        await wire.write(get());
        const { status, body } = await wire.readMessage();
        expect([status, body]).toEqual([200, expect.not.stringMatching(fresh.name)]);
      }
    };
    await eventually('its first probe', async () => {
      await askEach();
      return finishProbe !== undefined;
    });
    for (let asked = 0; asked < 10; asked++) await askEach();
    expect(fresh.requests).toBe(0);
    fresh.probe = (response) => response.end('ok');
    finishProbe!();
    await untilReady(sluice, fresh, 1);
    await eventually('it is used', async () => (await ask(sluice, get())).body === fresh.name);
  }
});
