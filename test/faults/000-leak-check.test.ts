// The leak check itself finds what leaks.

import { afterEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { responding, ok, startUpstream } from '../flow/scaffold/upstream.ts';
import { leavesNothing } from './leak-check.ts';
import type { Rig } from './leak-check.ts';
import { MAIN } from './inside.ts';
import { at, poolsConfig, startRig, verdicts } from './rig.ts';

afterEach(closeAll);

async function start(): Promise<Rig> {
  const upstream = await startUpstream(responding(() => ok()));
  return startRig(poolsConfig({ shop: at(upstream.address) }));
}

test('nothing is found where nothing leaks', async () => {
  const rig = await start();
  await leavesNothing(rig, async () => {
    expect(await verdicts(rig, 50)).toEqual(['200']);
  });
});

test.each([
  [MAIN, 'leak-timer', /left behind: Timeout of thread -1 /],
  [0, 'leak-memory', /the heap grows each time/],
] as const)('what stays behind in thread %i is found: %s', async (worker, kind, message) => {
  const rig = await start();
  const leaks = leavesNothing(rig, () => rig.inside.obey({ kind, worker }));
  await expect(leaks).rejects.toThrow(message);
});

test('a connection that stays open is found', async () => {
  const rig = await start();
  const leaks = leavesNothing(rig, async () => {
    const wire = await connectTo(rig.sluice);
    await wire.write(get('/'));
    await wire.readMessage();
  });
  await expect(leaks).rejects.toThrow(/gauges stay at/);
});
