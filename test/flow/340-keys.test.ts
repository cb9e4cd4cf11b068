// Keyed users during a ramp, through the real process: no user goes back, shares hold, and all workers and restarts agree.

import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, scaled } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Script } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const RAMP = [1, 5, 25, 50, 100];
const BATCH = 50;

/** Responds to each head with the version and the id of the request, and nothing else. */
function saying(version: string): Script {
  return async (wire) => {
    for (;;) {
      const id = /^x-request-id: (.*)\r$/m.exec(await wire.readHead())?.[1] ?? '';
      await wire.write(`HTTP/1.1 200 OK\r\nx-version: ${version}\r\nx-request-id: ${id}\r\ncontent-length: 0\r\n\r\n`);
    }
  };
}

/** The version that each user gets, asked in pipelined batches over the given connections. */
async function versionsOf(users: readonly string[], wires: readonly Wire[]): Promise<string[]> {
  const versions: string[] = new Array<string>(users.length);
  let next = 0;
  await Promise.all(
    wires.map(async (wire) => {
      for (let from = next; from < users.length; from = next) {
        next = from + BATCH;
        const batch = users.slice(from, from + BATCH);
        await wire.write(batch.map((user) => get('/', `x-user-id: ${user}`)).join(''));
        for (const index of batch.keys()) versions[from + index] = (await wire.readMessage()).field('x-version') ?? '';
      }
    }),
  );
  return versions;
}

test('a ramp of 1, 5, 25, 50, 100: no keyed user ever goes back, on any worker, nor after a restart', { timeout: 120_000 }, async () => {
  const users = Array.from({ length: scaled(4000, 20_000) }, (_, index) => `user-${index * 7919}`);
  const [v1, v2] = [await startUpstream(saying('v1')), await startUpstream(saying('v2'))];
  const config = (percent: number): object =>
    configFor({
      endpoints: { v1: [v1.address], v2: [v2.address] },
      pool: { split: { v1: 100 - percent, v2: percent }, affinity: { header: 'x-user-id' } },
    });
  const ramped = async (sluice: Sluice, percent: number): Promise<void> => {
    sluice.writeConfig(config(percent));
    await eventually(`${percent} %`, async () => (await sluice.metric('sluice_split_weight', { version: 'v2' })) === percent);
  };
  const sluice = await startSluice(config(0), { workers: 2 });
  const wires = [...(await connectToEach(sluice, 2)), await connectTo(sluice), await connectTo(sluice)];
  let before = await versionsOf(users, wires);
  expect(before.every((version) => version === 'v1')).toBe(true);
  const at25: string[] = [];
  for (const percent of RAMP) {
    await ramped(sluice, percent);
    const now = await versionsOf(users, wires);
    const back = now.filter((version, index) => version === 'v1' && before[index] === 'v2').length;
    const share = now.filter((version) => version === 'v2').length;
    const error = 4 * Math.sqrt(users.length * (percent / 100) * (1 - percent / 100));
    figure(`ramp at ${percent} %`, { users: users.length, back, share: (100 * share) / users.length });
    expect(back).toBe(0);
    expect(Math.abs(share - (users.length * percent) / 100)).toBeLessThanOrEqual(error);
    if (percent === 25) at25.push(...now);
    before = now;
  }
  expect(await sluice.metric('sluice_choices_total', { pool: 'shop', version: 'v2', reason: 'affinity' })).toBeGreaterThan(users.length);
  // Each worker alone, and another process, give every user the same version.
  await ramped(sluice, 25);
  const some = users.slice(0, 1000);
  for (const wire of wires.slice(0, 2)) expect(await versionsOf(some, [wire])).toEqual(at25.slice(0, 1000));
  const another = await startSluice(config(25));
  expect(await versionsOf(some, [await connectTo(another)])).toEqual(at25.slice(0, 1000));
});

test('at a change of weights no user goes back and forth between workers', { timeout: 60_000 }, async () => {
  const [v1, v2] = [await startUpstream(saying('v1')), await startUpstream(saying('v2'))];
  const endpoints = { v1: [v1.address], v2: [v2.address] };
  const pool = { split: { v1: 99, v2: 1 }, affinity: { header: 'x-user-id' } };
  const sluice = await startSluice(configFor({ endpoints, pool }), { workers: 2 });
  const [one, two] = (await connectToEach(sluice, 2)) as [Wire, Wire];
  let [asked, judged] = [0, 0];
  const flips: string[] = [];
  for (let change = 0; judged < 20 && change < 100; change++) {
    const to = change % 2 === 0 ? 'v2' : 'v1';
    let isDone = false;
    let isOver = false;
    let back = 0;
    const askOnBoth = async (): Promise<void> => {
      // The same worker is first and second in turns.
      for (let at = 0; !isDone || at % 4 !== 0; at++) {
        const wire = (at + (at >> 1)) % 2 === 0 ? one : two;
        await wire.write(get('/', `x-user-id: user-${change}`));
        const version = (await wire.readMessage()).field('x-version');
        asked++;
        if (version === to) isOver = true;
        else if (isOver) back++;
      }
    };
    const asking = askOnBoth();
    const beganMs = performance.now();
    await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: to === 'v2' ? { v1: 1, v2: 99 } : { v1: 99, v2: 1 } });
    const tookMs = performance.now() - beganMs;
    isDone = true;
    await asking;
    // For a worker that is later than that the other does not wait.
    if (tookMs >= 50) continue;
    judged++;
    if (back > 0) flips.push(`change ${change}: ${back} times, ${tookMs} ms`);
  }
  figure('changes of weights', { asked, judged, flips: flips.length });
  expect(judged).toBeGreaterThan(4);
  expect(flips).toEqual([]);
});
