// How many connections (sockets, however many streams they carry) may be open to the endpoints of one version, or to all shadows of one mirror. Unused ones make room for new ones.

import type { Endpoint, PooledConnection } from './endpoint.ts';

/** Endpoints whose unused connections may be closed in favor of others. */
export interface EndpointGroup {
  readonly endpoints: readonly Endpoint[];
}

export class ConnectionLimit {
  /** Infinity where there is no bound. */
  limit = Infinity;
  /** Open connections, those being made included. */
  connections = 0;
  groups: readonly EndpointGroup[] = [];

  get isExceeded(): boolean {
    return this.connections > this.limit;
  }

  /** Takes over another bound; used connections beyond it are closed when they are given back. */
  configure(limit: number): void {
    this.limit = limit;
    while (this.isExceeded && this.#evictIdle());
  }

  /** Whether one more connection may be made, if need be in place of an unused one. */
  makeRoom(): boolean {
    while (this.connections >= this.limit) if (!this.#evictIdle()) return false;
    return true;
  }

  /** Closes an unused connection of any endpoint; false when all are in use. */
  #evictIdle(): boolean {
    for (const { endpoints } of this.groups) {
      for (const endpoint of endpoints) {
        const oldest = findUnused(endpoint.free) ?? findUnused(endpoint.reserved);
        if (oldest === undefined) continue;
        oldest.destroy();
        return true;
      }
    }
    return false;
  }
}

function findUnused(connections: Iterable<PooledConnection>): PooledConnection | undefined {
  for (const connection of connections) if (connection.streams === 0) return connection;
  return undefined;
}
