// Where CONNECT may lead on one listener: authorities as clients name them, and the pool of each. What is not in it is refused.

import type { ConnectConfig, ListenerConfig } from '../config/model.ts';
import { hostOfAuthority, portOf } from './host.ts';
import type { ConnectTable, Destination, PoolTable } from './table.ts';

class ConnectPlaces implements ConnectTable {
  readonly pools: readonly PoolTable[];
  /** By `host:port` and `*.x:port`. */
  readonly #places: ReadonlyMap<string, Destination>;

  constructor(places: ReadonlyMap<string, Destination>) {
    this.#places = places;
    this.pools = [...new Set([...places.values()].map(({ pool }) => pool))];
  }

  find(authority: string): Destination | undefined {
    const host = hostOfAuthority(authority);
    const port = ':' + portOf(authority);
    const exact = this.#places.get(host + port);
    if (exact !== undefined) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#places.get('*' + host.slice(dot) + port);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** By listener, of those that allow CONNECT. */
export function compileConnects(listeners: readonly ListenerConfig[], pools: readonly PoolTable[]): ReadonlyMap<string, ConnectTable> {
  const allowing = listeners.filter(({ connect }) => connect.length > 0);
  const byName = new Map(allowing.length === 0 ? [] : pools.map((pool) => [pool.name, pool]));
  return new Map(allowing.map(({ name, connect }) => [name, new ConnectPlaces(compilePlaces(connect, byName))]));
}

function compilePlaces(connect: readonly ConnectConfig[], pools: ReadonlyMap<string, PoolTable>): ReadonlyMap<string, Destination> {
  return new Map(
    connect.map(({ authority, pool: name }) => {
      const pool = pools.get(name);
      if (pool === undefined) throw new Error(`connect to ${authority} names the unknown pool ${name}`);
      return [authority, { pool, version: undefined }];
    }),
  );
}
