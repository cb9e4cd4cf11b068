// Joins a Table with the living pools and counters of this worker.

import type { CountedRollout, Update } from '../control/ports.ts';
import { ServedPool, ServedMirror } from '../proxy/serving-state.ts';
import type { ServingState } from '../proxy/serving-state.ts';
import { STEP_COUNT, finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { Sessions } from '../routing/sessions.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { PoolTable, Table } from '../routing/table.ts';
import type { EvidenceWriters } from './evidence-writers.ts';
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
  readonly #evidence: EvidenceWriters;
  #last: Counted = { routes: [], names: '', counters: [] };

  constructor(livePools: LivePools, counters: CounterSet, evidence: EvidenceWriters) {
    this.#livePools = livePools;
    this.#counters = counters;
    this.#evidence = evidence;
  }

  /** What `build` would take long for where there are many routes. @param table whose keys are placed */
  prepare(table: Table): Steps<void> {
    return this.#countRoutes(table);
  }

  /** @param table of the Config of the Update */
  build({ config, sessions: memory, rollouts }: Update, table: Table): ServingState {
    const chance = this.#chance;
    chance.begin();
    const served = this.#livePools.apply(config.pools).map(({ name, versions }, index) => {
      const pool = table.pools[index]!;
      const sessions = Object.hasOwn(memory, name) ? new Sessions(memory[name]!) : undefined;
      const mirrors = this.#livePools.mirrorsOf(name).map((live, at) => {
        const mirror = pool.mirrors![at]!;
        return new ServedMirror(live, chance.slots([name, mirror.name], mirror.share), chance.stream([name, mirror.name], mirror.pool));
      });
      const evidence = this.#evidence.writer(pool, rollouts);
      return new ServedPool({ versions, mirrors, sessions, evidence }, chance.stream([name], pool));
    });
    chance.end();
    finish(this.#countRoutes(table));
    const connects = this.#countConnects(table);
    return { table, pools: served, routes: this.#last.counters, connects, unrouted: this.#counters.route('', '', '') };
  }

  /** The same with other rollouts that count. */
  count(serving: ServingState, rollouts: readonly CountedRollout[]): ServingState {
    const pools = serving.pools.map((pool, index) => pool.counting(this.#evidence.writer(serving.table.pools[index]!, rollouts)));
    return { ...serving, pools };
  }

  #countConnects({ connects }: Table): ServingState['connects'] {
    const counted: (readonly RouteCounters[] | undefined)[] = [];
    for (const { pools } of connects.values()) for (const pool of pools) counted[pool.index] ??= this.#countersOf({ name: '' }, pool);
    return counted;
  }

  /** Counters of a key stay the same object; only other routes or names of versions call for others. */
  *#countRoutes({ pools, routes, destinations }: Table): Steps<void> {
    const names = JSON.stringify(pools.map(({ name, versions }) => [name, versions.map((version) => version.name)]));
    if (this.#last.routes === routes && this.#last.names === names) return;
    const counters: RouteCounters[][] = [];
    for (let index = 0; index < routes.length; index++) {
      counters.push(this.#countersOf(routes[index]!, destinations[index]?.pool));
      if (index % STEP_COUNT === STEP_COUNT - 1) yield;
    }
    this.#last = { routes, names, counters };
  }

  #countersOf({ name }: Pick<RouteTable, 'name'>, pool: PoolTable | undefined): RouteCounters[] {
    const poolName = pool?.name ?? '';
    const versions = pool?.versions ?? [];
    return [this.#counters.route(name, poolName, ''), ...versions.map((version) => this.#counters.route(name, poolName, version.name))];
  }
}
