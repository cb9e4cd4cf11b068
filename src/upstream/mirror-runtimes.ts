// All living mirrors of one worker. A reload keeps what it did not change.

import type { MirrorConfig, PoolConfig, VersionEndpoints } from '../config/model.ts';
import { MirrorRuntime } from './mirror-runtime.ts';
import type { MirrorDeps } from './mirror-runtime.ts';

export class Mirrors {
  readonly #deps: MirrorDeps;
  /** By pool, in the order of the Config. */
  #mirrors: ReadonlyMap<string, readonly MirrorRuntime[]> = new Map();
  /** By pool and version: whether all of it is drained. */
  #drained: ReadonlySet<string> = new Set();

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  /** Makes the living mirrors match `pools`. */
  apply(pools: readonly PoolConfig[]): void {
    const byName = new Map(pools.map((pool) => [pool.name, pool]));
    const gone = new Set([...this.#mirrors.values()].flat());
    const drained = pools.flatMap(({ name, versions }) =>
      versions.filter(({ drain }) => drain !== false).map((each) => `${name}\n${each.name}`),
    );
    this.#drained = new Set(drained);
    this.#mirrors = new Map(
      pools.map((pool) => {
        const known = new Map(this.of(pool.name).map((mirror) => [mirror.name, mirror]));
        const mirrors = pool.mirrors.map((config) => {
          const target = byName.get(config.pool ?? pool.name)!;
          const mirror = known.get(config.name) ?? new MirrorRuntime(pool.name, config, target, this.#deps);
          gone.delete(mirror);
          mirror.configure(config, target);
          this.#configureSecondaries(mirror, config, pool);
          return mirror;
        });
        return [pool.name, mirrors];
      }),
    );
    for (const mirror of gone) mirror.retire();
  }

  /** Those of a pool, in the order of the Config. */
  of(pool: string): readonly MirrorRuntime[] {
    return this.#mirrors.get(pool) ?? [];
  }

  setEndpoints(versions: readonly VersionEndpoints[]): void {
    for (const { pool, version, endpoints } of versions) {
      const drains = this.#drained.has(`${pool}\n${version}`);
      for (const mirror of this.#all()) if (mirror.target === pool) mirror.setEndpoints(version, endpoints, drains);
    }
  }

  secure(): void {
    for (const mirror of this.#all()) mirror.secure();
  }

  markHealth(unhealthy: ReadonlySet<string>): void {
    for (const mirror of this.#all()) mirror.markHealth(unhealthy);
  }

  /** Second copies have endpoints, bounds and a breaker of their own, too. */
  #configureSecondaries(mirror: MirrorRuntime, config: MirrorConfig, pool: PoolConfig): void {
    const isWanted = config.compare !== undefined && config.compare.noisePercent > 0;
    if (!isWanted) {
      mirror.secondaries?.retire();
      mirror.secondaries = undefined;
      return;
    }
    const ofPool = { ...config, pool: undefined, version: undefined };
    mirror.secondaries ??= new MirrorRuntime(pool.name, ofPool, pool, this.#deps);
    mirror.secondaries.configure(ofPool, pool);
  }

  *#all(): Iterable<MirrorRuntime> {
    for (const mirror of [...this.#mirrors.values()].flat()) {
      yield mirror;
      if (mirror.secondaries !== undefined) yield mirror.secondaries;
    }
  }
}
