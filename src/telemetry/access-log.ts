// One JSON line per exchange, written on the worker: built by hand, buffered, handed on in chunks.
// It never waits and never fails: whatever bytes a client sent, each line is one valid JSON object.

import { maskTarget } from '../lib/mask.ts';
import type { Observation } from './observation.ts';

/** Takes whole lines; must not throw or block. */
export type ChunkSink = (chunk: string, lines: number) => void;

/** Characters that are gathered before a chunk is handed on. */
export const CHUNK_CHARACTERS = 64 * 1024;

export class AccessLog {
  readonly #sink: ChunkSink;
  #sample: number;
  /** Share of a line that is owed; a line is written when it reaches 1. */
  #owed = 0;
  #chunk = '';
  #lines = 0;

  /** @param sample share of exchanges to log, 0 to 1, evenly spaced */
  constructor(sample: number, sink: ChunkSink) {
    this.#sample = sample;
    this.#sink = sink;
  }

  record(observation: Observation): void {
    this.#owed += this.#sample;
    // A tenth added ten times is a little less than one.
    if (this.#owed < 1 - 1e-9) return;
    this.#owed -= 1;
    this.#chunk += observation.protocol === '' ? formatLine(observation) : formatConnectionLine(observation);
    this.#lines += 1;
    if (this.#chunk.length >= CHUNK_CHARACTERS) this.flush();
  }

  /** Hands on what is gathered; its owner calls it every 200 ms and at the end. */
  flush(): void {
    if (this.#lines === 0) return;
    const chunk = this.#chunk;
    const lines = this.#lines;
    this.#chunk = '';
    this.#lines = 0;
    this.#sink(chunk, lines);
  }

  /** A reload changed the share. */
  resample(sample: number): void {
    this.#sample = sample;
  }
}

/** One line with its line feed. Durations are milliseconds, sizes bytes. */
export function formatLine(o: Observation): string {
  return (
    `{"time":"${isoTime(o.startedAtMs)}","listener":${text(o.listener)},"route":${text(o.route)},"pool":${text(o.pool)}` +
    `,"version":${text(o.version)}${o.deploy === '' ? '' : `,"deploy":${text(o.deploy)}`},"endpoint":${text(o.endpoint)},"method":${text(o.method)},"authority":${text(o.authority)}` +
    `,"target":${text(maskTarget(o.target))},"client":${text(o.client)},"requestId":${text(o.requestId)},"status":${count(o.status)}` +
    `,"outcome":${text(o.outcome)}${o.detail === '' ? '' : `,"detail":${text(o.detail)}`},"reason":${text(o.reason)},"attempts":${count(o.attempts)}` +
    `,"durationMs":${micros(o.durationMs)},"firstByteMs":${micros(o.firstByteMs)}` +
    `,"bytesIn":${count(o.bytesIn)},"bytesOut":${count(o.bytesOut)}${o.isHttp2 ? ',"protocol":"HTTP/2"' : ''}${o.tls === '' ? '' : `,"tls":${o.tls}`}}\n`
  );
}

/** The same of a connection that was passed through. */
export function formatConnectionLine(o: Observation): string {
  return (
    `{"time":"${isoTime(o.startedAtMs)}","protocol":${text(o.protocol)},"listener":${text(o.listener)},"pool":${text(o.pool)}` +
    `,"version":${text(o.version)}${o.deploy === '' ? '' : `,"deploy":${text(o.deploy)}`},"endpoint":${text(o.endpoint)}` +
    `,"serverName":${text(o.serverName)},"client":${text(o.client)},"requestId":${text(o.requestId)}` +
    `,"outcome":${text(o.outcome)}${o.detail === '' ? '' : `,"detail":${text(o.detail)}`},"reason":${text(o.reason)},"attempts":${count(o.attempts)}` +
    `,"durationMs":${micros(o.durationMs)},"firstByteMs":${micros(o.firstByteMs)},"bytesIn":${count(o.bytesIn)},"bytesOut":${count(o.bytesOut)}}\n`
  );
}

const NEEDS_ESCAPE = /["\\\x00-\x1f\x7f-\uffff]/;

function text(value: string): string {
  return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`;
}

function count(value: number): string {
  return Number.isFinite(value) ? `${value}` : '0';
}

function micros(ms: number): string {
  return count(Math.round(ms * 1000) / 1000);
}

/** The end of the year 9999: what is outside has no date of this form. */
const LAST_MS = 253_402_300_799_999;

let secondMs = Number.NaN;
let secondText = '';

/** Formatting a date costs more than the rest of the line, so its text is made once per second. */
function isoTime(epochMs: number): string {
  const ms = epochMs >= 0 && epochMs <= LAST_MS ? Math.floor(epochMs) : 0;
  const rest = ms % 1000;
  if (ms - rest !== secondMs) {
    secondMs = ms - rest;
    secondText = new Date(secondMs).toISOString().slice(0, -4);
  }
  return `${secondText}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}
