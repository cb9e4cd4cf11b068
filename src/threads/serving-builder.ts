// Joins a Table with the living pools and counters of this worker.

import type { Config } from '../config/model.ts';
import { ServedPool, ServedMirror } from '../proxy/serving-state.ts';
import type { ServingState } from '../proxy/serving-state.ts';
import { Sessions } from '../routing/sessions.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { PoolTable, Table } from '../routing/table.ts';
import { SplitChance } from './split-chance.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { RouteCounters } from '../telemetry/counters.ts';
import type { LivePools } from '../upstream/live-pools.ts';

interface Counted {
  readonly routes: Table['routes'];
  /** Of pools and versions. */
  readonly names: string;
  readonly counters: ServingState['routes'];
}

export class ServingBuilder {
  readonly #livePools: LivePools;
  readonly #counters: CounterSet;
  readonly #chance = new SplitChance();
  #last: Counted | undefined = undefined;

  constructor(livePools: LivePools, counters: CounterSet) {
    this.#livePools = livePools;
    this.#counters = counters;
  }

  /** @param memory of the sessions of each pool that has them */
  build(config: Config, table: Table, memory: Readonly<Record<string, SharedArrayBuffer>>): ServingState {
    const chance = this.#chance;
    chance.begin();
    const served = this.#livePools.apply(config.pools).map(({ name, versions }, index) => {
      const pool = table.pools[index]!;
      const sessions = Object.hasOwn(memory, name) ? new Sessions(memory[name]!) : undefined;
      const mirrors = this.#livePools.mirrorsOf(name).map((live, at) => {
        const mirror = pool.mirrors![at]!;
        return new ServedMirror(live, chance.slots([name, mirror.name], mirror.share), chance.stream([name, mirror.name], mirror.pool));
      });
      return new ServedPool({ versions, mirrors, sessions }, chance.stream([name], pool));
    });
    chance.end();
    return { table, pools: served, routes: this.#routeCounters(table), unrouted: this.#counters.route('', '', '') };
  }

  /** Counters of a key stay the same object; only other routes or names of versions call for others. */
  #routeCounters(table: Table): ServingState['routes'] {
    const names = JSON.stringify(table.pools.map(({ name, versions }) => [name, versions.map((version) => version.name)]));
    if (this.#last?.routes !== table.routes || this.#last.names !== names) {
      const counters = table.routes.map((route) => this.#countersOf(route, table.destinations[route.index]?.pool));
      this.#last = { routes: table.routes, names, counters };
    }
    return this.#last.counters;
  }

  #countersOf({ name }: RouteTable, pool: PoolTable | undefined): RouteCounters[] {
    const poolName = pool?.name ?? '';
    const versions = pool?.versions ?? [];
    return [this.#counters.route(name, poolName, ''), ...versions.map((version) => this.#counters.route(name, poolName, version.name))];
  }
}
