// What workers count for a rollout, and how fast a halt reaches all of them: the real threads, with a judge that the test brings along.

import { afterEach, expect, test } from 'vitest';
import { setWeights } from './scaffold/admin.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { evidenceDoor, tellDoor } from './scaffold/evidence-door.ts';
import type { DoorOrder, DoorResponse } from './scaffold/evidence-door.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, promised } from './scaffold/full.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';
import { ok, responding, responseText, startUpstream } from './scaffold/upstream.ts';
import type { Script } from './scaffold/upstream.ts';

afterEach(closeAll);

const WEIGHTS = { v1: 80, v2: 20 };
const PAIR = { pool: 'shop', baseline: 'v1', canary: 'v2', segment: 0, latencyRatio: 1.3, ceilingMs: 100, events: [], values: [] };
const echo = responding((request) => ok('v1', `x-request-id: ${request.field('x-request-id') ?? ''}`));

/** Two workers, and a rollout that counts. */
async function start(canary: Script, haltAt?: DoorOrder['haltAt'], isWeighted = false) {
  const [v1, v2] = [await startUpstream(echo), await startUpstream(canary)];
  const files = makeFolder();
  const [door, strikes] = [files.file('door'), files.file('mortal')];
  const [opens, dies] = [evidenceDoor(door), mortal(strikes)];
  const config = configFor({ endpoints: { v1: [v1.address], v2: [v2.address] }, pool: { split: isWeighted ? WEIGHTS : { v1: 1, v2: 0 } } });
  const loaded = { env: { ...opens.env, ...dies.env }, nodeArguments: [...opens.nodeArguments, ...dies.nodeArguments] };
  const sluice = await startSluice(config, { workers: 2, ...loaded });
  const wires = await connectToEach(sluice, 2);
  await tellDoor(door, { open: PAIR, ...(haltAt === undefined ? {} : { haltAt }) });
  if (isWeighted) await tellDoor(door, { recount: true });
  else await setWeights(sluice, WEIGHTS);
  return { sluice, wires, strikes, tell: (order: DoorOrder = {}) => tellDoor(door, order) };
}

/** One request after the other; statuses. */
async function askOn(wire: Wire, times: number): Promise<number[]> {
  const statuses = [];
  for (let request = 0; request < times; request++) {
    await wire.write(get('/'));
    statuses.push((await wire.readMessage()).status);
  }
  return statuses;
}

const sum = ({ segments }: DoorResponse, arm: 'baseline' | 'canary', field: 'assigned' | 'finished' | 'errors'): number =>
  segments.reduce((total, segment) => total + segment[arm][field], 0);

test('a canary that fails is halted on all workers as soon as there is evidence, and everything was counted once', async () => {
  const arrivals: number[] = [];
  const failing = responding(() => {
    arrivals.push(performance.timeOrigin + performance.now());
    return responseText(500, 'No', 'no');
  });
  const { wires, tell } = await start(failing, { errors: 2 });
  const statuses = (await Promise.all(wires.map((wire) => askOn(wire, 150)))).flat();
  const seen = await eventually('all to have finished', async () => {
    const now = await tell();
    return sum(now, 'canary', 'finished') === sum(now, 'canary', 'assigned') && now;
  });
  expect(seen.halted).toBe(true);
  expect(seen.segments.map(({ share }) => share)).toEqual([0.2]);
  expect(sum(seen, 'canary', 'errors')).toBe(arrivals.length);
  expect(sum(seen, 'canary', 'assigned')).toBe(arrivals.length);
  expect(seen.exposed).toEqual({ requests: arrivals.length, users: arrivals.length });
  expect(sum(seen, 'baseline', 'errors')).toBe(0);
  const lateMs = Math.max(...arrivals) - seen.haltedAtMs;
  figure('halt of a canary', { errors: arrivals.length, clients: statuses.filter((status) => status === 500).length, lateMs });
  expect(lateMs).toBeLessThan(promised(50));
  expect(seen.news).toBeLessThanOrEqual(arrivals.length);
  // Nobody told the workers of other weights: they are as they were.
  expect((await Promise.all(wires.map((wire) => askOn(wire, 25)))).flat()).toEqual(Array.from({ length: 50 }, () => 200));
});

test('what hangs is found when the bound passes, and goes to the baseline when that is enough', async () => {
  const { wires, tell } = await start(() => undefined, { hangs: 2 });
  const began = performance.now();
  const statuses = (await Promise.all(wires.map((wire) => askOn(wire, 40)))).flat();
  figure('requests of a canary that hangs', { ms: performance.now() - began });
  expect(statuses).toEqual(Array.from({ length: 80 }, () => 200));
  expect(performance.now() - began).toBeLessThan(promised(5000));
  const seen = await tell();
  expect(seen.halted).toBe(true);
  expect(seen.segments[0]!.canary).toMatchObject({ slow: [2, 2, 2] });
});

test('what a worker counted outlives it, and its successor goes on and knows of the halt', async () => {
  // Connections of each worker are told apart by the ids of their requests.
  const failing = responding((request) => responseText(500, 'No', 'no', `x-request-id: ${request.field('x-request-id') ?? ''}`));
  const { sluice, wires, strikes, tell } = await start(failing, undefined, true);
  await Promise.all(wires.map((wire) => askOn(wire, 30)));
  const before = await eventually('all to have finished', async () => {
    const now = await tell();
    return sum(now, 'baseline', 'finished') + sum(now, 'canary', 'finished') === 60 && now;
  });
  expect(sum(before, 'canary', 'errors')).toBeGreaterThan(6);
  sluice.expectLog(/a worker died|a worker was replaced/);
  await strike(strikes, 0, 'exit');
  await eventually('the connection of the dead worker to end', () => wires.some((wire) => wire.ended));
  const fresh = await connectToEach(sluice, 2);
  await Promise.all(fresh.map((wire) => askOn(wire, 30)));
  const after = await eventually('all to have finished', async () => {
    const now = await tell();
    return sum(now, 'baseline', 'finished') + sum(now, 'canary', 'finished') >= 120 && now;
  });
  expect(sum(after, 'canary', 'errors')).toBeGreaterThan(sum(before, 'canary', 'errors'));
  await tell({ halt: true });
  expect((await Promise.all(fresh.map((wire) => askOn(wire, 20)))).flat()).toEqual(Array.from({ length: 40 }, () => 200));
});
