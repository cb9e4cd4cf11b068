// One connection of the admin API: the requests on it that have no whole response yet, and how it ends. A response under way is never cut
// by what the client sends behind its request.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../lib/clock.ts';
import { CLOSES, writeLocalHead } from '../http1/write-response.ts';
import { PROBLEM_TYPE, problemDetails } from './problem-reply.ts';
import { SAFE_HEADERS } from './safe-headers.ts';

/** `work` and `stream` have a place of their own, and bounds; anything else makes room for a newer connection. */
export type ResponseKind = 'open' | 'work' | 'stream';

interface UnderWay {
  readonly request: IncomingMessage;
  kind: ResponseKind;
  /** Called when the response has left or the connection is gone, whichever comes first. */
  onOver: (() => void) | undefined;
}

/** How long a client may take to end its side after we ended ours: many never do. */
const END_MS = 500;
/** Requests that may wait on one connection: those behind get no response, and the connection ends after the last that does. */
const MAX_PIPELINED = 16;

export class AdminConnection {
  readonly socket: Socket;
  /** Whose it is: an address, or the network of an IPv6 address, which one client can have all of. */
  readonly peer: string;
  /** When it was new, or calm again. */
  usedMs: number;
  readonly #clock: Pick<Clock, 'after' | 'nowMs'>;
  readonly #onCalm: (connection: AdminConnection) => void;
  readonly #underWay = new Map<ServerResponse, UnderWay>();
  #end: Timer | undefined = undefined;
  /** Nothing more is taken from it. */
  #closing = false;

  /** @param onCalm called when no response is under way any more */
  constructor(socket: Socket, clock: Pick<Clock, 'after' | 'nowMs'>, onCalm: (connection: AdminConnection) => void) {
    this.socket = socket;
    this.peer = peerOf(socket.remoteAddress);
    this.usedMs = clock.nowMs();
    this.#clock = clock;
    this.#onCalm = onCalm;
    // Node closes behind the last response at once; bytes of the client that nobody has read would then reset the connection, and a reset
    // takes the response away from a client that is still sending (RFC 9112 9.6).
    socket.destroySoon = () => this.#finish();
    socket.once('finish', () => this.#endSoon());
    socket.once('close', () => this.#gone());
  }

  /** How readily it makes room: 0 = nothing is under way, 1 = nothing that has a place, undefined = never. */
  get rank(): 0 | 1 | undefined {
    let rank: 0 | 1 = 0;
    for (const [response, { request, kind }] of this.#underWay) {
      if (kind !== 'open') return undefined;
      if (request.complete && !response.writableEnded) rank = 1;
    }
    return rank;
  }

  /** A request has come; false when it gets no response. */
  begin(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#closing) return false;
    if (this.#underWay.size >= MAX_PIPELINED) {
      this.#closing = true;
      return false;
    }
    this.#underWay.set(response, { request, kind: 'open', onOver: undefined });
    response.once('close', () => this.#over(response));
    return true;
  }

  /** The response has a place until it is over. */
  place(response: ServerResponse, kind: ResponseKind, onOver: () => void): void {
    const found = this.#underWay.get(response);
    if (found === undefined) return onOver();
    found.onOver?.();
    found.kind = kind;
    found.onOver = onOver;
  }

  /** What came is no request, or comes too slowly. What is under way and whole gets its response first. */
  refuse(status: number, detail = 'The request is malformed, too large or too slow.'): void {
    if (this.#closing || this.socket.writableEnded) return;
    this.#closing = true;
    if ([...this.#underWay.values()].some(({ kind }) => kind === 'stream')) return void this.socket.destroy();
    const body = JSON.stringify(problemDetails(status, detail));
    for (const [response, { request }] of this.#underWay) {
      if (request.complete || response.headersSent) continue;
      // Its body is what came: it was not carried out.
      response.writeHead(status, { ...SAFE_HEADERS, 'content-type': PROBLEM_TYPE, connection: 'close' }).end(body);
    }
    if (this.#underWay.size > 0) return;
    this.socket.end(writeLocalHead(status, `content-type: ${PROBLEM_TYPE}\r\n`, Buffer.byteLength(body), CLOSES) + body);
    this.#endSoon();
  }

  #over(response: ServerResponse): void {
    const found = this.#underWay.get(response);
    if (found === undefined) return;
    this.#underWay.delete(response);
    found.onOver?.();
    if (this.#underWay.size > 0) return;
    if (this.#closing) this.#finish();
    else this.#onCalm(this);
  }

  #finish(): void {
    this.#closing = true;
    this.socket.end();
    this.#endSoon();
  }

  #endSoon(): void {
    if (!this.socket.destroyed) this.#end ??= this.#clock.after(END_MS, () => this.socket.destroy(), { unref: true });
  }

  /** Node tells nothing of responses that waited behind another one. */
  #gone(): void {
    this.#closing = true;
    this.#end?.stop();
    for (const response of [...this.#underWay.keys()]) this.#over(response);
  }
}

/** Exported for tests. @returns empty on a Unix socket */
export function peerOf(address: string | undefined): string {
  if (address === undefined) return '';
  const bare = address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/, '');
  if (!bare.includes(':')) return bare;
  // The first 64 bits: the part that a provider gives to one client. `::` stands for as many zeros as are left out.
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + after.length < 8) groups.push('0');
  return `${[...groups, ...after].slice(0, 4).join(':')}::/64`;
}
