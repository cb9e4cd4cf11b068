// Load through one proxy after the other, in turns, so that a noisy minute of the machine falls on all of them.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Generator } from '../load/load.ts';
import { startServer } from '../machine/children.ts';
import { waitUntilServing } from '../machine/ports.ts';
import { cpuMicros, peakResidentBytes } from '../machine/usage.ts';
import type { Rival, RunningRival } from '../rivals/rival.ts';

export interface Load {
  readonly path: string;
  readonly bodyBytes: number;
  readonly connections: number;
  readonly seconds: number;
  readonly rounds: number;
}

interface Round {
  readonly cpuMicros: number;
  readonly requestsPerSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface Measurement {
  readonly rival: string;
  /** In the order they ran; the same position in two measurements means the same minute. */
  readonly rounds: readonly Round[];
  readonly peakBytes: number;
  readonly errors: number;
  /** Why there are no rounds; empty otherwise. */
  readonly failure: string;
}

interface Contestant {
  readonly rival: Rival;
  running: RunningRival | undefined;
  readonly rounds: Round[];
  peakBytes: number;
  errors: number;
  failure: string;
}

export async function measureRivals(
  rivals: readonly Rival[],
  load: Load,
  tools: { generator: Generator; dir: string },
): Promise<readonly Measurement[]> {
  const upstream = await startServer('load', 'upstream.ts');
  const contestants = rivals.map((rival): Contestant => ({ rival, running: undefined, rounds: [], peakBytes: 0, errors: 0, failure: '' }));
  const measure = (contestant: Contestant) => measureRound(contestant, load, tools);
  for (const each of contestants)
    await guard(each, () => startContestant(each, { upstreamPort: upstream.port, path: load.path, dir: tools.dir }));
  // The first round warms up: code is compiled, connections are made, buffers grow.
  for (const each of contestants) await guard(each, () => measure(each));
  contestants.forEach((each) => (each.rounds.length = 0));
  for (let round = 0; round < load.rounds; round++) {
    for (const each of contestants) await guard(each, async () => void each.rounds.push(await measure(each)));
  }
  contestants.forEach((each) => (each.peakBytes = peakResidentBytes(each.running?.pids ?? [])));
  await Promise.all([...contestants.map((each) => each.running?.child.stop()), upstream.child.stop()]);
  return contestants.map(({ rival, rounds, peakBytes, errors, failure }) => ({ rival: rival.name, rounds, peakBytes, errors, failure }));
}

async function startContestant(contestant: Contestant, front: { upstreamPort: number; path: string; dir: string }): Promise<void> {
  const dir = join(front.dir, contestant.rival.name.replaceAll(/\W/g, '-'));
  mkdirSync(dir, { recursive: true });
  contestant.running = await contestant.rival.start(front.upstreamPort, dir);
  const { child, port } = contestant.running;
  await waitUntilServing(child, port, front.path, contestant.running);
}

async function measureRound(contestant: Contestant, load: Load, tools: { generator: Generator; dir: string }): Promise<Round> {
  const { port, pids, secure = false } = contestant.running as RunningRival;
  const before = cpuMicros(pids);
  const request = { port, path: load.path, bodyBytes: load.bodyBytes, secure };
  const result = await tools.generator.load({ request, connections: load.connections, seconds: load.seconds, dir: tools.dir });
  const used = cpuMicros(pids) - before;
  if (result.requests === 0) throw new Error('responded to no request');
  contestant.errors += result.errors;
  return {
    cpuMicros: used / result.requests,
    requestsPerSecond: result.requests / result.seconds,
    p50Micros: result.p50Micros,
    p99Micros: result.p99Micros,
  };
}

/** One rival's failure is a line in the table, not the end of the run. */
async function guard(contestant: Contestant, step: () => Promise<unknown>): Promise<void> {
  if (contestant.failure !== '') return;
  try {
    await step();
  } catch (error) {
    contestant.failure = error instanceof Error ? error.message : String(error);
    contestant.rounds.length = 0;
    await contestant.running?.child.stop();
  }
}
