// A connection that the kernel has accepted for us, of which nothing is read yet: what it becomes is decided by its first bytes, where a
// listener speaks TLS or the PROXY protocol. Until then it is a handle without a socket, for many of them may never send any.

import type { Socket } from 'node:net';
import { plainAddress } from './connection-ends.ts';
import type { ByteStream, StreamOwner } from './byte-stream.ts';
import { EventStream } from './event-stream.ts';
import { GrowingStream } from './growing-stream.ts';
import type { HandshakeOwner, SecureByteStream } from './tls/secure-byte-stream.ts';

/** Hears of the first bytes of a connection, until it is opened, secured or destroyed. */
export interface FirstBytesOwner {
  /** What has come since the last call; the bytes may be kept. */
  onFirstBytes(bytes: Buffer): void;
  /** The client has ended its side or is gone; the last call. The connection is destroyed. */
  onFirstGone(): void;
}

/** Makes TLS of a connection; its code is loaded where a listener speaks TLS, and nowhere else. */
export interface ServerSide {
  fromHandle(handle: object, first: Buffer, handshake: HandshakeOwner): SecureByteStream;
  fromSocket(socket: Socket, first: Buffer, handshake: HandshakeOwner): SecureByteStream;
}

export interface Accepted {
  /** Address of the peer, an IPv4-mapped one as IPv4; empty on a Unix socket. */
  readonly peer: string;
  /** Reads its first bytes, and goes on until it becomes something else. Called again, another hears of what follows. */
  peek(owner: FirstBytesOwner): void;
  /** Becomes a stream of plain bytes. Those that were peeked at are not read again. */
  open(): ByteStream;
  /** Becomes a stream of TLS. @param first the bytes that were peeked at, as far as TLS is concerned */
  secure(side: ServerSide, first: Buffer, handshake: HandshakeOwner): SecureByteStream;
  destroy(): void;
}

/** What is used of the handle of a connection. */
export interface ConnectionHandle {
  /** Only ever a function: Node aborts the process at anything else. */
  onread: (bytes: ArrayBuffer | undefined) => void;
  reading: boolean;
  readStart(): number;
  readStop(): number;
  setNoDelay?(on: boolean): number;
  getpeername?(into: { address?: string }): number;
  close(): void;
}

export class AcceptedHandle implements Accepted {
  readonly #handle: ConnectionHandle;

  constructor(handle: ConnectionHandle) {
    this.#handle = handle;
  }

  get peer(): string {
    const name: { address?: string } = {};
    this.#handle.getpeername?.(name);
    return plainAddress(name.address ?? '');
  }

  peek(owner: FirstBytesOwner): void {
    const handle = this.#handle;
    handle.onread = (bytes) => {
      if (bytes !== undefined) return owner.onFirstBytes(Buffer.from(bytes));
      this.destroy();
      owner.onFirstGone();
    };
    if (handle.reading) return;
    handle.reading = true;
    // A connection that is gone by now.
    if (handle.readStart() === 0) return;
    this.destroy();
    owner.onFirstGone();
  }

  open(): ByteStream {
    this.#release();
    const stream = new GrowingStream(this.#handle);
    stream.on('error', onSocketError);
    stream.setNoDelay(true);
    return stream;
  }

  secure(side: ServerSide, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
    this.#release();
    this.#handle.setNoDelay?.(true);
    return side.fromHandle(this.#handle, first, handshake);
  }

  destroy(): void {
    this.#release();
    this.#handle.close();
  }

  #release(): void {
    const handle = this.#handle;
    if (!handle.reading) return;
    handle.readStop();
    handle.reading = false;
    handle.onread = ignore;
  }
}

/** The same by documented events, where Node's private parts are not as expected. */
export class AcceptedSocket implements Accepted {
  readonly #socket: Socket;
  #owner: FirstBytesOwner | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', onSocketError);
  }

  get peer(): string {
    return plainAddress(this.#socket.remoteAddress ?? '');
  }

  peek(owner: FirstBytesOwner): void {
    const isRead = this.#owner !== undefined;
    this.#owner = owner;
    if (!isRead) this.#socket.on('data', this.#onData).on('end', this.#onGone).on('close', this.#onGone);
  }

  open(): ByteStream {
    this.#release();
    return new EventStream<StreamOwner>(this.#socket, undefined, undefined);
  }

  secure(side: ServerSide, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
    this.#release();
    this.#socket.pause();
    return side.fromSocket(this.#socket, first, handshake);
  }

  destroy(): void {
    this.#release();
    this.#socket.destroy();
  }

  readonly #onData = (bytes: Buffer): void => this.#owner?.onFirstBytes(bytes);

  readonly #onGone = (): void => {
    const owner = this.#owner;
    this.destroy();
    owner?.onFirstGone();
  };

  #release(): void {
    this.#owner = undefined;
    this.#socket.off('data', this.#onData).off('end', this.#onGone).off('close', this.#onGone);
  }
}

/** A reset is always followed by `close`; there is nothing more to learn from it. */
function onSocketError(): void {}

function ignore(): void {}
