// Any socket as a byte stream, by documented events alone. It serves where callbacks cannot: on a Node whose private parts have changed.
// What a read brings is copied into the reader's memory where it has some.

import type { Socket } from 'node:net';
import { soon } from '../lib/clock.ts';
import type { ByteStream, StreamOwner } from './byte-stream.ts';
import { endsOf, plainAddress } from './connection-ends.ts';
import type { ConnectionEnds } from './connection-ends.ts';
import { NOTHING } from './callback-stream.ts';

export class EventStream<Owner extends StreamOwner> implements ByteStream {
  owner: Owner | undefined;
  #socket: Socket;
  readonly #memory: Buffer | undefined;
  /** Read, and not yet passed on: the owner has paused in the middle of it. */
  #rest: Buffer | undefined = undefined;
  #paused = false;

  /** @param memory what its owner reads from; undefined when any bytes will do */
  constructor(socket: Socket, memory: Buffer | undefined, owner: Owner | undefined) {
    this.owner = owner;
    this.#socket = socket;
    this.#memory = memory;
    this.#follow(socket);
  }

  /** The connection goes on in another socket, made of the one that it was: what becomes of that is told by the new one alone. */
  goOnIn(socket: Socket): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose);
    this.#socket = socket;
    this.#follow(socket);
  }

  get peer(): string {
    return plainAddress(this.#socket.remoteAddress ?? '');
  }

  get ends(): ConnectionEnds | undefined {
    return endsOf(this.#socket);
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get borrows(): boolean {
    return this.#socket.writableLength > 0;
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    return this.#socket.write(text, encoding, onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    return this.#socket.write(bytes, onFlushed);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  growRead(): void {
    // Node chooses the memory.
  }

  probe(): void {
    this.#socket.write(NOTHING);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    // As with any read, nothing arrives while the owner is still in the call that asks for it.
    if (this.#rest === undefined) this.#socket.resume();
    else soon(() => this.#passRest());
  }

  keepHalfOpen(): void {
    this.#socket.allowHalfOpen = true;
  }

  end(): void {
    this.#socket.end();
  }

  abort(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#rest = undefined;
    this.#socket.destroy();
  }

  #follow(socket: Socket): void {
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain).on('close', this.#onClose);
  }

  readonly #onData = (bytes: Buffer): void => this.#pass(bytes);
  readonly #onEnd = (): void => this.owner?.onEnd();
  readonly #onDrain = (): void => this.owner?.onDrain();
  readonly #onClose = (): void => this.owner?.onGone();

  #passRest(): void {
    const rest = this.#rest;
    if (rest === undefined || this.#paused) return;
    this.#rest = undefined;
    this.#pass(rest);
    if (!this.#paused && this.#rest === undefined) this.#socket.resume();
  }

  /** In parts that fit into the memory, until the owner pauses. */
  #pass(bytes: Buffer): void {
    const most = this.#memory?.length ?? bytes.length;
    for (let from = 0; from < bytes.length && !this.#socket.destroyed; from += most) {
      if (this.#paused) {
        this.#rest = bytes.subarray(from);
        return;
      }
      if (!this.#passPart(bytes.subarray(from, from + most))) this.pause();
    }
  }

  #passPart(part: Buffer): boolean {
    if (this.#memory === undefined) return this.owner?.onRead(part, part.length) ?? true;
    part.copy(this.#memory);
    return this.owner?.onRead(this.#memory, part.length) ?? true;
  }
}
