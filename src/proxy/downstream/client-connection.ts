// A connection of a client, whatever it speaks, as its listener knows it.

import type { ByteStream } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import type { ProxyContext } from '../context.ts';
import type { ExchangePool } from '../exchange-pool.ts';
import type { DownstreamOwner } from './downstream.ts';

export interface ClientConnection {
  /** Address of the client. */
  readonly peer: string;
  /** Requests begun on it. */
  readonly requests: number;
  /** Whether a request is being served or has begun to arrive. */
  readonly busy: boolean;
  /** What a PROXY header has named; undefined: nobody, or there was none. */
  named: ConnectionEnds | undefined;
  /** Its listener leaves: the client is told, where its protocol can say so beside a response. */
  retire(): void;
  /** Ends it, which serves nothing: what is written leaves before. */
  linger(): void;
  /** What does not end by itself is to end within this time. */
  leave(withinMs: number): void;
  /** Closes it at once, as if its client had gone. */
  onGone(): void;
}

/** The listener, as its connections know it. */
export interface ConnectionOwner extends DownstreamOwner {
  readonly context: ProxyContext;
  readonly exchanges: ExchangePool;
  /** It leaves: no connection is kept. */
  readonly closing: boolean;
  /** A connection that has served nothing turns out to speak HTTP/2. @param first what it has sent so far, which may be kept */
  onHttp2(connection: ClientConnection, stream: ByteStream, first: Buffer): void;
  onStreamOpened(): void;
  onStreamClosed(): void;
  /** Called once for each connection. */
  onConnectionClosed(connection: ClientConnection): void;
}
