// Hands the workers what they serve: a Config with the endpoints that are known, and counters for all of it. It decides nothing.

import type { Config } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import { counterKeys } from './counter-keys.ts';
import { findChanges, logChanges } from './endpoint-changes.ts';
import type { DataPlane, EndpointDiscovery } from './ports.ts';
import type { Adoption } from '../api/scalars.ts';

export interface PublisherDeps {
  readonly dataPlane: DataPlane;
  readonly discovery: EndpointDiscovery;
  readonly counters: CounterRegistry;
  readonly log: Log;
}

export class Publisher {
  readonly #deps: PublisherDeps;
  #served: Config | undefined = undefined;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /** What the workers have; undefined before the first time. */
  get served(): Config | undefined {
    return this.#served;
  }

  /** With the endpoints that are known by now. */
  expand(config: Config): Config {
    return { ...config, pools: this.#deps.discovery.expand(config.pools) };
  }

  /** Rejects when the workers refuse it; then they serve what they served before. */
  async publish(revision: number, config: Config): Promise<Adoption> {
    const { counters, dataPlane } = this.#deps;
    const served = this.expand(config);
    const plan = counters.reserve(counterKeys(served));
    try {
      const workers = await dataPlane.apply({ revision, config: served, counters: plan });
      counters.commit(plan, workers.applied === workers.total ? 'all' : 'some');
      this.#served = served;
      return workers;
    } catch (error) {
      counters.cancel(plan);
      throw error;
    }
  }

  /** Hands over the endpoints of `config` that are others by now. No Table is compiled, no revision counted. */
  async follow(config: Config): Promise<void> {
    const before = this.#served;
    if (before === undefined) return;
    const { counters, dataPlane, log } = this.#deps;
    const after = this.expand(config);
    const versions = findChanges(before.pools, after.pools);
    if (versions.length === 0) return;
    const plan = counters.reserve(counterKeys(after));
    const workers = await dataPlane.setEndpoints({ config: after, versions, counters: plan });
    counters.commit(plan, workers.applied === workers.total ? 'all' : 'some');
    this.#served = after;
    logChanges(log, before.pools, versions);
  }
}
