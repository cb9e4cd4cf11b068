// Entry of the thread that reads texts: parses, decodes and judges, one after the other. A text that is too much for it ends this thread alone.

import { parentPort } from 'node:worker_threads';
import { decodeRead, readSent } from '../config/decode.ts';
import type { FileRead, LoadResult } from '../config/decode.ts';
import { loadEndpoints, readConfig, withSecrets } from '../config/load.ts';
import type { Config } from '../config/model.ts';
import { saveCompiled } from '../lib/compile-cache.js';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import type { FromReading, Job, ToReading } from './reading-messages.ts';
import type { PoolPiece } from './known-pools.ts';
import { cutRoutes } from './route-pieces.ts';
import type { RoutePiece } from './route-pieces.ts';

/** What one message holds, about: some milliseconds for who gets it. */
const [MESSAGE_LENGTH, MESSAGE_ENDPOINTS] = [64 * 1024, 100];

const port = parentPort;
if (port === null) throw new Error('reading-thread.ts is started by Sluice, as a worker thread');
const post = (message: FromReading): void => port.postMessage(message);

/** What has not been sent yet. */
interface Rest {
  readonly pools: Iterator<PoolPiece, void>;
  readonly routes: Iterator<RoutePiece, void>;
}

let rest: Rest | undefined;

function work(job: Job): void {
  if (job.kind === 'endpoints') return post({ kind: 'endpoints', list: loadEndpoints(job.path) });
  const read = job.kind === 'config' ? readConfig(job.path) : readSent(job.file, textOf(job.text), job.inForce);
  const load = decodeRead(read);
  // What is sent names secrets that may be in use already: control judges them.
  sendConfig(read, job.kind === 'config' ? withSecrets(read, load) : load);
}

/** Its bytes are gone afterwards: what is read of them needs the room. */
function textOf(text: string | Uint8Array): string {
  if (typeof text === 'string') return text;
  const decoded = new TextDecoder().decode(text);
  if (text.buffer instanceof ArrayBuffer) text.buffer.transfer(0);
  return decoded;
}

function sendConfig(read: FileRead, load: LoadResult): void {
  const { document, ...facts } = read;
  const value = document?.value;
  const { config } = load;
  const parts = value && config && partsOf(value, config);
  rest = parts;
  post({
    kind: 'config',
    load: { ...load, written: undefined, config: config && parts ? { ...config, pools: [], routes: [] } : config },
    read: facts,
    // Of what has Problems nobody needs more than those.
    value: config === undefined ? stateOf(value) : parts === undefined ? value : { ...value, pools: {}, routes: [] },
    parts: config && parts && { pools: config.pools.length, routes: config.routes.length },
  });
}

/** Undefined where what is written is not what is decoded, one by one. */
function partsOf({ pools, routes }: Plain, config: Config): Rest | undefined {
  if (!Array.isArray(routes) || routes.length !== config.routes.length) return undefined;
  if (!isMap(pools) || Object.keys(pools).length !== config.pools.length) return undefined;
  const pieces = config.pools.map((pool): PoolPiece => ({ config: pool, written: pools[pool.name] }));
  return { pools: pieces.values(), routes: cutRoutes(config.routes, routes) };
}

/** Where the state is when the config has Problems. */
function stateOf(value: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> | undefined {
  return value === undefined ? undefined : { state: value['state'] };
}

function sendParts(): void {
  const pools = take(rest?.pools, MESSAGE_ENDPOINTS, ({ config }) =>
    config.versions.reduce((sum, { endpoints }) => sum + endpoints.length, 1),
  );
  const routes = pools.length > 0 ? [] : take(rest?.routes, MESSAGE_LENGTH, ({ text }) => text.length);
  post({ kind: 'parts', pools, routes });
}

function take<T>(from: Iterator<T, void> | undefined, most: number, sizeOf: (piece: T) => number): T[] {
  const pieces: T[] = [];
  for (let size = 0; size < most;) {
    const next = from?.next();
    if (next === undefined || next.done === true) break;
    pieces.push(next.value);
    size += sizeOf(next.value);
  }
  return pieces;
}

let isFirst = true;
port.on('message', (message: ToReading) => {
  if (message.kind === 'more') return sendParts();
  work(message.job);
  if (isFirst) saveCompiled();
  isFirst = false;
});
