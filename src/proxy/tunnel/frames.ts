// Frames of WebSocket (RFC 6455, section 5) as they pass by: where one ends, so that a close frame of ours may follow it, and whether one side
// has said its last. It looks at headers alone, whatever they come in pieces of, and keeps no byte.

import { freshFraction } from '../../lib/random.ts';

export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_SERVICE_RESTART = 1012;

const OPCODE_CLOSE = 8;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Of one direction. */
export class FrameFollower {
  /** A close frame has begun: no other frame may follow it. */
  closed = false;
  /** What passes is not what RFC 6455 says: nobody knows where a frame ends. */
  lost = false;
  readonly #masked: boolean;
  /** Bytes of the payload that are yet to come. */
  #left = 0;
  /** Bytes of the header read so far, and those that it has. */
  #got = 0;
  #needs = 2;
  #lengthBytes = 0;
  #length = 0;

  /** @param sender frames of clients are masked, those of servers are not */
  constructor(sender: 'client' | 'server') {
    this.#masked = sender === 'client';
  }

  /** Whether a frame of ours may be put in here. */
  get atBoundary(): boolean {
    return !this.lost && this.#left === 0 && this.#got === 0;
  }

  /** Goes over the bytes from `from` to `to`. */
  follow(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to && !this.lost) at = this.#step(bytes, at, to);
  }

  /** The same up to the first end of a frame. Returns where that is, or `to`: then `atBoundary` tells whether it is one. */
  followToBoundary(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && !this.lost && !(at > from && this.atBoundary)) at = this.#step(bytes, at, to);
    return this.lost ? to : at;
  }

  #step(bytes: Uint8Array, at: number, to: number): number {
    if (this.#got === 0 && this.#left > 0) {
      const taken = Math.min(this.#left, to - at);
      this.#left -= taken;
      return at + taken;
    }
    this.#readHeader(bytes[at]!);
    return at + 1;
  }

  #readHeader(byte: number): void {
    const position = this.#got++;
    if (position === 0) this.closed ||= (byte & 0x0f) === OPCODE_CLOSE;
    else if (position === 1) this.#readLength(byte);
    else if (position < 2 + this.#lengthBytes) this.#length = this.#length * 256 + byte;
    if (position === 0 || this.#got < this.#needs) return;
    this.#got = 0;
    this.#left = this.#length;
    if (this.#length > Number.MAX_SAFE_INTEGER) this.lost = true;
  }

  #readLength(byte: number): void {
    const short = byte & 0x7f;
    this.#lengthBytes = short === LENGTH_16 ? 2 : short === LENGTH_64 ? 8 : 0;
    this.#length = this.#lengthBytes === 0 ? short : 0;
    this.#needs = 2 + this.#lengthBytes + (this.#masked ? 4 : 0);
    if (((byte & MASKED) !== 0) !== this.#masked) this.lost = true;
  }
}

/** A close frame with this code, as latin1 text. @param sender in whose name: a client masks what it sends */
export function closeFrame(code: number, sender: 'client' | 'server'): string {
  const payload = [code >> 8, code & 0xff];
  if (sender === 'server') return String.fromCharCode(0x80 | OPCODE_CLOSE, payload.length, ...payload);
  const mask = Array.from({ length: 4 }, () => Math.floor(freshFraction() * 256));
  const masked = payload.map((byte, at) => byte ^ mask[at]!);
  return String.fromCharCode(0x80 | OPCODE_CLOSE, MASKED | payload.length, ...mask, ...masked);
}
