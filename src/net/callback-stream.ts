// A socket that reads by callback into given memory. Node's own sockets allocate 64 KiB for every read.
// It is the socket itself, not an object around one, and its listeners are shared functions: ten thousand idle connections must cost little.

import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';
import type { ByteStream, StreamOwner } from './byte-stream.ts';
import { endsOf, plainAddress } from './connection-ends.ts';
import type { ConnectionEnds } from './connection-ends.ts';

/** A write of nothing meets an error of the connection, and changes nothing else. */
export const NOTHING = Buffer.alloc(0);

/** Options of a socket that reads into `buffer`, to be shared by all sockets that read into the same one. */
export function readInto(buffer: Buffer): ReadOptions {
  return { buffer, callback: onRead };
}

export interface ReadOptions {
  /** Memory, or a function that says after each read, and before the first, where the next one goes: undefined means where the last went. */
  readonly buffer: Buffer | (() => Buffer | undefined);
  readonly callback: (length: number, bytes: Uint8Array) => boolean;
}

export class CallbackStream<Owner extends StreamOwner> extends Socket implements ByteStream {
  owner: Owner | undefined;

  constructor(options: object, owner: Owner | undefined) {
    // `handle` is what node:net itself passes; it is missing from the published types.
    super(options as SocketConstructorOpts);
    this.owner = owner;
    this.on('end', onEnd).on('drain', onDrain).on('close', onClose);
  }

  get peer(): string {
    return plainAddress(this.remoteAddress ?? '');
  }

  get ends(): ConnectionEnds | undefined {
    return endsOf(this);
  }

  get unsentBytes(): number {
    return this.writableLength;
  }

  get borrows(): boolean {
    return this.writableLength > 0;
  }

  get needsDrain(): boolean {
    return this.writableNeedDrain;
  }

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    return this.write(text, encoding, onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    return this.write(bytes, onFlushed);
  }

  growRead(): void {
    // Its memory is its own, and has its size.
  }

  probe(): void {
    this.write(NOTHING);
  }

  keepHalfOpen(): void {
    this.allowHalfOpen = true;
  }

  abort(): void {
    this.resetAndDestroy();
  }
}

type AnyStream = CallbackStream<StreamOwner>;

function onRead(this: unknown, length: number, bytes: Uint8Array): boolean {
  const { owner } = this as AnyStream;
  return owner === undefined || owner.onRead(bytes as Buffer, length);
}

function onEnd(this: AnyStream): void {
  this.owner?.onEnd();
}

function onDrain(this: AnyStream): void {
  this.owner?.onDrain();
}

function onClose(this: AnyStream): void {
  this.owner?.onGone();
}
