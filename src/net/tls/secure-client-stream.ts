// A TLS connection to an upstream as a byte stream, by documented parts of node:tls.

import type { TLSSocket } from 'node:tls';
import type { ByteStream, ConnectingOwner } from '../byte-stream.ts';
import { endsOf, plainAddress } from '../connection-ends.ts';
import type { ConnectionEnds } from '../connection-ends.ts';
import { NOTHING } from '../callback-stream.ts';

export class SecureClientStream implements ByteStream {
  owner: ConnectingOwner;
  #socket: TLSSocket | undefined;

  constructor(owner: ConnectingOwner) {
    this.owner = owner;
  }

  begin(socket: TLSSocket): void {
    this.#socket = socket;
  }

  get peer(): string {
    return plainAddress(this.#socket!.remoteAddress ?? '');
  }

  get ends(): ConnectionEnds | undefined {
    return endsOf(this.#socket!);
  }

  get unsentBytes(): number {
    return this.#socket!.writableLength;
  }

  get borrows(): boolean {
    return this.#socket!.writableLength > 0;
  }

  get needsDrain(): boolean {
    return this.#socket!.writableNeedDrain;
  }

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    return this.#socket!.write(text, encoding, onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    return this.#socket!.write(bytes, onFlushed);
  }

  cork(): void {
    this.#socket!.cork();
  }

  uncork(): void {
    this.#socket!.uncork();
  }

  growRead(): void {
    // Its memory is its own, and has its size.
  }

  pause(): void {
    this.#socket!.pause();
  }

  resume(): void {
    this.#socket!.resume();
  }

  probe(): void {
    this.#socket!.write(NOTHING);
  }

  keepHalfOpen(): void {
    this.#socket!.allowHalfOpen = true;
  }

  end(): void {
    this.#socket!.end();
  }

  abort(): void {
    this.#socket!.destroy();
  }

  destroy(): void {
    this.#socket!.destroy();
  }
}
