// `retries.acrossVersions`: a request that a canary fails goes to the version of the greatest weight; the failure stays with the canary.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
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

interface Dead {
  readonly address: string;
  /** It listens again. */
  revive(name: string): Promise<void>;
}

/** A port that refuses: an upstream that is gone. */
async function startDead(): Promise<Dead> {
  const gone = await startUpstream(() => undefined);
  await gone.close();
  const { address, port } = gone;
  return {
    address,
    revive: async (name) =>
      void (await startUpstream(
        responding(() => ok(name)),
        { host: '127.0.0.1', port },
      )),
  };
}

/** What the journal says of this kind; waits until there is a line, and does `meanwhile` before each look. */
function told(sluice: Sluice, kind: string, meanwhile?: () => Promise<unknown>): Promise<readonly unknown[]> {
  return eventually(`a line of kind ${kind}`, async () => {
    await meanwhile?.();
    const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/journal?kind=${kind}`);
    const { lines } = (await response.json()) as { lines: { detail: unknown }[] };
    return lines.length > 0 && lines.map(({ detail }) => detail);
  });
}

/** How many responses had each status and body. */
async function tally(sluice: Sluice, requests: number): Promise<Record<string, number>> {
  const wire = await connectTo(sluice);
  const counts: Record<string, number> = {};
  for (let sent = 0; sent < requests; sent += 10) {
    await wire.write(get('/').repeat(10));
    for (let i = 0; i < 10; i++) {
      const { status, body } = await wire.readMessage();
      const seen = status === 200 ? body : String(status);
      counts[seen] = (counts[seen] ?? 0) + 1;
    }
  }
  wire.destroy();
  return counts;
}

test('a dead canary of 10 % costs no client anything: a version fallback draws on the requests of the whole pool', async () => {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const { address } = await startDead();
  // Nothing is ejected: all depends on the budget.
  const pool = { split: { v1: 90, v2: 10 }, retries: { acrossVersions: true }, outlier: { consecutive: 0 } };
  const sluice = await startSluice(configFor({ endpoints: { v1: [v1.address], v2: [address] }, pool }));
  expect(await tally(sluice, 2000)).toEqual({ v1: 2000 });
  expect(await sluice.counted('sluice_version_fallbacks_total', { version: 'v2' })).toBeGreaterThan(150);
});

test('a version fallback is bounded all the same', async () => {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const { address } = await startDead();
  const pool = { split: { v1: 60, v2: 40 }, retries: { acrossVersions: true, budget: '5%' }, outlier: { consecutive: 0 } };
  const sluice = await startSluice(configFor({ endpoints: { v1: [v1.address], v2: [address] }, pool }));
  const { 502: failed = 0 } = await tally(sluice, 2000);
  expect(failed).toBeGreaterThan(300);
});

test.each([1, 3])('a canary whose %i endpoints refuse connections yields its share, and has it again when it is back', async (count) => {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const dead = await Promise.all(Array.from({ length: count }, startDead));
  const endpoints = { v1: [v1.address], v2: dead.map(({ address }) => address) };
  const pool = { split: { v1: 50, v2: 50 }, retries: { attempts: 0 }, outlier: { ejection: '3s' } };
  const sluice = await startSluice(configFor({ endpoints, pool }));
  sluice.expectLog(/endpoint ejected/);
  const { 502: failed = 0 } = await tally(sluice, 100);
  expect(failed).toBeGreaterThan(0);
  await eventually('no client sees it', async () => (await tally(sluice, 20))['v1'] === 20);
  const facts = { pool: 'shop', version: 'v2', endpoints: count, then: 'others take its share' };
  // On a busy machine an ejection may be over before it is told: only requests make another.
  expect(await told(sluice, 'not-ready', () => tally(sluice, 20))).toContainEqual(facts);
  for (const { revive } of dead) await revive('v2');
  await eventually('it is back', async () => ((await tally(sluice, 20))['v2'] ?? 0) >= 5, 20_000);
  await eventually('for good', async () => (await tally(sluice, 100))['502'] === undefined);
  expect((await told(sluice, 'ready'))[0]).toMatchObject({ pool: 'shop', version: 'v2' });
  for (const text of ['a version has no ready endpoint', 'a version has a ready endpoint again'])
    expect(sluice.logs.some(({ msg }) => msg === text)).toBe(true);
});

test('the retry of a request whose failure ejects the last endpoint goes to the other version', async () => {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const { address } = await startDead();
  const pool = { split: { v1: 50, v2: 50 }, retries: { attempts: 1 }, outlier: { consecutive: 1, ejection: '60s' } };
  const sluice = await startSluice(configFor({ endpoints: { v1: [v1.address], v2: [address] }, pool }));
  sluice.expectLog(/endpoint ejected/);
  expect(await tally(sluice, 100)).toEqual({ v1: 100 });
});

test.each([
  ['no other version has a share', { split: { v1: 0, v2: 1 } }, '502'],
  ['another version is no substitute', { split: { v1: 1, v2: 1 }, fallback: { whenNoneReady: 'fail' } }, '502'],
  ['nothing is ever ejected', { split: { v1: 1, v2: 1 }, outlier: { consecutive: 0 } }, '502'],
])('it keeps trying where %s', async (_what, pool, seen) => {
  const v1 = await startUpstream(responding(() => ok('v1')));
  const { address, revive } = await startDead();
  const sluice = await startSluice(
    configFor({ endpoints: { v1: [v1.address], v2: [address] }, pool: { retries: { attempts: 0 }, ...pool } }),
  );
  for (let i = 0; i < 3; i++) expect((await tally(sluice, 60))[seen]).toBeGreaterThan(10);
  await revive('v2');
  expect((await tally(sluice, 60))['v2']).toBeGreaterThan(10);
});

test('a failing status ejects no last endpoint: the canary keeps its share, and its failures', async () => {
  const sluice = await start({ v1: 50, v2: 50 }, { retries: { attempts: 0 }, outlier: { consecutive: 3 } });
  expect((await tally(sluice, 200))['503']).toBeGreaterThan(60);
  expect((await tally(sluice, 200))['503']).toBeGreaterThan(60);
});

test('with both versions dead, what comes back first serves at once', async () => {
  const [one, two] = (await Promise.all([startDead(), startDead()])) as [Dead, Dead];
  const pool = { split: { v1: 50, v2: 50 }, retries: { attempts: 0 }, outlier: { ejection: '60s' } };
  const sluice = await startSluice(configFor({ endpoints: { v1: [one.address], v2: [two.address] }, pool }));
  sluice.expectLog(/endpoint ejected/);
  await one.revive('v1');
  await eventually('v2 yields', async () => (await tally(sluice, 20))['v1'] === 20);
  await two.revive('v2');
  // The drain makes v1 unready: v2 is asked again although it was to stay out for a minute.
  const drained = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/pools/shop/versions/v1/drain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"force": true}',
  });
  expect(drained.status).toBe(200);
  await eventually('v2 serves', async () => (await tally(sluice, 20))['v2'] === 20);
});
