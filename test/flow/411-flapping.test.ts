// Endpoints that come and go under load: what is tried on them stays bounded, and they are back in time.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { startApps } from './scaffold/app.ts';
import type { App } from './scaffold/app.ts';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, isFull, scaled, promised } from './scaffold/full.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const WORKERS = 2;
/** Retries per second that a version may always make, in each worker. */
const RETRY_FLOOR = 10;
const INTERVAL_MS = 100;
const HEALTH = { interval: '100ms', timeout: '100ms', unhealthyAfter: 4, healthyAfter: 1 };

interface Asked {
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
}

/** Clients that ask one after the other, each over a kept connection, and keep what came of it. */
class Clients {
  readonly asked: Asked[] = [];
  readonly #loops: Promise<void>[];
  #stopping = false;

  constructor(sluice: Sluice, count: number, pauseMs: number) {
    this.#loops = Array.from({ length: count }, () => this.#loop(sluice, pauseMs));
  }

  since(atMs: number): readonly Asked[] {
    return this.asked.filter((each) => each.atMs >= atMs);
  }

  async close(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(sluice: Sluice, pauseMs: number): Promise<void> {
    let wire = await connectTo(sluice);
    while (!this.#stopping) {
      const atMs = performance.now();
      await wire.write(get());
      const response = await wire.readMessage();
      this.asked.push({ atMs, tookMs: performance.now() - atMs, status: response.status });
      if (response.field('connection') === 'close') {
        wire.destroy();
        wire = await connectTo(sluice);
      }
      await pause(pauseMs);
    }
    wire.destroy();
  }
}

async function begin(apps: readonly App[], outlier: object, clients: number, pauseMs: number): Promise<[Sluice, Clients]> {
  const endpoints = apps.map(({ address }) => address);
  const pool = { balancer: 'round-robin', health: HEALTH, outlier };
  const sluice = await startSluice(configFor({ endpoints, pool }), { workers: WORKERS });
  sluice.expectLog(/endpoint ejected|an endpoint is unhealthy/);
  return [sluice, open(new Clients(sluice, clients, pauseMs))];
}

interface Counts {
  readonly attempts: number;
  readonly requests: number;
  readonly retries: number;
}

/** Of the pool so far. A stale connection is replaced without a byte lost: no attempt on an endpoint that responded to it. */
async function countsOf(sluice: Sluice): Promise<Counts> {
  const metrics = await sluice.metrics();
  const stale = metrics.sum('sluice_retries_total', { reason: 'stale' });
  return {
    attempts: metrics.sum('sluice_attempts_total') - stale,
    requests: metrics.sum('sluice_requests_total', { pool: 'shop' }),
    retries: metrics.sum('sluice_retries_total') - stale,
  };
}

/** Attempts may exceed 1.2 times the requests by what each worker may always retry, and by what was under way when it was looked. */
function expectNoStorm(before: Counts, after: Counts, tookMs: number, clients: number): number {
  const attempts = after.attempts - before.attempts;
  const requests = after.requests - before.requests;
  const floor = WORKERS * RETRY_FLOOR * (1 + tookMs / 1000);
  expect(attempts).toBeLessThanOrEqual(1.2 * requests + floor + clients);
  return attempts / Math.max(1, requests);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function tally(asked: readonly Asked[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of asked) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('one of three flaps every 200 ms: few ejections, no retry storm, the others carry the load', async () => {
  const apps = await startApps('a', 'b', 'c');
  const flapping = apps[1]!;
  const ejectionMs = 200;
  const clients = 8;
  const [sluice, load] = await begin(apps, { consecutive: 3, ejection: `${ejectionMs}ms` }, clients, 2);
  await eventually('load on all', () => apps.every(({ requests }) => requests > 20));
  const before = await countsOf(sluice);
  const began = performance.now();
  const flaps = scaled(10, 50);
  for (let flap = 0; flap < flaps; flap++) {
    await flapping.close();
    await pause(200);
    await flapping.start();
    await pause(200);
  }
  const tookMs = performance.now() - began;
  const after = await countsOf(sluice);
  const ejections = await sluice.metric('sluice_version_ejections_total', { version: 'v1' });
  const ratio = expectNoStorm(before, after, tookMs, clients);
  const statuses = tally(load.since(began));
  // Each lasts one `ejection` longer than the one before: so many fit, and one more for each worker.
  let fit = 0;
  for (let endsMs = 0; endsMs < tookMs; endsMs += ejectionMs * ++fit);
  if (isFull) figure('flapping', { flaps, tookMs, ejections, fit, ratio, ...statuses });
  expect(ejections).toBeGreaterThan(0);
  expect(ejections).toBeLessThanOrEqual(Math.min(fit, flaps) + WORKERS);
  expect(statuses).toEqual({ 200: expect.any(Number) });
  await eventually('it is used again', async () => {
    const { requests } = flapping;
    await pause(20);
    return flapping.requests > requests;
  });
});

test('all three down, then up: 503 at once, no storm, back within an interval and a second, and without a herd', async () => {
  const apps = await startApps('a', 'b', 'c');
  const clients = 16;
  const [sluice, load] = await begin(apps, {}, clients, 5);
  await eventually('load on all', () => apps.every(({ requests }) => requests > 20));
  for (let round = 0; round < scaled(1, 5); round++) {
    const before = await countsOf(sluice);
    const down = performance.now();
    await Promise.all(apps.map((app) => app.close()));
    await eventually('nothing is ready', async () => (await sluice.metric('sluice_endpoint_ready')) === 0);
    const dark = performance.now();
    await eventually('responses without an endpoint', () => load.since(dark).length > 20 * clients);
    const inDark = load.since(dark);
    const inFlight = await sluice.metric('sluice_requests_in_flight');
    const tookMs = performance.now() - down;
    const ratio = expectNoStorm(before, await countsOf(sluice), tookMs, clients);
    expect(inDark.filter(({ status }) => status !== 503)).toEqual([]);
    // All but what this machine itself holds up.
    expect(
      percentile(
        inDark.map((each) => each.tookMs),
        0.95,
      ),
    ).toBeLessThan(50);
    expect(inFlight).toBeLessThanOrEqual(clients);

    const accepted = apps.map((app) => app.accepted);
    const probes = apps.map((app) => app.probes);
    await Promise.all(apps.map((app) => app.start()));
    const up = performance.now();
    await eventually('a response', () => load.since(up).some(({ status }) => status === 200));
    const backMs = performance.now() - up;
    expect(backMs).toBeLessThan(promised(INTERVAL_MS + 1000));
    await eventually('all are used', () => apps.every((app, index) => app.probes > probes[index]! + 2 && app.connections > 0));
    const made = apps.map((app, index) => app.accepted - accepted[index]! - (app.probes - probes[index]!));
    // One request at a time per client: no more connections than clients at each endpoint, a probe that has just begun aside.
    for (const each of made) expect(each).toBeLessThanOrEqual(clients + 1);
    const recovered = performance.now();
    await eventually('all is well', () => load.since(recovered).length > 10 * clients);
    expect(tally(load.since(recovered))).toEqual({ 200: expect.any(Number) });
    if (!isFull) continue;
    const took = inDark.map((each) => each.tookMs);
    figure('outage', {
      round,
      responses: took.length,
      p50: percentile(took, 0.5),
      p99: percentile(took, 0.99),
      max: percentile(took, 1),
      ratio,
      backMs,
      connectionsMade: made.join('+'),
    });
  }
});
