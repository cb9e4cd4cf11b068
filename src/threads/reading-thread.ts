// Entry of the thread that reads texts: parses, decodes and judges, one after the other. A text that is too much for it ends this thread alone.

import { parentPort } from 'node:worker_threads';
import { decodeRead, readSent } from '../config/decode.ts';
import type { FileRead } from '../config/decode.ts';
import { loadEndpoints, readConfig } from '../config/load.ts';
import type { Config } from '../config/model.ts';
import { saveCompiled } from '../lib/compile-cache.js';
import type { FromReading, Job, ToReading } from './reading-messages.ts';

const ROUTES_PER_SLICE = 500;

const port = parentPort;
if (port === null) throw new Error('reading-thread.ts is started by Sluice, as a worker thread');
const post = (message: FromReading): void => port.postMessage(message);

interface Rest {
  readonly config: Config['routes'];
  readonly written: readonly unknown[];
  next: number;
}

let rest: Rest | undefined;

function work(job: Job): void {
  if (job.kind === 'endpoints') return post({ kind: 'endpoints', list: loadEndpoints(job.path) });
  sendConfig(job.kind === 'config' ? readConfig(job.path) : readSent(job.file, textOf(job.text), job.inForce));
}

/** Its bytes are gone afterwards: what is read of them needs the room. */
function textOf(text: string | Uint8Array): string {
  if (typeof text === 'string') return text;
  const decoded = new TextDecoder().decode(text);
  if (text.buffer instanceof ArrayBuffer) text.buffer.transfer(0);
  return decoded;
}

function sendConfig(read: FileRead): void {
  const load = decodeRead(read);
  const { document, ...facts } = read;
  const value = document?.value;
  const written = value?.['routes'];
  const { config } = load;
  // Of what has Problems nobody needs more than those.
  const isSliced = config !== undefined && Array.isArray(written) && written.length === config.routes.length;
  rest = isSliced ? { config: config.routes, written, next: 0 } : undefined;
  post({
    kind: 'config',
    load: { ...load, written: undefined, config: isSliced ? { ...config, routes: [] } : config },
    read: facts,
    value: value === undefined || !isSliced ? (config === undefined ? stateOf(value) : value) : { ...value, routes: [] },
    routes: isSliced ? config.routes.length : 0,
  });
}

/** Where the state is when the config has Problems. */
function stateOf(value: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> | undefined {
  return value === undefined ? undefined : { state: value['state'] };
}

function sendRoutes(): void {
  if (rest === undefined) return;
  const { config, written, next } = rest;
  const end = next + ROUTES_PER_SLICE;
  post({ kind: 'routes', config: config.slice(next, end), written: written.slice(next, end) });
  rest = end < config.length ? { config, written, next: end } : undefined;
}

let isFirst = true;
port.on('message', (message: ToReading) => {
  if (message.kind === 'more') return sendRoutes();
  work(message.job);
  if (isFirst) saveCompiled();
  isFirst = false;
});
