// Joins a Table with the living pools and counters of this worker.

import type { Config } from '../config/model.ts';
import { freshFraction } from '../lib/random.ts';
import { Lease } from '../proxy/serving.ts';
import type { Serving } from '../proxy/serving.ts';
import { LowDiscrepancySequence } from '../routing/sequence.ts';
import type { RouteTable, Table } from '../routing/table.ts';
import type { CounterSet } from '../telemetry/counter-set.ts';
import type { RouteCounters } from '../telemetry/counters.ts';
import type { Registry } from '../upstream/registry.ts';

export class ServingBuilder {
  readonly #registry: Registry;
  readonly #counters: CounterSet;
  /** By pool name: a reload does not start a split's sequence anew, which would bend the shares. */
  #sequences = new Map<string, LowDiscrepancySequence>();

  constructor(registry: Registry, counters: CounterSet) {
    this.#registry = registry;
    this.#counters = counters;
  }

  build(config: Config, table: Table): Serving {
    const sequences = new Map<string, LowDiscrepancySequence>();
    const leases = this.#registry.apply(config.pools).map((pool) => {
      const sequence = this.#sequences.get(pool.name) ?? new LowDiscrepancySequence(freshFraction());
      sequences.set(pool.name, sequence);
      return new Lease(pool.versions, sequence);
    });
    this.#sequences = sequences;
    const routes = table.routes.map((route) => this.#routeCounters(route));
    return { table, leases, routes, unrouted: this.#counters.route('', '', '') };
  }

  #routeCounters(route: RouteTable): RouteCounters[] {
    const pool = route.pool?.name ?? '';
    const versions = route.pool?.versions ?? [];
    return [this.#counters.route(route.name, pool, ''), ...versions.map((version) => this.#counters.route(route.name, pool, version.name))];
  }
}
