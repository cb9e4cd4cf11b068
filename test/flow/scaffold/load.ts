// Load that trusts nothing: keep-alive connections, fresh connections and uploads, each response checked for status, length and
// content. What went wrong is told apart: `failed` (no or a wrong response), `truncated` (part of one), `refused` (no listener),
// `unaccepted` (a new connection was reset before a byte came back: a listening socket closed while the kernel held it; the
// server's count of accepted connections against `connections` proves it).
//
//   const load = startLoad({ port: sluice.port, keepAlive: 4, fresh: 2, uploads: 2 });
//   ... const tally = await load.stop();    tally.faults is what an assertion should show

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { digestOf, recipe } from './load-upstream.ts';
import { open } from './open.ts';
import { Ended, Wire } from './wire.ts';
import type { Message } from './wire.ts';

export interface LoadOptions {
  readonly port: number;
  /** Loops of each kind. */
  readonly keepAlive?: number;
  readonly fresh?: number;
  readonly uploads?: number;
  /** Between two requests of a loop; default 2 ms, so that a small machine is not saturated. */
  readonly pauseMs?: number;
  /** Bytes of an upload; default 200,000. */
  readonly uploadBytes?: number;
  /** Whether a refused connection ends its loop (a drain) rather than being tried again. */
  readonly untilRefused?: boolean;
}

export interface Tally {
  exchanges: number;
  failed: number;
  truncated: number;
  refused: number;
  unaccepted: number;
  /** On which a response came. */
  connections: number;
  /** Of responses, by version. */
  readonly versions: Map<string, number>;
  /** First faults, for people. */
  readonly faults: string[];
  slowestMs: number;
}

const SIZES = [0, 1, 300, 5_000, 17_000, 70_000];

export class Load {
  readonly tally: Tally = {
    exchanges: 0,
    failed: 0,
    truncated: 0,
    refused: 0,
    unaccepted: 0,
    connections: 0,
    versions: new Map(),
    faults: [],
    slowestMs: 0,
  };
  readonly #options: LoadOptions;
  readonly #loops: Promise<void>[];
  #stopping = false;
  #seed = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { keepAlive = 0, fresh = 0, uploads = 0 } = options;
    const many = (count: number, loop: () => Promise<void>) => Array.from({ length: count }, loop);
    this.#loops = [
      ...many(keepAlive, () => this.#loop(() => this.#download(), 'kept')),
      ...many(fresh, () => this.#loop(() => this.#download(), 'fresh')),
      ...many(uploads, () => this.#loop(() => this.#upload(), 'kept')),
    ];
  }

  /** Lets what is under way finish. */
  async stop(): Promise<Tally> {
    this.#stopping = true;
    await Promise.all(this.#loops);
    return this.tally;
  }

  /** Resolves when every loop was refused. */
  async finished(): Promise<Tally> {
    await Promise.all(this.#loops);
    return this.tally;
  }

  async close(): Promise<void> {
    await this.stop();
  }

  async #loop(exchange: () => (wire: Wire) => Promise<Message>, life: 'kept' | 'fresh'): Promise<void> {
    let wire: Wire | undefined;
    while (!this.#stopping) {
      if (wire === undefined || wire.ended) {
        wire?.destroy();
        wire = await this.#connect();
        if (wire === undefined && this.#options.untilRefused === true) return;
        if (wire === undefined) continue;
      }
      const keep = await this.#once(wire, exchange());
      if (life === 'fresh' || !keep) {
        wire.destroy();
        wire = undefined;
      }
      await pause(this.#options.pauseMs ?? 2);
    }
    wire?.destroy();
  }

  /** Whether the connection may be used again. */
  async #once(wire: Wire, exchange: (wire: Wire) => Promise<Message>): Promise<boolean> {
    const before = wire.total;
    const began = performance.now();
    try {
      const response = await exchange(wire);
      this.tally.exchanges++;
      if (before === 0) this.tally.connections++;
      this.tally.slowestMs = Math.max(this.tally.slowestMs, performance.now() - began);
      const version = response.field('x-version') ?? '';
      this.tally.versions.set(version, (this.tally.versions.get(version) ?? 0) + 1);
      return response.field('connection') !== 'close';
    } catch (error) {
      if (before === 0 && wire.total === 0 && wire.isReset) {
        this.tally.unaccepted++;
        return false;
      }
      const truncated = error instanceof Ended && wire.total > before;
      this.tally[truncated ? 'truncated' : 'failed']++;
      this.#fault(`${truncated ? 'truncated' : 'failed'}${wire.isReset ? ' by a reset' : ''}: ${String(error).slice(0, 300)}`);
      return false;
    }
  }

  #download(): (wire: Wire) => Promise<Message> {
    const seed = this.#seed++;
    const size = SIZES[seed % SIZES.length]!;
    const chunked = seed % 5 === 0 ? '?chunked' : '';
    return async (wire) => {
      await wire.write(`GET /bytes/${size}/${seed}${chunked} HTTP/1.1\r\nhost: a.example\r\n\r\n`);
      const response = await wire.readMessage();
      check(response, recipe(size, seed).toString('latin1'));
      return response;
    };
  }

  #upload(): (wire: Wire) => Promise<Message> {
    const seed = this.#seed++;
    const body = recipe(this.#options.uploadBytes ?? 200_000, seed);
    return async (wire) => {
      await wire.write(`POST /digest HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n`);
      const step = Math.ceil(body.length / 8);
      for (let at = 0; at < body.length; at += step) await wire.write(body.subarray(at, at + step));
      const response = await wire.readMessage();
      check(response, digestOf(body));
      return response;
    };
  }

  /** Undefined when nothing listens. */
  async #connect(): Promise<Wire | undefined> {
    const wire = new Wire(connect({ host: '127.0.0.1', port: this.#options.port, allowHalfOpen: true }));
    const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      wire.socket.once('connect', () => resolve(undefined)).once('error', resolve);
    });
    if (error === undefined) return wire;
    wire.destroy();
    if (error.code === 'ECONNREFUSED') this.tally.refused++;
    else if (error.code === 'ECONNRESET') this.tally.unaccepted++;
    else {
      this.tally.failed++;
      this.#fault(`connect: ${error.message}`);
    }
    await pause(5);
    return undefined;
  }

  #fault(text: string): void {
    if (this.tally.faults.length < 10) this.tally.faults.push(`${performance.now().toFixed(0)} ms ${text}`);
  }
}

export function startLoad(options: LoadOptions): Load {
  return open(new Load(options));
}

function check(response: Message, body: string): void {
  if (response.status !== 200) throw new Error(`status ${response.status}: ${response.head}${response.body.slice(0, 100)}`);
  if (response.body.length !== body.length) throw new Error(`${response.body.length} bytes instead of ${body.length}`);
  if (response.body !== body) throw new Error(`other bytes than were sent, of ${body.length}`);
}
