// What operators see of the responses of shadows: the report, the metrics and the missed writes of a real instance, over its whole life.

import { afterEach, expect, test, vi } from 'vitest';
import { call } from './scaffold/admin.ts';
import { ask, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice, SluiceOptions } from './scaffold/sluice.ts';
import { responding, responseText, ok, startUpstream } from './scaffold/upstream.ts';

vi.setConfig({ testTimeout: 30_000 });
afterEach(closeAll);

const MIRROR = '/v1/pools/shop/mirrors/dark';

interface Report {
  readonly sinceMs: number;
  readonly dropped: number;
  readonly candidate: object;
  readonly verdict: { readonly verdict: string; readonly compared: number; readonly withSecondary: number };
  readonly fields: readonly { readonly path: string; readonly differences: { readonly count: number } }[];
  readonly templates: readonly { readonly template: string }[];
}

const response = (price: number): string => ok(JSON.stringify({ price, currency: 'EUR' }), 'content-type: application/json');

/** Two endpoints of v1, which agree, and v2, which has another price. */
async function startShop(mirror: object, options: SluiceOptions = {}): Promise<Sluice> {
  const [one, two] = [await startUpstream(responding(() => response(1))), await startUpstream(responding(() => response(1)))];
  const shadow = await startUpstream(
    responding((request) => (request.line.startsWith('GET') ? response(2) : responseText(409, 'Conflict', 'no'))),
  );
  const mirrors = [{ name: 'dark', version: 'v2', ...mirror }];
  const pool = { split: { v1: 1, v2: 0 }, mirrors };
  return startSluice(configFor({ endpoints: { v1: [one.address, two.address], v2: [shadow.address] }, pool }), { workers: 2, ...options });
}

/** A report of so many comparisons. */
function reported(sluice: Sluice, compared: number): Promise<Report> {
  let last: unknown;
  const look = async (): Promise<Report | undefined> => {
    const found = await call(sluice, 'GET', `${MIRROR}/report`);
    last = found.body;
    const report = last as Report;
    return found.status === 200 && report.verdict.compared === compared ? report : undefined;
  };
  return eventually(`a report of ${compared} comparisons`, look).catch((error: unknown) => {
    throw new Error(JSON.stringify(last), { cause: error });
  });
}

const total = (sluice: Sluice, name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> =>
  sluice.metric(`sluice_shadow_${name}_total`, { pool: 'shop', mirror: 'dark', ...labels });

test('what a shadow responds otherwise is in the report and in the metrics, from all workers', async () => {
  const sluice = await startShop({ compare: {} });
  expect((await reported(sluice, 0)).verdict.verdict).toBe('no-data');
  // A connection each: both workers get some.
  for (let item = 0; item < 30; item += 1) await ask(sluice, get(`/items/${item}?token=s3cret`));
  const report = await reported(sluice, 30);
  expect(report.verdict.withSecondary).toBe(30);
  expect(report.candidate).toEqual({ pool: 'shop', version: 'v2' });
  expect(report.fields.map(({ path, differences }) => [path, differences.count])).toEqual([['$.price', 30]]);
  expect(report.templates.map(({ template }) => template)).toEqual(['/items/{id}']);
  expect(JSON.stringify(report)).not.toContain('s3cret');
  expect(report.dropped).toBe(0);
  await eventually('the metrics', async () => (await total(sluice, 'comparisons', { version: 'v2' })) === 30);
  expect(await total(sluice, 'differences', { version: 'v2', kind: 'value' })).toBe(30);
});

test('a new deploy begins anew, as does another comparison; without one there is no report', async () => {
  const sluice = await startShop({ compare: { noise: 'off' } }, { workers: 1 });
  await ask(sluice, get('/a'));
  const first = await reported(sluice, 1);
  const marker = { pool: 'shop', version: 'v2', deploy: 'd2' };
  expect((await call(sluice, 'POST', '/v1/markers', marker)).status).toBe(200);
  const second = await reported(sluice, 0);
  expect(second.sinceMs).toBeGreaterThan(first.sinceMs);
  await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 3, v2: 0 } });
  expect((await reported(sluice, 0)).sinceMs).toBe(second.sinceMs);
  await call(sluice, 'PUT', MIRROR, { version: 'v2', compare: { ignore: ['price'], noise: 'off' } });
  expect((await reported(sluice, 0)).sinceMs).toBeGreaterThan(second.sinceMs);
  await ask(sluice, get('/a'));
  expect((await reported(sluice, 1)).fields).toEqual([]);
  await call(sluice, 'PUT', MIRROR, { version: 'v2' });
  expect(await call(sluice, 'GET', `${MIRROR}/report`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('compare: {}') },
  });
  await eventually('the counters of before', async () => (await total(sluice, 'comparisons')) === 2);
  await call(sluice, 'DELETE', MIRROR);
  expect((await call(sluice, 'GET', `${MIRROR}/report`)).status).toBe(404);
  const metrics = await fetch(`http://127.0.0.1:${sluice.adminPort}/metrics`);
  expect(await metrics.text()).not.toMatch(/^sluice_shadow_\w+\{/m);
});

test('a thread that compares and a worker that die are replaced, and comparison goes on', async () => {
  const path = makeFolder().file('mortal');
  const sluice = await startShop({ compare: { noise: 'off' } }, { workers: 1, ...mortal(path) });
  await ask(sluice, get('/a'));
  const first = await reported(sluice, 1);
  await eventually('its metric', async () => (await total(sluice, 'comparisons')) === 1);
  sluice.expectLog(/the thread that compares died|what was compared of shadows is lost|a worker died|a worker was replaced/);
  await strike(path, 'comparison', 'throw');
  const second = await reported(sluice, 0);
  expect(second.sinceMs).toBeGreaterThan(first.sinceMs);
  expect((await ask(sluice, get('/a'))).status).toBe(200);
  await reported(sluice, 1);
  await strike(path, 0, 'exit');
  await eventually('another worker', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 1;
  });
  await ask(sluice, get('/a'));
  await reported(sluice, 2);
  await eventually('what both lives compared', async () => (await total(sluice, 'comparisons')) === 3);
});

test('writes that the shadow misses are listed and counted', async () => {
  const sluice = await startShop({ sideEffects: 'allow' });
  expect(await total(sluice, 'missed_writes')).toBe(0);
  for (let order = 0; order < 5; order += 1) await ask(sluice, post(`/orders/${order}?token=s3cret`, 'x'));
  await eventually('all of them', async () => (await total(sluice, 'missed_writes')) === 5);
  const first = (await call(sluice, 'GET', `${MIRROR}/missed?limit=3`)).body as unknown as { next: number; writes: readonly object[] };
  expect(first.writes).toHaveLength(3);
  expect(first.writes[0]).toMatchObject({ seq: 1, method: 'POST', authority: 'a.example', version: 'v2', reason: 'refused', status: 409 });
  const rest = await call(sluice, 'GET', `${MIRROR}/missed?after=${first.next}`);
  expect(rest.body).toMatchObject({ pool: 'shop', mirror: 'dark', total: 5, writes: [{ seq: 4 }, { seq: 5 }] });
  const targets = [...first.writes, ...(rest.body as unknown as { writes: readonly object[] }).writes].map(
    (each) => (each as { target: string }).target,
  );
  expect(targets.sort()).toEqual([0, 1, 2, 3, 4].map((order) => `/orders/${order}?token=***`));
  expect((await call(sluice, 'GET', '/v1/pools/shop/mirrors/drak/missed')).body.detail).toContain('did you mean "dark"?');
});
