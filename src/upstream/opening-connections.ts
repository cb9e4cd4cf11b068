// Connections of HTTP/2 that are being made: requests that come meanwhile wait for their streams, instead of having a connection each.

import type { Endpoint, PooledConnection } from './endpoint.ts';
import type { Http2Connection } from './protocol/http2/http2-connection.ts';
import type { RawRequest, StreamRequest } from './stream-request.ts';

export class OpeningConnections {
  /** The one that was begun last, of each endpoint. */
  readonly #opening = new Map<Endpoint, Http2Connection>();

  add(connection: Http2Connection): void {
    this.#opening.set(connection.endpoint, connection);
  }

  /** It is open, or takes nothing more. */
  forget(connection: PooledConnection): void {
    if (this.#opening.size > 0 && this.#opening.get(connection.endpoint) === connection) this.#opening.delete(connection.endpoint);
  }

  /** Whether `join` finds one. @param manner in which it must be made */
  mayJoin(endpoint: Endpoint, request: StreamRequest | RawRequest, manner: number): boolean {
    if (this.#opening.size === 0) return false;
    const connection = this.#opening.get(endpoint);
    if (connection === undefined || request.isRaw || request.upgrades) return false;
    const isSameClient = connection.introduction === undefined || connection.introduction === request.introduction;
    return connection.manner === manner && isSameClient && connection.mayJoin;
  }

  /** Lets the request wait for one. False: there is none. */
  join(endpoint: Endpoint, request: StreamRequest | RawRequest, manner: number): boolean {
    if (request.isRaw || !this.mayJoin(endpoint, request, manner)) return false;
    request.onConnecting(this.#opening.get(endpoint)!.join(request), endpoint);
    return true;
  }
}
