// A response that is a stream of events, as its exchange sees it.

import type { UpstreamStream } from '../upstream/protocol/upstream-stream.ts';

export interface EventStream {
  /** It ended before the upstream had ended it. */
  readonly isCut: boolean;
  /** Bytes were given to the client. False: the exchange has ended. */
  passed(upstream: UpstreamStream, from: number, to: number): boolean;
  /** What lay in the upstream's memory has left. */
  flushed(): void;
  /** The client has gone: that is how most of them end. */
  clientGone(): void;
  /** No byte has come for too long: it ends. */
  quiet(): void;
  /** The exchange is over. */
  close(): void;
}
