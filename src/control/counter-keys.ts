// Which counters a Config calls for: the labels of every metric come from here, and so from the config alone.

import type { Config, MirrorConfig, PoolConfig, RouteConfig } from '../config/model.ts';
import { STEP_COUNT, finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import type { CounterKey } from '../telemetry/counter-key.ts';

interface Known {
  /** Of listeners, pools, versions, endpoints and mirrors. */
  readonly names: string;
  readonly keys: readonly CounterKey[];
}

const known = new WeakMap<Config['routes'], Known>();

/**
 * Keys without repetition; a route to a pool has one per version, and one without for responses that no version gave.
 * The same list as long as routes and names stay.
 */
export function counterKeys(config: Config): readonly CounterKey[] {
  return finish(counterKeysInSteps(config));
}

/** The same for who has other things to do in between. */
export function* counterKeysInSteps(config: Config): Steps<readonly CounterKey[]> {
  const names = namesIn(config);
  const found = known.get(config.routes);
  if (found?.names === names) return found.keys;
  const keys = yield* findKeys(config);
  known.set(config.routes, { names, keys });
  return keys;
}

/** Those of the versions that mirrors send copies to, without those of second copies. */
export function candidateCounterKeys({ pools }: Config): readonly MirrorKey[] {
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  return pools.flatMap((pool) => pool.mirrors.flatMap((mirror) => mirrorKeysOf(pool, mirror, candidateLabels(pool, mirror, byName))));
}

type MirrorKey = Extract<CounterKey, { readonly kind: 'mirror' }>;

function namesIn({ listeners, pools }: Config): string {
  const inPools = pools.map(({ name, versions, mirrors }) => {
    const inVersions = versions.map((each) => [each.name, each.endpoints.map(({ key }) => key)]);
    return [name, inVersions, mirrors.map((each) => [each.name, each.pool ?? '', each.version ?? '', hasSecondaries(each)])];
  });
  return JSON.stringify([listeners.map(({ name, connect }) => [name, connect.map(({ pool }) => pool)]), inPools]);
}

function* findKeys(config: Config): Steps<readonly CounterKey[]> {
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  const keys = [
    ...config.listeners.map(({ name }): CounterKey => ({ kind: 'listener', listener: name })),
    ...config.pools.flatMap(poolKeys),
    ...config.pools.flatMap((pool) => mirrorKeys(pool, pools)),
  ];
  const connected = new Set(config.listeners.flatMap(({ connect }) => connect.map(({ pool }) => pool)));
  for (const pool of connected) keys.push(...routeKeys({ name: '', action: { kind: 'pool', pool, version: undefined } }, pools));
  for (const [index, route] of config.routes.entries()) {
    keys.push(...routeKeys(route, pools));
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  return keys;
}

function poolKeys(pool: PoolConfig): readonly CounterKey[] {
  return pool.versions.flatMap((version): CounterKey[] => [
    { kind: 'version', pool: pool.name, version: version.name },
    ...version.endpoints.map(({ key }): CounterKey => ({ kind: 'endpoint', pool: pool.name, version: version.name, endpoint: key })),
  ]);
}

/** Copies are counted for the pool that is copied, by the version that gets them; second copies by the version that responds. */
function mirrorKeys(pool: PoolConfig, pools: ReadonlyMap<string, PoolConfig>): readonly MirrorKey[] {
  return pool.mirrors.flatMap((mirror) => {
    const candidates = candidateLabels(pool, mirror, pools);
    const secondaries = hasSecondaries(mirror) ? pool.versions.map(({ name }) => name) : [];
    return mirrorKeysOf(pool, mirror, [...new Set([...candidates, ...secondaries])]);
  });
}

function candidateLabels(pool: PoolConfig, mirror: MirrorConfig, pools: ReadonlyMap<string, PoolConfig>): readonly string[] {
  const target = mirror.pool ?? pool.name;
  const versions = mirror.version === undefined ? (pools.get(target)?.versions ?? []).map(({ name }) => name) : [mirror.version];
  return versions.map((version) => (target === pool.name ? version : `${target}/${version}`));
}

function mirrorKeysOf({ name: pool }: PoolConfig, { name: mirror }: MirrorConfig, labels: readonly string[]): readonly MirrorKey[] {
  return labels.map((version) => ({ kind: 'mirror', pool, mirror, version }));
}

function hasSecondaries({ compare }: MirrorConfig): boolean {
  return compare !== undefined && compare.noisePercent > 0;
}

/** CONNECT is counted as a route without a name. */
function routeKeys(route: Pick<RouteConfig, 'name' | 'action'>, pools: ReadonlyMap<string, PoolConfig>): readonly CounterKey[] {
  const { name, action } = route;
  if (action.kind !== 'pool') return [{ kind: 'route', route: name, pool: '', version: '' }];
  const versions = pools.get(action.pool)?.versions ?? [];
  return ['', ...versions.map((version) => version.name)].map((version) => ({ kind: 'route', route: name, pool: action.pool, version }));
}
