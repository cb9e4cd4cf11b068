// `retries.acrossVersions`: a request that a canary fails goes to the version of the greatest weight; the failure stays with the canary.

import { afterEach, expect, test } from 'vitest';
import { ask, get, post } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, responseText, ok, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

async function start(split: object, pool: object = {}, canary = () => responseText(503, 'No', 'canary')): Promise<Sluice> {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const v2 = await startUpstream(responding(canary));
  const endpoints = { v1: [v1.address], v2: [v2.address] };
  const retries = { on: ['gateway-error', 'reset', 'connect-failure'], acrossVersions: true };
  const overrides = [{ name: 'qa', header: { name: 'x-qa', value: 'yes' }, version: 'v2' }];
  return startSluice(configFor({ endpoints, pool: { split, retries, overrides, outlier: { consecutive: 0 }, ...pool } }));
}

test('no client sees the failures of a canary, and each is charged to it', async () => {
  const sluice = await start({ v1: 60, v2: 40 });
  const responses = [];
  for (let i = 0; i < 20; i++) responses.push(await ask(sluice, get('/')));
  expect(responses.map(({ status, body }) => `${status} ${body}`)).toEqual(Array.from({ length: 20 }, () => '200 v1'));
  await sluice.turn();
  const metrics = await sluice.metrics();
  const versionFallback = metrics.sum('sluice_version_fallbacks_total', { version: 'v2' });
  expect(versionFallback).toBeGreaterThanOrEqual(6);
  expect(metrics.sum('sluice_attempts_total', { version: 'v2', outcome: 'upstream_error' })).toBe(versionFallback);
  expect(metrics.sum('sluice_retries_total', { version: 'v2', reason: 'gateway-error' })).toBe(versionFallback);
  expect(metrics.sum('sluice_requests_total', { version: 'v1', status: '200' })).toBe(20);
  expect(metrics.sum('sluice_requests_total', { version: 'v2' })).toBe(0);
  expect(metrics.sum('sluice_request_duration_seconds_count', { version: 'v1' })).toBe(20);
  expect(metrics.sum('sluice_request_duration_seconds_count', { version: 'v2' })).toBe(0);
  expect(metrics.sum('sluice_requests_in_flight')).toBe(0);
});

test('a POST that may have been applied is not repeated', async () => {
  const sluice = await start({ v1: 0, v2: 1 });
  expect((await ask(sluice, post('/', 'x'))).status).toBe(503);
});

test('a client that asks for the canary outright gets its failure', async () => {
  const sluice = await start({ v1: 99, v2: 1 });
  expect((await ask(sluice, get('/', 'x-qa: yes'))).body).toBe('canary');
  expect(await sluice.counted('sluice_version_fallbacks_total')).toBe(0);
});

test('the failures of the greater version do not go to the lesser', async () => {
  const sluice = await start({ v1: 1, v2: 99 });
  const bodies = new Set<string>();
  for (let i = 0; i < 10; i++) bodies.add((await ask(sluice, get('/'))).body);
  expect(bodies).toContain('canary');
  expect(await sluice.counted('sluice_version_fallbacks_total')).toBe(0);
});
