// What a downstream tells the exchange that it has begun; the other end of `Downstream`.

import type { RequestHead } from '../../http1/request-head.ts';
import type { Downstream } from './downstream.ts';

export interface RequestSink {
  /** Filled by the downstream before `begin`. */
  readonly head: RequestHead;
  /** Whether the whole request has been read. */
  readonly requestDone: boolean;
  /** Whether an upstream takes what follows of the request as fast as it comes. */
  readonly passesBody: boolean;
  /** Whether a byte of the response may have left. */
  readonly responded: boolean;
  /** Whether the exchange waits for written bytes to leave. */
  readonly unflushed: boolean;
  /**
   * Starts on the request in `head`. `bytes` from `from` to `to` follow it; returns where the request ends in them. `ended`: a body whose kind does not
   * tell its end (BODY_STREAM) is over with them.
   */
  begin(downstream: Downstream, bytes: Buffer, from: number, to: number, ended: boolean): number;
  /** Body bytes of the request; returns where it ends in them. */
  onRequestBytes(bytes: Buffer, from: number, to: number): number;
  /** A body whose kind does not tell its end is over. @param trailers a header block */
  onRequestEnd(trailers: string): void;
  /** All written bytes have left. */
  onDownstreamFlushed(): void;
  /** The client neither sent nor took a byte for the time that it was given. */
  onDownstreamStalled(): void;
  /** The client went away: nobody wants the response any more. */
  onDownstreamClosed(): void;
  /** Forgets the exchange that has ended, so that the object may serve another. */
  reset(): void;
}
