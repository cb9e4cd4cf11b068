// Joins a Table with the living pools and counters of this worker.

import type { Config } from '../config/model.ts';
import { freshFraction } from '../lib/random.ts';
import { ServedPool, ServedMirror } from '../proxy/serving-state.ts';
import type { ServingState } from '../proxy/serving-state.ts';
import { LowDiscrepancySequence } from '../routing/sequence.ts';
import { Sessions } from '../routing/sessions.ts';
import type { RouteTable } from '../routing/route-table.ts';
import type { PoolTable, Table } from '../routing/table.ts';
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
  /** By pool, mirror and use: a reload does not start a sequence anew, which would bend the shares. */
  #sequences = new Map<string, LowDiscrepancySequence>();
  #last: Counted | undefined = undefined;

  constructor(livePools: LivePools, counters: CounterSet) {
    this.#livePools = livePools;
    this.#counters = counters;
  }

  /** @param memory of the sessions of each pool that has them */
  build(config: Config, table: Table, memory: Readonly<Record<string, SharedArrayBuffer>>): ServingState {
    const sequences = new Map<string, LowDiscrepancySequence>();
    const sequenceOf = (...names: readonly string[]): LowDiscrepancySequence => {
      const id = names.join('\n');
      const sequence = this.#sequences.get(id) ?? new LowDiscrepancySequence(freshFraction());
      sequences.set(id, sequence);
      return sequence;
    };
    const served = this.#livePools.apply(config.pools).map(({ name, versions }) => {
      const sessions = Object.hasOwn(memory, name) ? new Sessions(memory[name]!) : undefined;
      const mirrors = this.#livePools.mirrorsOf(name).map((live) => {
        return new ServedMirror(live, sequenceOf(name, live.name, 'sample'), sequenceOf(name, live.name, 'version'));
      });
      return new ServedPool({ versions, mirrors, sessions }, sequenceOf(name));
    });
    this.#sequences = sequences;
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
