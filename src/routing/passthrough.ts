// Where the connections of a listener go that passes them through. Pure; nothing is known of them but the name that a client of TLS asks for.

import type { ListenerConfig, PassthroughConfig, PoolConfig } from '../config/model.ts';
import { AFFINITY_CLIENT_IP } from './affinity.ts';
import { HostIndex } from './host-index.ts';
import type { RoutableRequest } from './request.ts';
import type { Destination, PassthroughTable, PoolTable } from './table.ts';

/** What stands in place of a request where a version is chosen for a connection. */
export const NO_REQUEST: RoutableRequest = { method: '', path: '', query: '', authority: '', block: '' };

type Lead = NonNullable<ReturnType<PassthroughTable['find']>>;

class Passthrough implements PassthroughTable {
  readonly isByName: boolean;
  readonly #names: HostIndex<Lead>;
  readonly #others: Lead | undefined;

  constructor(config: PassthroughConfig, find: (pool: string) => PoolTable) {
    const places = new Map<string, Destination>();
    const to = (pool: string): Destination => {
      let place = places.get(pool);
      if (place === undefined) places.set(pool, (place = { pool: forConnections(find(pool)), version: undefined }));
      return place;
    };
    const byName = config.kind === 'sni';
    const others = byName ? config.otherwise : config.pool;
    this.isByName = byName;
    this.#names = new HostIndex(byName ? config.names.map(({ name, pool }) => [name, { destination: to(pool), name }] as const) : []);
    this.#others = others === undefined ? undefined : { destination: to(others), name: '' };
  }

  find(name: string): Lead | undefined {
    return (name === '' ? undefined : this.#names.find(name)) ?? this.#others;
  }
}

const ofConnections = new WeakMap<PoolConfig, PoolTable>();

/** The pool without what tells requests apart or copies them. It has the same place in the Table. */
function forConnections(pool: PoolTable): PoolTable {
  const isKeyed = pool.affinity?.kind === AFFINITY_CLIENT_IP;
  const isSame = (pool.affinity === undefined || isKeyed) && pool.overrides.length === 0 && pool.mirrors === undefined;
  if (isSame) return pool;
  const known = ofConnections.get(pool.config);
  if (known?.index === pool.index) return known;
  const made = { ...pool, overrides: [], mirrors: undefined, ...(isKeyed ? {} : { affinity: undefined, sessions: undefined }) };
  ofConnections.set(pool.config, made);
  return made;
}

/** By listener, of those that pass connections through. @throws an Error on an unknown pool */
export function compilePassthroughs(
  listeners: readonly ListenerConfig[],
  pools: readonly PoolTable[],
): ReadonlyMap<string, PassthroughTable> {
  const passing = listeners.filter(({ passthrough }) => passthrough !== undefined);
  const byName = new Map(passing.length === 0 ? [] : pools.map((pool) => [pool.name, pool]));
  const find = (name: string): PoolTable => {
    const pool = byName.get(name);
    if (pool === undefined) throw new Error(`connections are passed to the unknown pool ${name}`);
    return pool;
  };
  return new Map(passing.map(({ name, passthrough }) => [name, new Passthrough(passthrough!, find)]));
}
