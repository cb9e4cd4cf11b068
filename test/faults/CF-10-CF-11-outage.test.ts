// CF-10: an endpoint that comes and goes. CF-11: all endpoints go, and come back.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure, promised } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { ends, expectQuick, kinds, startTraffic } from './traffic.ts';

afterEach(closeAll);

const FLAP_MS = 200;
/** Of the retry budget: the share of requests, and of each worker's part of it the floor per second and what may be saved up. */
const SHARE = 0.2;
const FLOOR = 10;
const SAVED = 110;

test('CF-10: an endpoint that flaps beside a steady one costs no request; retries and ejections stay bounded', async () => {
  const [steady, flapping] = await startMortals('steady', 'flapping');
  const pool = { ...at(steady!.address, flapping!.address), balancer: 'round-robin' };
  const outlier = { consecutive: 5, interval: '10s', ejection: '300ms', maxEjected: '50%' };
  const rig = await startRig(poolsConfig({ shop: { ...pool, outlier }, sole: at(flapping!.address) }));
  const { sluice } = rig;
  sluice.expectLog(/endpoint ejected/);
  await leavesNothing(rig, async () => {
    const before = await sluice.metrics();
    const began = performance.now();
    const traffic = startTraffic(sluice);
    const alone = startTraffic(sluice, { loops: 4, request: () => get('/sole') });
    for (let flap = 0; flap < 5; flap++) {
      await flapping!.die();
      await pause(FLAP_MS);
      await flapping!.live();
      await pause(FLAP_MS);
    }
    const [tally, soleTally] = [await traffic.stop(), await alone.stop()];
    const seconds = (performance.now() - began) / 1000;
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expect(kinds(soleTally).filter((kind) => !/^(200|502 (connect_refused|upstream_reset)|503 no_endpoint)$/.test(kind))).toEqual([]);
    const after = await eventually('all counted', async () => {
      const metrics = await sluice.metrics();
      return metrics.sum('sluice_requests_in_flight') === 0 && metrics;
    });
    const more = (name: string, labels = {}): number => after.sum(name, labels) - before.sum(name, labels);
    for (const name of ['shop', 'sole']) {
      const sent = name === 'shop' ? tally.sent : soleTally.sent;
      // Connections that had gone stale are repaired besides; each costs a connection that was there.
      const retries = more('sluice_retries_total', { pool: name }) - more('sluice_retries_total', { pool: name, reason: 'stale' });
      expect(retries).toBeLessThanOrEqual(sent * SHARE + 2 * (FLOOR * seconds + SAVED));
    }
    // Ejections last longer each time: less than one in a flap.
    const ejections = more('sluice_endpoint_ejections_total', { pool: 'shop' });
    figure('flapping endpoint', { sent: tally.sent, ejections, seconds });
    expect(ejections).toBeLessThanOrEqual(6);
  });
});

test('CF-11: all down: 503 at once and nothing piles up; all up: back within an interval and a second, without a herd', async () => {
  const mortals = await startMortals('a', 'b');
  const health = { interval: '200ms', timeout: '500ms', unhealthyAfter: 2, healthyAfter: 1 };
  const shop = { ...at(...mortals.map(({ address }) => address)), health };
  const rig = await startRig(poolsConfig({ shop }));
  const { sluice } = rig;
  sluice.expectLog(/an endpoint is unhealthy/);
  const LOOPS = 16;
  await leavesNothing(rig, async () => {
    for (const mortal of mortals) await mortal.die();
    await eventually('all known to be down', async () => (await sluice.metric('sluice_endpoint_ready')) === 0);
    const before = await sluice.metrics();
    const down = startTraffic(sluice, { loops: LOOPS });
    await eventually('traffic', () => down.tally.sent > 400);
    expect(await sluice.metric('sluice_requests_in_flight')).toBeLessThanOrEqual(LOOPS);
    const outage = await down.stop();
    expect(ends(outage)).toEqual({ '503 no_endpoint': outage.sent });
    expectQuick(outage);
    // No request is sent to an endpoint that is known to be down.
    expect((await sluice.metrics()).sum('sluice_attempts_total') - before.sum('sluice_attempts_total')).toBe(0);
    const traffic = startTraffic(sluice, { loops: LOOPS });
    await eventually('traffic again', () => traffic.tally.sent > LOOPS);
    const connections = mortals.map((mortal) => mortal.connections);
    for (const mortal of mortals) await mortal.live();
    const began = performance.now();
    await eventually('a response', () => traffic.tally.ends.has('200'));
    const backMs = performance.now() - began;
    await eventually('both in use', async () => (await sluice.metric('sluice_endpoint_ready')) === 2);
    const served = traffic.tally.ends.get('200') ?? 0;
    await eventually('more responses', () => (traffic.tally.ends.get('200') ?? 0) > served + 200);
    const tally = await traffic.stop();
    expect(kinds(tally)).toEqual(['200', '503 no_endpoint']);
    expect(backMs).toBeLessThan(promised(200 + 1_000));
    // Not more connections than there are clients, and the probes'.
    const made = mortals.reduce((sum, mortal, index) => sum + mortal.connections - connections[index]!, 0);
    figure('recovery', { backMs, made });
    expect(made).toBeLessThanOrEqual(2 * LOOPS + 8);
  });
});
