// CF-21: a thread is busy with something else for two seconds. What it finds late afterwards is the fault of no endpoint.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectToEach, workerOf } from '../flow/scaffold/by-worker.ts';
import { get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { MAIN } from './inside.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import type { MortalUpstream } from './mortal-upstream.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { ends, kinds, startTraffic } from './traffic.ts';
import { promised } from '../flow/scaffold/full.ts';

afterEach(closeAll);

const STALL_MS = 2_000;

/** Slow while a round runs. Between rounds probes get their response at once: one that waits holds a socket, and would look like one left behind. */
function slowDown(mortals: readonly MortalUpstream[], delayMs: number): void {
  for (const mortal of mortals) {
    mortal.respond = (_request, response) => {
      if (delayMs === 0) response.end(mortal.name);
      else setTimeout(() => response.end(mortal.name), delayMs);
    };
  }
}

/** Which of the workers' ids is the stalled one's. */
async function stalledId(rig: Rig): Promise<string> {
  const wires = await connectToEach(rig.sluice, 2);
  const ids = await Promise.all(wires.map((wire) => workerOf(wire)));
  await rig.inside.obey({ kind: 'stall', worker: 0, ms: 300 });
  await pause(20);
  const began = performance.now();
  const tookMs = await Promise.all(
    wires.map(async (wire) => {
      await workerOf(wire);
      return performance.now() - began;
    }),
  );
  for (const wire of wires) wire.destroy();
  return ids[tookMs[0]! > tookMs[1]! ? 0 : 1]!;
}

test('CF-21: a worker stalls: the other serves on, the lag shows, no endpoint is blamed', { timeout: 40_000 }, async () => {
  const [a, b] = await startMortals('a', 'b');
  const pool = { ...at(a!.address, b!.address), timeouts: { response: '1s' }, retries: { attempts: 0 } };
  const health = { interval: '200ms', timeout: '1s', unhealthyAfter: 2 };
  const rig = await startRig(poolsConfig({ shop: { ...pool, health, outlier: { consecutive: 3, ejection: '60s', maxEjected: '100%' } } }));
  const { sluice, inside } = rig;
  await leavesNothing(rig, async () => {
    slowDown([a!, b!], 100);
    const stalled = await stalledId(rig);
    const wires = await connectToEach(sluice, 2);
    const ids = await Promise.all(wires.map((wire) => workerOf(wire)));
    const [slow, quick] = ids[0] === stalled ? wires : wires.toReversed();
    const began = performance.now();
    // Their responses come while the worker looks elsewhere, and lie in its sockets when its timers fire, late.
    await slow!.write(get('/').repeat(5));
    const others = await Promise.all(Array.from({ length: 8 }, () => connectToEach(sluice, 2)));
    for (const wire of others.flat()) await wire.write(get('/'));
    await pause(30);
    await inside.obey({ kind: 'stall', worker: 0, ms: STALL_MS });
    for (let asked = 0; asked < 8; asked++) {
      const since = performance.now();
      await quick!.write(get('/'));
      expect((await quick!.readMessage()).status).toBe(200);
      expect(performance.now() - since).toBeLessThan(promised(1_200));
    }
    const statuses = [];
    for (let asked = 0; asked < 5; asked++) statuses.push((await slow!.readMessage()).status);
    for (const wire of others.flat()) statuses.push((await wire.readMessage()).status);
    expect(performance.now() - began).toBeGreaterThan(STALL_MS);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    await eventually('the lag', async () => (await sluice.metric('sluice_worker_event_loop_delay_seconds', { worker: '0' })) > 1);
    expect(await sluice.metric('sluice_endpoint_ejections_total')).toBe(0);
    expect(await sluice.metric('sluice_endpoint_ready')).toBe(2);
    for (const wire of [...wires, ...others.flat()]) wire.destroy();
    slowDown([a!, b!], 0);
  });
});

test('CF-21: the control thread stalls: no client notices, no endpoint is found unhealthy', async () => {
  const mortals = await startMortals('a', 'b');
  const health = { interval: '100ms', timeout: '1s', unhealthyAfter: 1 };
  const rig = await startRig(poolsConfig({ shop: { ...at(...mortals.map(({ address }) => address)), health } }));
  const { sluice, inside } = rig;
  await leavesNothing(rig, async () => {
    slowDown(mortals, 50);
    const traffic = startTraffic(sluice);
    await eventually('traffic', () => traffic.tally.sent > 50);
    await inside.obey({ kind: 'stall', worker: MAIN, ms: STALL_MS });
    const sent = traffic.tally.sent;
    await pause(STALL_MS / 2);
    expect(traffic.tally.sent).toBeGreaterThan(sent + 50);
    expect(await sluice.metric('sluice_endpoint_ready')).toBe(2);
    await pause(300);
    const tally = await traffic.stop();
    expect(kinds(tally)).toEqual(['200']);
    expect(ends(tally)).toEqual({ 200: tally.sent });
    expect(await sluice.metric('sluice_endpoint_ready')).toBe(2);
    slowDown(mortals, 0);
  });
});
