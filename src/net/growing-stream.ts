// A connection that reads into memory shared by all of its kind, and into large memory of its own while a transfer fills that.
// Where the next read goes is said after each read, by the documented function of `onread`; an idle connection has no memory.

import { nextTurn } from '../lib/clock.ts';
import type { StreamOwner } from './byte-stream.ts';
import { CallbackStream } from './callback-stream.ts';
import type { ReadOptions } from './callback-stream.ts';
import { LARGE_BYTES, beginRead, endRead, giveLarge, takeLarge } from './large-memory.ts';

/** What all of them read into as long as little comes: what is kept of a read is copied before the next. */
const SHARED = Buffer.allocUnsafeSlow(65536);
/** Large reads of one connection before others come first: as much as the 32 reads of a turn (libuv) bring in shared memory. */
const MAX_LARGE_READS = (32 * SHARED.length) / LARGE_BYTES;

/** Where the next read of the stream goes that is passing one on, or being made; undefined: where its last one went. */
let next: Buffer | undefined = undefined;
/** Those that read on in the next turn of the event loop. */
let resting: GrowingStream[] = [];

const READ: ReadOptions = {
  buffer: () => {
    const memory = next;
    next = undefined;
    return memory;
  },
  callback: onRead,
};

export class GrowingStream extends CallbackStream<StreamOwner> {
  /** What it reads into, where that is not the shared memory. */
  large: Buffer | undefined = undefined;
  /** Large reads in a row. */
  largeReads = 0;
  grows = false;
  #paused = false;
  #rests = false;

  constructor(handle: object) {
    next = SHARED;
    super({ handle, allowHalfOpen: true, onread: READ }, undefined);
    next = undefined;
    this.on('close', onClose);
  }

  override growRead(): void {
    this.grows = true;
  }

  override pause(): this {
    this.#paused = true;
    return super.pause();
  }

  override resume(): this {
    this.#paused = false;
    return this.#rests ? this : super.resume();
  }

  /** Reads nothing until the next turn of the event loop. */
  rest(): void {
    this.largeReads = 0;
    this.#rests = true;
    super.pause();
    if (resting.push(this) === 1) nextTurn(endRest);
  }

  endRest(): void {
    this.#rests = false;
    if (!this.#paused && !this.destroyed) super.resume();
  }
}

function onRead(this: unknown, length: number, bytes: Uint8Array): boolean {
  const stream = this as GrowingStream;
  const { owner, large } = stream;
  stream.grows = false;
  if (large !== undefined) beginRead(large);
  const more = owner === undefined || owner.onRead(bytes as Buffer, length);
  const grows = stream.grows && length >= SHARED.length && !stream.destroyed;
  if (large !== undefined) leaveLarge(stream, large, grows);
  else if (grows) {
    stream.large = takeLarge();
    next = stream.large;
  }
  return more;
}

/** After a read into `large`: it is read into again, unless somebody has kept it or little has come. */
function leaveLarge(stream: GrowingStream, large: Buffer, grows: boolean): void {
  const kept = endRead();
  stream.largeReads = grows ? stream.largeReads + 1 : 0;
  if (stream.largeReads === MAX_LARGE_READS) stream.rest();
  if (grows && !kept) return;
  if (!kept) giveLarge(large);
  stream.large = grows ? takeLarge() : undefined;
  next = stream.large ?? SHARED;
}

function endRest(): void {
  const rested = resting;
  resting = [];
  for (const stream of rested) stream.endRest();
}

function onClose(this: GrowingStream): void {
  if (this.large !== undefined) giveLarge(this.large);
  this.large = undefined;
}
