// `sluice run`: serves a config until it is told to stop.

import { resolve } from 'node:path';
import { decodeRead } from '../config/decode.ts';
import type { LoadResult } from '../config/decode.ts';
import { readConfig } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import { formatAddress } from '../config/address.ts';
import { readFingerprint } from '../control/config-fingerprint.ts';
import type { Loaded } from '../control/orders.ts';
import { formatNotice } from '../cli/check.ts';
import type { Log } from '../lib/log.ts';
import { Instance } from './instance.ts';
import { openState } from './open-state.ts';
import { untilStopped } from './shutdown.ts';

export interface RunOptions {
  /** File or directory. */
  readonly config: string;
  readonly workers: number | undefined;
  readonly log: Log;
  /** Told once, when everything listens. */
  readonly onReady: (instance: Instance) => void;
  /** Changes the config after it was read (the demo puts its own upstreams in). */
  readonly adapt?: (load: LoadResult) => LoadResult;
}

/** Exit code: 0 after a drain, 1 when the config is bad or an address cannot be bound. */
export async function run(options: RunOptions): Promise<number> {
  const { log, adapt } = options;
  const load = (): Loaded => ({ read: readConfig(options.config) });
  // Reading a large config takes a second: it is read again only if it changes while Sluice starts.
  const { digest: firstDigest } = await readFingerprint(resolve(options.config));
  const read = readConfig(options.config);
  const alone = decodeRead(read);
  const { config, problems, notices } = adapt?.(alone) ?? alone;
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (config === undefined) return 1;
  for (const notice of notices) process.stderr.write(`${formatNotice(notice)}\n`);
  let instance: Instance;
  try {
    const store = openState(config.state, { explicit: read.document?.value['state'] !== undefined, log });
    const { workers } = options;
    instance = new Instance(config, { first: { read, alone }, store, adapt, firstDigest, load, watchPath: options.config, workers, log });
    await instance.start();
  } catch (error) {
    process.stderr.write(`sluice: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  const stopped = untilStopped(instance, log);
  options.onReady(instance);
  return stopped;
}

/** `sluice ready: web 127.0.0.1:8080, admin 127.0.0.1:9901, 2 workers`. */
export function readyLine(instance: Instance): string {
  const listeners = instance.config.listeners.map(({ name, address }) => {
    const port = instance.ports[name];
    return `${name} ${formatAddress(address.kind === 'tcp' && port !== undefined ? { ...address, port } : address)}`;
  });
  const workers = instance.workers === 1 ? '1 worker' : `${instance.workers} workers`;
  return `sluice ready: ${[...listeners, `admin ${formatAddress(instance.adminAddress)}`, workers].join(', ')}`;
}
