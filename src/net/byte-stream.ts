// A connection as a stream of bytes, whatever carries it: the one form in which the data plane sees sockets.
// Bytes are read into memory that the reader owns or shares, so that a read allocates nothing.

import type { ConnectionEnds } from './connection-ends.ts';

/** Whose stream it is: hears of everything that happens on it. */
export interface StreamOwner {
  /**
   * `length` bytes lie at the start of `bytes`, which the next read overwrites. False pauses reading until `resume`.
   * A stream that is already ended or destroyed reads nothing more.
   */
  onRead(bytes: Buffer, length: number): boolean;
  /** The peer has ended its side. */
  onEnd(): void;
  /** After a write that returned false: all that was written has left for the kernel. */
  onDrain(): void;
  /** Both sides are closed; the last call. */
  onGone(): void;
}

export interface ByteStream {
  /** Address of the peer, an IPv4-mapped one as IPv4; empty on a Unix socket. */
  readonly peer: string;
  /** Undefined on a Unix socket, and when the connection is gone. */
  readonly ends: ConnectionEnds | undefined;
  /** Bytes that the kernel has yet to take. */
  readonly unsentBytes: number;
  /** Whether bytes that were written last still lie where their writer has them: they must not change until they are flushed. */
  readonly borrows: boolean;
  /** Whether a write returned false and `onDrain` has yet to follow. */
  readonly needsDrain: boolean;
  /** Set before anything is read or written; without an owner events are lost. It may be handed over in between two reads, or inside one. */
  owner: StreamOwner | undefined;
  /** Writes text; `onFlushed` follows when it has left for the kernel. False: wait for `onDrain` before more. */
  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean;
  /** Writes bytes, which must not change until they are flushed. Otherwise like `writeText`. */
  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean;
  /** What is written from here on leaves with `uncork`, in one write. */
  cork(): void;
  uncork(): void;
  /**
   * Called in `onRead`: more of the same is expected. The next read may use larger memory when this one was full, and its bytes may be
   * kept (`net/large-memory`). It holds for one read.
   */
  growRead(): void;
  pause(): void;
  resume(): void;
  /** Finds out whether a peer that is not read has reset the connection: `onGone` follows then. What it has ended cannot be seen so. */
  probe(): void;
  /** From here on the end of the peer's side does not end ours. */
  keepHalfOpen(): void;
  /** Ends this side after what is written; the peer may go on sending. */
  end(): void;
  /** Closes with a reset, so that the peer cannot take what it has received for all there is. TCP only. */
  abort(): void;
  /** Closes at once; `onGone` follows. */
  destroy(): void;
}

/** The owner of a stream that is being connected. */
export interface ConnectingOwner extends StreamOwner {
  /** @param protocol that both sides have agreed on (ALPN), where it is over TLS; empty: none */
  onConnected(protocol?: string): void;
  /** Connecting, reading or writing has failed. `onGone` follows, except after a failed write: then reading goes on. */
  onError(error: NodeJS.ErrnoException): void;
}
