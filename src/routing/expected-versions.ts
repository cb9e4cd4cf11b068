// Which version responds to a request by a Table: one where the request decides it, else each with its probability. It takes the same steps as
// serving does, draws nothing, and changes no state.

import { chooseFor } from './choose.ts';
import { heaviestVersion } from './split.ts';
import { NO_REQUEST } from './passthrough.ts';
import { isAmbiguousPath } from './path.ts';
import type { SessionMemory, SessionReader } from './session-reader.ts';
import { Choice } from './choice.ts';
import type { PoolState } from './pool-state.ts';
import type { RoutableRequest } from './request.ts';
import type { RouteTable } from './route-table.ts';
import type { Destination, PoolTable, Table } from './table.ts';

export interface Side {
  readonly table: Table;
  /** Whether a version has a ready endpoint. */
  ready(pool: PoolTable, version: number): boolean;
  /** Which version users have; undefined where none is remembered. It finds nothing for a pool whose users are moved. */
  readonly memory?: SessionMemory | undefined;
  /** How many users have each version; undefined in a pool where they are not counted. */
  users?(pool: string): ReadonlyMap<string, number> | undefined;
}

export interface SeenRequest {
  readonly listener: string;
  readonly request: RoutableRequest;
  /** The name that a connection asked for which was passed through; undefined: it was a request. */
  readonly serverName?: string | undefined;
  /** The client's address; empty when unknown. */
  readonly client: string;
  /** How many requests it stands for in the sample. */
  readonly standsFor: number;
}

/** What responds, by name, each with its probability; they add up to 1. */
export type VersionShares = ReadonlyMap<string, number>;

/** Weights of the versions that take part in a choice, by name. */
export interface Taking {
  readonly pool: PoolTable;
  readonly weights: ReadonlyMap<string, number>;
  /** Of their hashes, by name: where one differs, the version has other users. */
  readonly seeds: ReadonlyMap<string, number>;
  readonly total: number;
  /** Versions that are chosen and do not respond. */
  readonly silent: ReadonlySet<string>;
}

/** Says which version responds to requests by one Table. */
export class ExpectedVersions {
  readonly #side: Side;
  readonly #choice = new Choice();
  /** Shares that chance decides, by pool; they are the same for many requests. */
  readonly #drawn = new Map<PoolTable, VersionShares>();

  constructor(side: Side) {
    this.#side = side;
  }

  of({ listener, request, client, serverName }: SeenRequest): VersionShares {
    const { matchers, destinations, passthroughs } = this.#side.table;
    const passthrough = passthroughs.get(listener);
    if (passthrough !== undefined || serverName !== undefined) {
      const lead = passthrough?.find(serverName ?? '');
      return lead === undefined ? only('no_route') : this.#poolVersions(lead.destination, NO_REQUEST, client);
    }
    if (isAmbiguousPath(request.path)) return only('bad_request');
    const route = matchers.get(listener)?.find(request)?.route;
    if (route === undefined) return only('no_route');
    const destination = destinations[route.index];
    return destination === undefined ? only(localReplyName(route)) : this.#poolVersions(destination, request, client);
  }

  #poolVersions(destination: Destination, request: RoutableRequest, client: string): VersionShares {
    const { pool } = destination;
    const state = new UndecidedState(this.#side, pool);
    chooseFor(destination, request, client, state, this.#choice);
    if (!state.drawn) return only(nameOf(pool, this.#choice.version?.name));
    const known = this.#drawn.get(pool) ?? sharesOf(takingOf(pool, this.#side));
    this.#drawn.set(pool, known);
    return known;
  }
}

/** Versions that are not ready take no part, unless the pool fails instead, or lets requests wait for them. */
export function takingOf(pool: PoolTable, side: Side): Taking {
  const all = pool.versions.filter(({ index }) => pool.weights[index]! > 0);
  const ready = all.filter(({ index }) => side.ready(pool, index));
  const isStrict = pool.fallback === 'fail';
  const taking = isStrict || (ready.length === 0 && pool.holds) ? all : ready;
  const silent = isStrict && !pool.holds ? all.filter((version) => !ready.includes(version)) : [];
  const weights = new Map(taking.map(({ name, index }) => [name, pool.weights[index]!]));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const seeds = new Map(taking.map(({ name, index }) => [name, pool.seeds[index]!]));
  return { pool, weights, seeds, total, silent: new Set(silent.map(({ name }) => name)) };
}

export function sharesOf({ pool, weights, total, silent }: Taking): VersionShares {
  if (total === 0) return only(nameOf(pool, undefined));
  const shares = new Map<string, number>();
  for (const [version, weight] of weights) {
    const name = nameOf(pool, silent.has(version) ? undefined : version);
    shares.set(name, (shares.get(name) ?? 0) + weight / total);
  }
  return shares;
}

/** The state of a pool whose versions all have started; it tells whether chance was asked. */
class UndecidedState implements PoolState {
  readonly #side: Side;
  readonly #pool: PoolTable;
  drawn = false;

  constructor(side: Side, pool: PoolTable) {
    this.#side = side;
    this.#pool = pool;
  }

  ready(version: number): boolean {
    return this.#side.ready(this.#pool, version);
  }

  rampShare(): number {
    return 1;
  }

  chance(): number {
    return 0;
  }

  nextVersion(): number {
    this.drawn = true;
    return heaviestVersion(this.#pool, () => true);
  }

  nextReadyVersion(): number {
    return heaviestVersion(this.#pool, (version) => this.ready(version));
  }

  newKey(): string {
    this.drawn = true;
    return 'new';
  }

  get sessions(): SessionReader | undefined {
    return this.#pool.sessions === undefined ? undefined : this.#side.memory?.find(this.#pool.name);
  }

  wallSeconds(): number {
    return this.#side.memory?.wallSeconds() ?? 0;
  }
}

/** Total variation: the share that must go to another when as many as possible stay. */
export function difference(one: VersionShares, other: VersionShares): number {
  let more = 0;
  for (const [name, share] of one) more += Math.max(0, share - (other.get(name) ?? 0));
  // Equal shares differ by 0, whatever rounding makes of their sums.
  return more < 1e-12 ? 0 : Math.min(1, more);
}

/** What responds, by name. No name holds a blank. */
export function nameOf(pool: PoolTable, version: string | undefined): string {
  return version === undefined ? 'no_endpoint' : `${pool.name} ${version}`;
}

/** A redirect or a fixed response is the same when it says the same, whatever its route is called. */
function localReplyName({ config }: RouteTable): string {
  return JSON.stringify(config.action);
}

function only(name: string): VersionShares {
  return new Map([[name, 1]]);
}
