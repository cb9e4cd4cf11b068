// CF-22: memory runs short. Load is shed in order by all workers, one that takes the place of another included, and nothing is left behind.

import { afterEach, expect, test } from 'vitest';
import { eventually } from '../flow/scaffold/eventually.ts';
import { makeMemoryUse } from '../flow/scaffold/memory-use.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { Ended, Reset } from '../flow/scaffold/wire.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';

afterEach(closeAll);

/** Enough for each of two workers to get some. */
const CLIENTS = 16;

async function untilAll(rig: Rig, expected: string): Promise<void> {
  const seen = async (): Promise<string> =>
    verdicts(rig, CLIENTS).then(String, (error: unknown) => {
      if (error instanceof Ended || error instanceof Reset) return 'closed';
      throw error;
    });
  await eventually(expected, async () => (await seen()) === expected);
}

async function startShort() {
  const upstream = await startUpstream(responding(() => ok()));
  const memory = makeMemoryUse(100);
  const config = { ...poolsConfig({ shop: at(upstream.address) }), overload: { memory: '1000MiB' } };
  const rig = await startRig(config, memory.options);
  rig.sluice.expectLog(/memory runs short/);
  return { rig, memory };
}

test('CF-22 memory pressure: requests, then connections are refused, and service comes back whole', { timeout: 60_000 }, async () => {
  const { rig, memory } = await startShort();
  await leavesNothing(rig, async () => {
    await untilAll(rig, '200');
    memory.setMiB(960);
    await untilAll(rig, '503 overload');
    memory.setMiB(990);
    await untilAll(rig, 'closed');
    memory.setMiB(500);
    await untilAll(rig, '200');
    expect(await rig.sluice.metric('sluice_overload_level')).toBe(0);
  });
});

test('CF-22 memory pressure: a worker that starts meanwhile sheds from its first request on', async () => {
  const { rig, memory } = await startShort();
  // What a worker frees when it ends must not be enough to end it.
  memory.setMiB(975);
  await untilAll(rig, '503 overload');
  rig.sluice.expectLog(/worker/);
  await rig.inside.obey({ kind: 'exit', worker: 0 });
  await eventually('another worker', async () => (await rig.sluice.metric('sluice_worker_restarts_total')) === 1);
  await eventually('all serve', async () => (await rig.sluice.metric('sluice_workers', { state: 'serving' })) === rig.workers);
  expect(await verdicts(rig, 4 * CLIENTS)).toEqual(['503 overload']);
  memory.setMiB(500);
  await untilAll(rig, '200');
});
