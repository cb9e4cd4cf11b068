// For whom connections are that begin with a PROXY header: one connection of a client, and nobody else, for the endpoint takes every request on
// them for that client's. It keeps the unused ones until its client has gone, and never knows who that is.

import type { ProxyProtocol } from '../config/model.ts';

/** Unused connections that are kept for one client, to all endpoints together. */
const MAX_KEPT = 5;

/** Who has connections made in the name of a client. */
export interface Introducer {
  readonly introduction: Introduction;
}

interface KeptConnection {
  retire(): void;
}

export class Introduction {
  readonly #write: (version: ProxyProtocol) => string;
  /** The one used last is the last. */
  readonly #kept: KeptConnection[] = [];
  #ended = false;

  /** @param write makes the header, as latin1 text */
  constructor(write: (version: ProxyProtocol) => string) {
    this.#write = write;
  }

  /** What a connection begins with, as latin1 text. */
  header(version: ProxyProtocol): string {
    return this.#write(version);
  }

  /** The one of these that is kept for the client, and was used last; undefined: there is none. */
  find<Connection extends KeptConnection>(among: ReadonlySet<Connection>): Connection | undefined {
    for (let at = this.#kept.length - 1; at >= 0; at--) {
      const connection = this.#kept[at] as Connection;
      if (among.has(connection)) return connection;
    }
    return undefined;
  }

  /** Keeps an unused connection, if need be in place of the one that was used longest ago. False: its client has gone. */
  keep(connection: KeptConnection): boolean {
    if (this.#ended) return false;
    this.#kept.push(connection);
    if (this.#kept.length > MAX_KEPT) this.#kept[0]!.retire();
    return true;
  }

  /** It is used, or has closed. */
  forget(connection: KeptConnection): void {
    const at = this.#kept.indexOf(connection);
    if (at !== -1) this.#kept.splice(at, 1);
  }

  /** Its client has gone, or asks nothing more: no connection is kept for it from here on. */
  end(): void {
    this.#ended = true;
    for (const connection of this.#kept.splice(0)) connection.retire();
  }
}
