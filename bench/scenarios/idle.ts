// What an idle connection costs in memory, kept after a request or a tunnel: resident size before and after many are open.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Generator } from '../load/load.ts';
import { pause, startChild, startServer, waitForOutput } from '../machine/children.ts';
import { waitUntilServing } from '../machine/ports.ts';
import { openFilesLimit, residentBytes } from '../machine/usage.ts';
import type { Rival, RunningRival } from '../rivals/rival.ts';

export interface IdleMeasurement {
  readonly rival: string;
  readonly connections: number;
  /** Connections that could not be opened or got no response. */
  readonly failed: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly bytesPerConnection: number;
  /** Why nothing was measured; empty otherwise. */
  readonly failure: string;
}

const CLIENT = new URL('../servers/idle-client.ts', import.meta.url).pathname;
const OPEN_TIMEOUT_MS = 120_000;
/** Long enough for a collector that is due to run, short enough for no timeout of ours. */
const SETTLE_MS = 3_000;
/** Files that the proxy needs besides. */
const SPARE_FILES = 500;

/** A tunnel needs two files of the proxy. */
const FILES = { requests: 1, tunnels: 2 } as const;
export type IdleKind = keyof typeof FILES;

interface Tools {
  readonly generator: Generator;
  readonly dir: string;
}

export async function measureIdle(rival: Rival, kind: IdleKind, wanted: number, tools: Tools): Promise<IdleMeasurement> {
  const connections = Math.min(wanted, Math.floor((openFilesLimit() - SPARE_FILES) / FILES[kind]));
  const upstream = await startServer('load', 'upstream.ts');
  const dir = join(tools.dir, `${kind}-${rival.name}`);
  mkdirSync(dir, { recursive: true });
  const none = { rival: rival.name, connections, failed: 0, beforeBytes: 0, afterBytes: 0, bytesPerConnection: NaN };
  let running: RunningRival | undefined;
  try {
    running = await rival.start(upstream.port, dir);
    await waitUntilServing(running.child, running.port, '/');
    return { ...(await growth(running, kind, connections, tools)), rival: rival.name, connections, failure: '' };
  } catch (error) {
    return { ...none, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await Promise.all([running?.child.stop(), upstream.child.stop()]);
  }
}

type Growth = Pick<IdleMeasurement, 'failed' | 'beforeBytes' | 'afterBytes' | 'bytesPerConnection'>;

async function growth(running: RunningRival, kind: IdleKind, connections: number, tools: Tools): Promise<Growth> {
  const { port, pids } = running;
  // Code, pools and the young heap are at their size before the first connection is counted.
  await tools.generator.load({ request: { port, path: '/', bodyBytes: 0 }, connections: 64, seconds: 3, dir: tools.dir });
  await pause(SETTLE_MS);
  const beforeBytes = residentBytes(pids);
  const client = startChild({ role: 'load', file: process.execPath, args: [CLIENT, String(port), String(connections), kind] });
  try {
    const [, opened = '0', failed = '0'] = await waitForOutput(client, /^open (\d+), failed (\d+)$/m, OPEN_TIMEOUT_MS);
    await pause(SETTLE_MS);
    const afterBytes = residentBytes(pids);
    return {
      failed: Number(failed),
      beforeBytes,
      afterBytes,
      bytesPerConnection: (afterBytes - beforeBytes) / Math.max(1, Number(opened)),
    };
  } finally {
    await client.stop();
  }
}
