// Finds out, on the control thread, which endpoints versions have where the config gives names, services or files.
// It finds out and tells; what is served is changed by the controller alone.

import type { DnsConfig, PoolConfig, VersionConfig } from '../../config/model.ts';
import type { Timer } from '../../lib/clock.ts';
import type { DiscoverySample } from '../../telemetry/samples.ts';
import type { Lookups } from './resolution.ts';
import { sourceOf } from './expand.ts';
import type { DiscoveryFault } from './source-name.ts';
import { firstResolutions } from './first-resolutions.ts';
import { VersionSources } from './version-sources.ts';
import type { VersionSourcesDeps } from './version-sources.ts';

export interface DiscoveryOptions extends Omit<VersionSourcesDeps, 'lookups' | 'onChange'> {
  /** @param servers `address:port` of those to ask; empty: those of the system */
  readonly createLookups: (servers: readonly string[]) => Lookups;
  /** Told after changes: `expand` may return something else. */
  readonly onChange: () => void;
}

/** Changes that come this close together are told as one. */
const GATHER_MS = 10;

interface Discovered {
  readonly pool: string;
  readonly config: VersionConfig;
  /** Of the version and the way in which its names are resolved. */
  readonly id: string;
}

export class Discovery {
  readonly #options: DiscoveryOptions;
  /** In force, or about to be. */
  readonly #sources = new Map<string, VersionSources>();
  /** Ids in `#sources` of what is in force, by version. */
  #settled: ReadonlyMap<string, string> = new Map();
  /** By their servers. */
  readonly #lookups = new Map<string, Lookups>();
  #telling: Timer | undefined = undefined;
  #closed = false;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** Begins to discover what is new in `pools`, beside what is in force; resolves when that is known, after 2 s at most. */
  prepare(pools: readonly PoolConfig[]): Promise<void> {
    const begun = this.#closed ? [] : [...discovered(pools)].flatMap((version) => this.#sourcesOf(version).begin(version.config));
    return firstResolutions(begun, this.#options.clock);
  }

  /** The pools with the endpoints that they have by now. What has nothing to discover is the same object. */
  expand(pools: readonly PoolConfig[]): readonly PoolConfig[] {
    return pools.map((pool) => {
      if (!pool.versions.some(hasSources)) return pool;
      const versions = pool.versions.map((config) => {
        const sources = hasSources(config) ? this.#sources.get(identify(pool.name, config)) : undefined;
        return sources === undefined ? config : { ...config, endpoints: sources.expand(config) };
      });
      return { ...pool, versions };
    });
  }

  /** `pools` are in force: ends what they do not call for. What stays goes on undisturbed. */
  settle(pools: readonly PoolConfig[]): void {
    if (this.#closed) return;
    const settled = new Map<string, string>();
    for (const { pool, config, id } of discovered(pools)) {
      settled.set(versionOf(pool, config), id);
      this.#sources.get(id)?.settle(config);
    }
    this.#settled = settled;
    const ids = new Set(settled.values());
    for (const [id, sources] of this.#sources) {
      if (ids.has(id)) continue;
      void sources.stop();
      this.#sources.delete(id);
    }
    const servers = new Set([...discovered(pools)].map(({ config }) => serversOf(config.dns)));
    for (const [key, lookups] of this.#lookups) {
      if (servers.has(key)) continue;
      lookups.close();
      this.#lookups.delete(key);
    }
  }

  /** Of what is in force. */
  *samples(): Iterable<DiscoverySample> {
    for (const id of this.#settled.values()) yield* this.#sources.get(id)?.samples() ?? [];
  }

  /** Names that do not resolve, and endpoint files that are missing or bad, of what is in force. */
  *faults(): Iterable<DiscoveryFault> {
    for (const id of this.#settled.values()) yield* this.#sources.get(id)?.faults() ?? [];
  }

  /** Nothing is told any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#telling?.stop();
    for (const lookups of this.#lookups.values()) lookups.close();
    await Promise.all([...this.#sources.values()].map((sources) => sources.stop()));
  }

  #sourcesOf({ pool, config, id }: Discovered): VersionSources {
    const known = this.#sources.get(id);
    if (known !== undefined) return known;
    const { createLookups, ...rest } = this.#options;
    const { dns, name: version } = config;
    const key = serversOf(dns);
    const lookups = this.#lookups.get(key) ?? createLookups(dns.servers);
    this.#lookups.set(key, lookups);
    const before = this.#sources.get(this.#settled.get(versionOf(pool, config)) ?? '');
    const sources = new VersionSources({ pool, version }, dns, { ...rest, lookups, onChange: () => this.#tellSoon() }, before);
    this.#sources.set(id, sources);
    return sources;
  }

  #tellSoon(): void {
    if (this.#closed) return;
    this.#telling ??= this.#options.clock.after(GATHER_MS, () => {
      this.#telling = undefined;
      this.#options.onChange();
    });
  }
}

function* discovered(pools: readonly PoolConfig[]): Iterable<Discovered> {
  for (const pool of pools) {
    for (const config of pool.versions) if (hasSources(config)) yield { pool: pool.name, config, id: identify(pool.name, config) };
  }
}

/** Of thousands of versions most stay the same objects from change to change. */
const known = new WeakMap<VersionConfig, boolean>();

function hasSources(config: VersionConfig): boolean {
  let has = known.get(config);
  if (has === undefined) {
    has = config.endpointsFile !== undefined || config.endpoints.some(({ address }) => sourceOf(address) !== undefined);
    known.set(config, has);
  }
  return has;
}

function identify(pool: string, config: VersionConfig): string {
  return `${versionOf(pool, config)}\n${config.dns.refreshMs}\n${serversOf(config.dns)}`;
}

/** No part of a name holds a line feed. */
function versionOf(pool: string, { name }: VersionConfig): string {
  return `${pool}\n${name}`;
}

function serversOf({ servers }: DnsConfig): string {
  return servers.join(' ');
}
