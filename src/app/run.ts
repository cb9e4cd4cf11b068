// `sluice run`: serves a config until it is told to stop.

import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { LoadResult } from '../config/decode.ts';
import { formatProblem } from '../config/problem.ts';
import { formatAddress } from '../config/address.ts';
import { readFingerprint } from '../control/config-fingerprint.ts';
import { formatNotice } from '../cli/check.ts';
import type { Log } from '../lib/log.ts';
import { Instance } from './instance.ts';
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
  const { log } = options;
  const load = (): LoadResult => {
    const result = loadConfig(options.config);
    return options.adapt === undefined ? result : options.adapt(result);
  };
  // Reading a large config takes a second: it is read again only if it changes while Sluice starts.
  const { digest: firstDigest } = await readFingerprint(resolve(options.config));
  const first = load();
  for (const problem of first.problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (first.config === undefined) return 1;
  for (const notice of first.notices) process.stderr.write(`${formatNotice(notice)}\n`);
  const instance = new Instance(first.config, { first, firstDigest, load, watchPath: options.config, workers: options.workers, log });
  try {
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
