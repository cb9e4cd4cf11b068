// All living pools of one worker, by name. A reload keeps what it did not change: connections, load, latency.

import type { PoolConfig, VersionEndpoints } from '../config/model.ts';
import type { VersionDeploy } from '../telemetry/version-deploy.ts';
import { SharedEjections } from './resilience/shared-ejections.ts';
import type { OutlierEjector } from './resilience/outlier-ejector.ts';
import { identifyEndpoint, NOT_READY_UNHEALTHY } from './endpoint.ts';
import type { EndpointName } from './endpoint.ts';
import type { MirrorRuntime } from './mirror-runtime.ts';
import { Mirrors } from './mirror-runtimes.ts';
import { Siblings } from './siblings.ts';
import { VersionRuntime } from './version-runtime.ts';
import type { VersionDeps } from './version-runtime.ts';

export class LivePool {
  readonly name: string;
  /** In the order of the Config. */
  versions: readonly VersionRuntime[] = [];
  readonly siblings = new Siblings();
  /** What it was made to match last; undefined once it has other endpoints. */
  config: PoolConfig | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}

export class LivePools {
  readonly #pools = new Map<string, LivePool>();
  readonly #deps: VersionDeps;
  readonly #watch: SharedEjections;
  readonly #mirrors: Mirrors;
  #unhealthy: ReadonlySet<string> = new Set();
  #deploys: readonly VersionDeploy[] = [];

  constructor(deps: VersionDeps) {
    this.#deps = deps;
    this.#mirrors = new Mirrors(deps);
    this.#watch = new SharedEjections(deps, () => this.#ejectors());
  }

  /** Makes the living pools match `pools`; returns them in that order. */
  apply(pools: readonly PoolConfig[]): LivePool[] {
    const names = new Set(pools.map((pool) => pool.name));
    for (const [name, pool] of this.#pools) {
      if (names.has(name)) continue;
      for (const version of pool.versions) version.retire();
      this.#pools.delete(name);
    }
    const changed: LivePool[] = [];
    const living = pools.map((config) => {
      const known = this.#pools.get(config.name);
      // Nothing of it may have changed where the config is the same object: thousands of pools are passed by.
      if (known?.config === config) return known;
      const pool = this.#applyPool(config);
      changed.push(pool);
      return pool;
    });
    this.#mirrors.apply(pools);
    this.#markHealth(changed);
    this.#markDeploys();
    this.#watch.restart();
    return living;
  }

  /** Whether this worker has anything to do; see `Deadlines.onPace`. */
  pace(awake: boolean): void {
    this.#watch.pace(awake);
  }

  /** Another worker ejected an endpoint, or lets one return. */
  lookForEjections(): void {
    this.#watch.restart();
  }

  /** Mirrors of a pool, in the order of the Config. */
  mirrorsOf(pool: string): readonly MirrorRuntime[] {
    return this.#mirrors.of(pool);
  }

  /** Gives living versions other endpoints; what a Table says of them stays. Versions that are not there are left out. */
  setEndpoints(versions: readonly VersionEndpoints[]): void {
    for (const { pool, version, endpoints } of versions) {
      const living = this.#pools.get(pool);
      if (living === undefined) continue;
      living.config = undefined;
      living.versions.find(({ name }) => name === version)?.setEndpoints(endpoints);
    }
    this.#mirrors.setEndpoints(versions);
    this.#markHealth(this.#pools.values());
    this.#watch.restart();
  }

  /** Their connections may be made otherwise from now on. */
  secure(): void {
    for (const { versions } of this.#pools.values()) for (const version of versions) version.secure();
    this.#mirrors.secure();
  }

  /** All endpoints that probes find unhealthy; every other one is healthy. Holds for endpoints that come later, too. */
  setUnhealthy(names: readonly EndpointName[]): void {
    this.#unhealthy = new Set(names.map(identifyEndpoint));
    this.#markHealth(this.#pools.values());
  }

  /** The deploys of all versions that have one. Holds for versions that come later, too. */
  setDeploys(deploys: readonly VersionDeploy[]): void {
    this.#deploys = deploys;
    this.#markDeploys();
  }

  #markDeploys(): void {
    const known = new Map(this.#deploys.map(({ pool, version, deploy }) => [`${pool}/${version}`, deploy]));
    for (const { name: pool, versions } of this.#pools.values()) {
      for (const version of versions) version.deploy = known.get(`${pool}/${version.name}`) ?? '';
    }
  }

  #markHealth(pools: Iterable<LivePool>): void {
    this.#mirrors.markHealth(this.#unhealthy);
    for (const { name: pool, versions } of pools) {
      for (const version of versions) {
        for (const endpoint of version.endpoints) {
          const unhealthy = this.#unhealthy.has(identifyEndpoint({ pool, version: version.name, endpoint: endpoint.key }));
          const recovered = !unhealthy && (endpoint.notReadyReasons & NOT_READY_UNHEALTHY) !== 0;
          version.mark(endpoint, NOT_READY_UNHEALTHY, unhealthy);
          if (recovered) version.ejector.uneject(endpoint);
        }
      }
    }
  }

  #applyPool(config: PoolConfig): LivePool {
    const known = this.#pools.get(config.name);
    const pool = known ?? new LivePool(config.name);
    this.#pools.set(config.name, pool);
    pool.config = config;
    pool.siblings.configure(config);
    const before = new Map(pool.versions.map((version) => [version.name, version]));
    const versions = config.versions.map((versionConfig) => {
      const { name } = versionConfig;
      const version = before.get(name) ?? new VersionRuntime(config, name, this.#deps, pool.siblings);
      if (known !== undefined && !before.has(name)) version.markAsNew();
      before.delete(name);
      version.configure(config, versionConfig);
      return version;
    });
    for (const gone of before.values()) gone.retire();
    // A new array: exchanges under way may hold the versions of the Table they began with.
    pool.versions = versions;
    pool.siblings.versions = versions;
    return pool;
  }

  *#ejectors(): Iterable<OutlierEjector> {
    for (const { versions } of this.#pools.values()) for (const version of versions) yield version.ejector;
  }
}
