// An upstream whose responses can be checked to the last byte: it makes bodies by recipe and says what it received.
//
//   GET  /bytes/SIZE/SEED            that many bytes of `recipe`; `?chunked` without a length; `?slow=MS` in ten pieces over that time
//   POST /digest                     `LENGTH SHA256` of the body it received, when all of it is here
//   GET  /hold                       responds when the test calls `release()`
//   any                              x-version, x-request-id as received

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { open } from './open.ts';

const PATTERN_BYTES = 4 * 1024 * 1024;
/** Not periodic over any length that a buffer size could hide. Made by one call: many files begin with it. */
const pattern = createHash('shake256', { outputLength: PATTERN_BYTES + 65_536 })
  .update('pattern')
  .digest();

/** The body that `/bytes/SIZE/SEED` has: shifted, dropped or repeated bytes make another one. */
export function recipe(size: number, seed: number): Buffer {
  const from = (seed * 61) % 65_536;
  if (size > PATTERN_BYTES) return Buffer.concat([pattern.subarray(from, from + PATTERN_BYTES), recipe(size - PATTERN_BYTES, seed + 1)]);
  return pattern.subarray(from, from + size);
}

export function digestOf(bytes: Buffer): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
}

export class LoadUpstream {
  readonly version: string;
  readonly address: string;
  /** Requests begun. */
  requests = 0;
  readonly #server: Server;
  #held: ServerResponse[] = [];

  constructor(version: string, server: Server) {
    const bound = server.address();
    this.version = version;
    this.address = `127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
    this.#server = server;
    server.on('request', (request, response) => void this.#respond(request, response));
  }

  /** Exchanges that wait at `/hold`. */
  get held(): number {
    return this.#held.length;
  }

  release(): void {
    for (const response of this.#held.splice(0)) response.end('released');
  }

  close(): Promise<void> {
    this.release();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const id = request.headers['x-request-id'];
    response.setHeader('x-version', this.version);
    if (typeof id === 'string') response.setHeader('x-request-id', id);
    const url = new URL(request.url ?? '/', 'http://upstream');
    const [, what, size, seed] = url.pathname.split('/');
    if (what === 'digest') return this.#digest(request, response);
    request.resume();
    if (what === 'hold') {
      this.#held.push(response);
      return;
    }
    const body = recipe(what === 'bytes' ? Number(size) : 2, what === 'bytes' ? Number(seed) : 0);
    if (!url.searchParams.has('chunked')) response.setHeader('content-length', body.length);
    const slowMs = Number(url.searchParams.get('slow') ?? 0);
    if (slowMs > 0) await this.#drip(response, body, slowMs);
    else response.end(body);
  }

  async #drip(response: ServerResponse, body: Buffer, slowMs: number): Promise<void> {
    const step = Math.ceil(body.length / 10);
    for (let at = 0; at < body.length && !response.destroyed; at += step) {
      response.write(body.subarray(at, at + step));
      await pause(slowMs / 10);
    }
    response.end();
  }

  #digest(request: IncomingMessage, response: ServerResponse): void {
    const hash = createHash('sha256');
    let length = 0;
    request.on('error', () => undefined);
    request.on('data', (bytes: Buffer) => {
      hash.update(bytes);
      length += bytes.length;
    });
    request.on('end', () => response.end(`${length} ${hash.digest('hex')}`));
  }
}

export async function startLoadUpstream(version = 'v1'): Promise<LoadUpstream> {
  const server = createServer();
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  return open(new LoadUpstream(version, server));
}
