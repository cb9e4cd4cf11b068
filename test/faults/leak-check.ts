// The leak check that every fault ends with: a fault is made twice or more, and after each time Sluice must be as it was before.
// Nothing in flight, as many descriptors, timers and handles as before, a live heap within 5 %, nothing unexpected on stderr
// (which `sluice.close` looks at), no fault of Sluice's own.
//
//   await leavesNothing(rig, async () => { …make the fault, end it, assert what clients saw… });

import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure } from '../flow/scaffold/full.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import type { Inside, Weight } from './inside.ts';

export interface Rig {
  readonly sluice: Sluice;
  readonly inside: Inside;
  /** Of the data plane. */
  readonly workers: number;
  /** Of all threads: the main one, the workers, and the one that compares where there is one. */
  readonly threads: number;
}

const HEAP_GROWTH = 1.05;
/** What is compiled, cached and pooled grows for a while. A leak grows each time. */
const MAX_ROUNDS = 6;
/** A thread that had nothing to do has fewer timers than one that had, and rests later than a round is awaited. A leak adds one each time. */
const MAX_ROUNDS_OF_TIMERS = 3;
const TIMERS = /^Timeout /;
const SETTLE_MS = 6_000;
/** The look itself has a connection to the admin API, and a second one where two looks met: unused, it ends after 30 s. A leak stays. */
const SETTLE_SOCKETS_MS = 40_000;
const SOCKETS = /^socket /;

interface Holdings {
  /** By kind, without connections to upstreams that wait for their next use. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** Active handles by thread and kind, without sockets, which are descriptors. */
  readonly handles: Readonly<Record<string, number>>;
  readonly heapBytes: number;
}

/** Runs `round` until it leaves no more behind than the time before. @throws when it never does, or when it leaves anything that is not memory */
export async function leavesNothing(rig: Rig, round: () => Promise<void>): Promise<void> {
  await round();
  let before = await take(rig);
  const heaps = [before.heapBytes];
  for (let rounds = 1; ; rounds++) {
    await round();
    const { after, more } = await settled(rig, before);
    if (more.some((each) => !TIMERS.test(each)) || (more.length > 0 && rounds >= MAX_ROUNDS_OF_TIMERS))
      throw new Error(`left behind: ${more.join(', ')}`);
    heaps.push(after.heapBytes);
    if (after.heapBytes <= before.heapBytes * HEAP_GROWTH && more.length === 0) break;
    if (rounds === MAX_ROUNDS) throw new Error(`the heap grows each time: ${heaps.map((bytes) => `${bytes >> 10} KiB`).join(', ')}`);
    before = { ...before, heapBytes: after.heapBytes, handles: more.length > 0 ? after.handles : before.handles };
  }
  figure(`leak check: ${expect.getState().currentTestName}`, { 'heap KiB': heaps.map((bytes) => bytes >> 10).join(' ') });
  expect(await rig.sluice.metric('sluice_internal_errors_total')).toBe(0);
}

/** What is held now, once it has come down to `before` or when the time for that is over; and what is more than before. */
async function settled(rig: Rig, before: Holdings): Promise<{ readonly after: Holdings; readonly more: readonly string[] }> {
  const began = performance.now();
  for (;;) {
    const now = await take(rig);
    const more = [...surplus(before.descriptors, now.descriptors), ...surplus(before.handles, now.handles)];
    const patience = more.every((each) => SOCKETS.test(each)) ? SETTLE_SOCKETS_MS : SETTLE_MS;
    if (more.length === 0 || performance.now() - began > patience) return { after: now, more };
    await pause(100);
  }
}

function surplus(before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): string[] {
  const grown = Object.keys(now).filter((kind) => now[kind]! > (before[kind] ?? 0));
  return grown.map((kind) => `${kind} (${before[kind] ?? 0} before, ${now[kind]} now)`);
}

async function take({ sluice, inside, workers, threads }: Rig): Promise<Holdings> {
  await sluice.untilQuiet();
  await eventually('all workers', async () => (await sluice.metric('sluice_workers', { state: 'serving' })) === workers, 15_000);
  const weights = await inside.weigh(threads);
  const heapBytes = weights.reduce((sum, weight) => sum + weight.heapBytes, 0);
  return { descriptors: await descriptorsOf(sluice), handles: handlesOf(weights), heapBytes };
}

/** Without connections to upstreams, of which there must be as many before as after the look. */
async function descriptorsOf(sluice: Sluice): Promise<Record<string, number>> {
  for (;;) {
    const upstreams = await upstreamConnections(sluice);
    const descriptors = list(sluice.pid);
    if ((await upstreamConnections(sluice)) !== upstreams) continue;
    return { ...descriptors, socket: (descriptors['socket'] ?? 0) - upstreams };
  }
}

async function upstreamConnections(sluice: Sluice): Promise<number> {
  const metrics = await sluice.metrics();
  return metrics.sum('sluice_endpoint_connections') + metrics.sum('sluice_mirror_connections');
}

function list(pid: number): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const [kind = ''] = readlinkSync(`/proc/${pid}/fd/${fd}`).split(':');
      // Each loop keeps one of these in reserve, to turn clients away with when there is no other: they come and go.
      if (kind === '/' || kind === '/dev/null') continue;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
    } catch {
      // Closed since it was listed.
    }
  }
  return kinds;
}

function handlesOf(weights: readonly Weight[]): Record<string, number> {
  const handles: Record<string, number> = {};
  for (const { thread, resources } of weights) {
    for (const [kind, count] of Object.entries(resources))
      if (!/Socket|Pipe|Req/.test(kind)) handles[`${kind} of thread ${thread}`] = count;
  }
  return handles;
}
