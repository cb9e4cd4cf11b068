// CF-14, CF-15: a worker dies. It is a thread: what kills it alone is an exception, a rejection, an exit or its own heap's end. `SIGKILL`
// and `process.abort` end the process (CF-16).

import { afterEach, expect, test } from 'vitest';
import { connectToEach } from '../flow/scaffold/by-worker.ts';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure, promised } from '../flow/scaffold/full.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { Ended } from '../flow/scaffold/wire.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import type { Submission } from './inside.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig } from './rig.ts';
import { kinds, startTraffic } from './traffic.ts';

afterEach(closeAll);

type Death = Exclude<Submission['kind'], 'weigh' | 'shift' | 'stall' | 'leak-memory' | 'leak-timer' | 'abort'>;

/** Requests on one connection until told to stop; returns how many got a response. @throws when one does not */
function keepAsking(wire: Wire): () => Promise<number> {
  let stopping = false;
  const asking = (async () => {
    let responded = 0;
    for (; !stopping; responded++) {
      await wire.write(get('/'));
      expect((await wire.readMessage()).status).toBe(200);
    }
    return responded;
  })();
  asking.catch(() => undefined);
  return () => ((stopping = true), asking);
}

test.each<Death>(['throw', 'reject', 'exit'])(
  'CF-14, CF-15: a worker dies by %s: only its connections fail, it is replaced',
  async (death) => {
    const [upstream] = await startMortals('a');
    const rig = await startRig(poolsConfig({ shop: at(upstream!.address) }));
    const { sluice, inside } = rig;
    sluice.expectLog(/a worker died|a worker was replaced/);
    let deaths = 0;
    await leavesNothing(rig, async () => {
      const wires = await connectToEach(sluice, 2);
      const stops = wires.map(keepAsking);
      const traffic = startTraffic(sluice);
      await eventually('traffic', () => traffic.tally.sent > 100);
      const began = performance.now();
      await inside.obey({ kind: death, worker: 0 });
      deaths++;
      const victim = await eventually('the connection of the dead worker to end', () => wires.find((wire) => wire.ended));
      await eventually('its replacement', async () => {
        const metrics = await sluice.metrics();
        return metrics.sum('sluice_worker_restarts_total') === deaths && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
      });
      figure(`worker replaced after ${death}`, { ms: performance.now() - began });
      // The promise of a second is for a machine that has nothing else to do.
      expect(performance.now() - began).toBeLessThan(promised(3_000));
      const tally = await traffic.stop();
      // At most what each client had on the dead one; a connection that it had not accepted yet is reset.
      expect(kinds(tally).filter((kind) => !['200', 'cut', 'refused'].includes(kind))).toEqual([]);
      expect((tally.ends.get('cut') ?? 0) + (tally.ends.get('refused') ?? 0)).toBeLessThanOrEqual(16);
      const [survivors, victims] = [
        stops.filter((_, index) => wires[index] !== victim),
        stops.filter((_, index) => wires[index] === victim),
      ];
      for (const stop of survivors) expect(await stop()).toBeGreaterThan(20);
      for (const stop of victims) await expect(stop()).rejects.toThrow(Ended);
      const fresh = await connectToEach(sluice, 2);
      for (const wire of [...wires, ...fresh]) wire.destroy();
    });
    expect(sluice.logs.filter(({ msg }) => msg === 'a worker was replaced').length).toBe(deaths);
  },
);

test('CF-14: a worker that runs out of memory is replaced, and the log says why', async () => {
  const [upstream] = await startMortals('a');
  const config = poolsConfig({ shop: at(upstream!.address) });
  const rig = await startRig(config, { nodeArguments: ['--max-old-space-size=96', '--max-semi-space-size=2'] });
  const { sluice, inside } = rig;
  sluice.expectLog(/a worker died|a worker was replaced|heap|GC|^\s*$|^<---|^---/);
  let deaths = 0;
  await leavesNothing(rig, async () => {
    await inside.obey({ kind: 'exhaust', worker: 1 });
    deaths++;
    await eventually('its replacement', async () => (await sluice.metric('sluice_worker_restarts_total')) === deaths, 15_000);
    const wires = await connectToEach(sluice, 2);
    for (const wire of wires) wire.destroy();
  });
  expect(JSON.stringify(sluice.logs.find(({ msg }) => msg === 'a worker died')?.fields)).toContain('ERR_WORKER_OUT_OF_MEMORY');
});

test('CF-14: a worker that keeps dying is restarted slowly; the other serves all the time; no worker is not ready', async () => {
  const [upstream] = await startMortals('a');
  const rig = await startRig(poolsConfig({ shop: at(upstream!.address) }));
  const { sluice, inside } = rig;
  sluice.expectLog(/a worker died|a worker was replaced/);
  const serving = (): Promise<number> => sluice.metric('sluice_workers', { state: 'serving' });
  for (let deaths = 1; deaths <= 6; deaths++) {
    await eventually('both', async () => (await serving()) === 2);
    await inside.obey({ kind: 'throw', worker: 0 });
    await eventually('one', async () => (await serving()) === 1);
  }
  const sixth = performance.now();
  const traffic = startTraffic(sluice, { loops: 4 });
  await eventually('traffic on the other', () => traffic.tally.sent > 300);
  // Five came back within 50 ms each.
  await eventually('some time', () => performance.now() - sixth > 1_000);
  expect(await serving()).toBe(1);
  expect(kinds(await traffic.stop())).toEqual(['200']);
  expect(await readiness(sluice.adminPort)).toBe(200);
  await inside.obey({ kind: 'throw', worker: 1 });
  await eventually('not ready', async () => (await readiness(sluice.adminPort)) === 503);
  await expect(connectTo(sluice)).rejects.toThrow(/ECONNREFUSED/);
});

async function readiness(adminPort: number): Promise<number> {
  return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).status;
}
