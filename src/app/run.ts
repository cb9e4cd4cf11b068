// `sluice run`: serves a config until it is told to stop.

import { resolve } from 'node:path';
import type { LoadResult } from '../config/decode.ts';
import { formatProblem } from '../config/problem.ts';
import { formatAddress } from '../config/address.ts';
import { readFingerprint } from '../control/sources/config-fingerprint.ts';
import type { Loaded } from '../control/submission.ts';
import { formatNotice } from '../cli/check.ts';
import type { Config } from '../config/model.ts';
import { after } from '../lib/clock.ts';
import { collectGarbage, isLargeHeap } from '../lib/heap.ts';
import type { Log } from '../lib/log.ts';
import { saveCompiled } from '../lib/compile-cache.js';
import { Instance } from './instance.ts';
import type { InstanceOptions } from './instance.ts';
import { findLastGood, findStateFolder } from '../control/sources/last-good.ts';
import { betterNode } from './node-version.ts';
import { openState } from './open-state.ts';
import { awaitStop, type UntilStopped } from './shutdown.ts';
import { onReopen } from './signals.js';
import type { Beside } from './takeover/take-over.ts';
import { Reader } from '../threads/reader.ts';
import type { EarlyWorker } from '../threads/spawn-worker.ts';

const SETTLED_MS = 1000;

export interface RunOptions {
  /** File or directory. */
  readonly config: string;
  readonly workers: number | undefined;
  /** Takes over from the process that runs with the same state, if there is one. */
  readonly takeover?: boolean;
  readonly log: Log;
  /** Told of a drain what it waits for; default: the log. */
  readonly tellLeft?: ((requests: number) => void) | undefined;
  /** Told once, when everything listens. */
  readonly onReady: (instance: Instance) => void;
  /** Serves the last known good config when this one has Problems; `stateDir`: where it is kept, if not where the config says. */
  readonly fallback?: { readonly stateDir: string | undefined } | undefined;
  /** A data-plane thread that was started before this code was loaded. */
  readonly early?: EarlyWorker | undefined;
  /** Changes the config after it was read (the demo puts its own upstreams in). */
  readonly transform?: (load: LoadResult) => LoadResult;
}

/** Exit code: 0 after a drain, 1 when the config is bad or an address cannot be bound. */
export async function run(options: RunOptions): Promise<number> {
  const { log, transform, workers, early, config: watchPath } = options;
  const reader = new Reader();
  const load = (): Promise<Loaded> => reader.config(watchPath);
  let instance: Instance;
  let beside: Beside | undefined;
  let untilStopped: UntilStopped;
  try {
    // Reading a large config takes a second: it is read again only if it changes while Sluice starts.
    const { digest: firstDigest } = await readFingerprint(resolve(watchPath));
    const start = await readFirst(options, reader);
    if (start === undefined) return await endWith(reader);
    const { config, ...beginning } = start;
    ({ beside } = beginning);
    instance = await Instance.open(config, { ...beginning, transform, firstDigest, load, reader, watchPath, workers, early, log });
    untilStopped = awaitStop(log, options.tellLeft ?? ((left) => log.info({ left }, 'requests are left')));
    const better = betterNode(process.version);
    if (better !== undefined) log.warn({ node: process.version, better }, 'this Node lacks security fixes: update it');
    await instance.start();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`sluice: ${message}\n`);
    beside?.fail(message);
    return endWith(reader);
  }
  onReopen(() => instance.reopenLogs());
  const stopped = untilStopped(instance);
  options.onReady(instance);
  after(SETTLED_MS, settle, { unref: true });
  return stopped;
}

async function endWith(reader: Reader): Promise<1> {
  await reader.close();
  return 1;
}

/** Once, when the start is over: its garbage would stay for as long as the instance is calm. Workers do the same before they serve. */
function settle(): void {
  saveCompiled();
  // That of a large config went before the instance was ready.
  if (!isLargeHeap()) collectGarbage();
}

type Start = Pick<InstanceOptions, 'first' | 'store' | 'beside' | 'lost' | 'lastGood'> & { readonly config: Config };

/** Undefined when there is nothing to serve; then it was said why. */
async function readFirst({ config: path, transform, log, fallback, takeover }: RunOptions, reader: Reader): Promise<Start | undefined> {
  const { read, alone } = await reader.first(path);
  const { config, problems, notices } = transform?.(alone) ?? alone;
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  for (const notice of notices) process.stderr.write(`${formatNotice(notice)}\n`);
  const besideIn = async (dir: string | undefined): Promise<Beside | undefined> => {
    if (takeover !== true || dir === undefined) return undefined;
    const { takeOver } = await import('./takeover/take-over.ts');
    return takeOver(dir, log);
  };
  if (config !== undefined) {
    const beside = await besideIn(config.state.dir);
    const opened = openState(config.state, { explicit: read.document?.value['state'] !== undefined, log });
    return { config, ...opened, beside, first: { read, alone }, lastGood: undefined };
  }
  if (fallback === undefined) return undefined;
  const dir = findStateFolder(path, read, fallback.stateDir);
  if (dir === undefined)
    throw new Error('there is no last known good config to fall back to: name the state folder, --fallback-to-last-good <dir>');
  const beside = await besideIn(dir);
  const { store, lost } = openState({ dir }, { explicit: true, log });
  const found = await findLastGood(store, path);
  if (found !== undefined)
    return { config: found.config, store, beside, lost, first: { read: found.read }, lastGood: { ...found, problems } };
  await store.close();
  throw new Error(`there is no last known good config to fall back to in ${dir}`);
}

/** `sluice ready: web 127.0.0.1:8080, admin 127.0.0.1:9901, 2 workers`. */
export function readyLine(instance: Instance): string {
  const listeners = instance.config.listeners.map(({ name, address }) => {
    const port = instance.ports[name];
    return `${name} ${formatAddress(address.kind === 'tcp' && port !== undefined ? { ...address, port } : address)}`;
  });
  const workers = instance.workers === 1 ? '1 worker' : `${instance.workers} workers`;
  const { adminAddress, probesAddress } = instance;
  const probes = probesAddress === undefined ? [] : [`probes ${formatAddress(probesAddress)}`];
  const ready = `sluice ready: ${[...listeners, `admin ${formatAddress(adminAddress)}`, ...probes, workers].join(', ')}`;
  return instance.isLastGood ? `${ready} (the last known good config, for the file has problems)` : ready;
}
