// The rollouts that count at present: what the workers are handed for them with each Table, and who hears of news.

import type { PoolConfig } from '../config/model.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { CountedPair, CountedRollout, RolloutCounts } from './ports.ts';
import { Counts } from './rollout-counts.ts';

export interface RolloutEvidenceDeps {
  readonly counters: Pick<CounterRegistry, 'blocks' | 'workers'>;
  /** 0 <= x < 1; not to be guessed. */
  readonly chance: () => number;
}

export class RolloutEvidence {
  readonly #deps: RolloutEvidenceDeps;
  /** By pool, the latest: it has one rollout at a time. */
  readonly #open = new Map<string, Counts>();
  #version = 0;
  #toldVersion = 0;
  /** The canary of this pool has done something bad; at once, and at most once a few milliseconds. */
  onNews: (pool: string) => void = () => undefined;

  constructor(deps: RolloutEvidenceDeps) {
    this.#deps = deps;
  }

  /** Counts from the next Update on; see `DataPlane.setRollouts` where none is due. Another one of the pool counts no more. */
  open(pair: CountedPair): RolloutCounts {
    const counts = new Counts(pair, { ...this.#deps, onChange: () => this.#version++ });
    this.#open.set(pair.pool, counts);
    this.#version++;
    return counts;
  }

  /** Grows with each change of what counts. */
  get version(): number {
    return this.#version;
  }

  /** Whether something is other than the workers were told last. */
  get changed(): boolean {
    return this.#version !== this.#toldVersion;
  }

  /** The workers have what was planned at this version. */
  told(version: number): void {
    this.#toldVersion = version;
  }

  /** For the workers that serve these pools. */
  plan(pools: readonly PoolConfig[]): readonly CountedRollout[] {
    return pools.map((pool) => this.#open.get(pool.name)?.plan(pool)).filter((counted) => counted !== undefined);
  }

  /** A worker says that there is news of the rollout of this pool. */
  tell(pool: string): void {
    this.onNews(pool);
  }
}
