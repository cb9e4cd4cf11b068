// What a connection to an endpoint asks of the endpoints' set that made it.

import type { ProxyProtocol, UpstreamProtocol } from '../../config/model.ts';
import type { HeadLimits } from '../../http/head-limits.ts';
import type { SecureConnector } from '../../net/connect.ts';
import type { Deadlines } from '../../lib/deadlines.ts';
import type { LiveConnection, PooledConnection } from '../endpoint.ts';

export interface ConnectionSettings {
  readonly responseLimits: HeadLimits;
  readonly connectMs: number;
  readonly idleMs: number;
  /** That a connection may carry at once, where its protocol allows many. */
  readonly streams: number;
}

export interface ConnectionOwner {
  readonly deadlines: Deadlines;
  readonly settings: ConnectionSettings;
  /** Makes its connections; undefined: they are plaintext. */
  readonly secure: SecureConnector | undefined;
  /** Whom all endpoints must prove to be; undefined: each its own name. */
  readonly serverName: string | undefined;
  /** Which header its connections begin with, if any. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly protocol: UpstreamProtocol;
  /** Another number whenever its connections are made otherwise than before: those of another manner are not used again. */
  readonly manner: number;
  /** An error that is ours, not the upstream's. */
  onFault(error: unknown): void;
  /** A new connection is open; called before the request that it was made for hears of it. */
  onOpened(): void;
  /** A stream was given back, and the connection may carry another one; unless somebody takes it, it stays unused. */
  onFree(connection: PooledConnection): void;
  /** It takes no further stream from here on. */
  onRetired(connection: PooledConnection): void;
  /** The connection is gone; called exactly once. */
  onClosed(connection: PooledConnection): void;
  /** The same of one that carries no streams. */
  onRawClosed(connection: LiveConnection): void;
}
