// What the pools are at this moment: the desired state beside what the counters of all workers say. It asks no worker.

import type { EndpointConfig, MirrorConfig, OverrideConfig, PoolConfig, VersionConfig } from '../config/model.ts';
import type { CounterBlock } from '../telemetry/counter-block.ts';
import * as at from '../telemetry/counter-layout.ts';
import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import type { DrainStatus } from '../api/drains.ts';
import type { DeployStatus } from '../api/markers.ts';
import type { MirrorStatus } from '../api/mirrors.ts';
import type { OverrideStatus } from '../api/overrides.ts';
import type { EndpointStatus, NotReadyReason, PoolStatus, VersionStatus } from '../api/pools.ts';
import type { Adoption } from '../api/scalars.ts';
import type { Drill } from '../api/drills.ts';
import type { EndpointHealth } from './ports.ts';

export interface PoolStatusDeps {
  readonly counters: Pick<CounterRegistry, 'blocks' | 'find'>;
  readonly revision: number;
  readonly workers: Adoption;
  /** Whether the API added or changed this override or mirror. */
  readonly isAmended: (pool: string, list: 'overrides' | 'mirrors', name: string) => boolean;
  /** Users of a pool by version; undefined where nobody counts them. */
  readonly users?: (pool: string) => ReadonlyMap<string, number> | undefined;
  /** Default: no version is marked. */
  readonly deployOf?: (pool: string, version: string) => DeployStatus | undefined;
  /** Default: nothing is known of drains. Without an endpoint that of the version. */
  readonly drainOf?: (pool: string, version: string, endpoint?: string) => DrainStatus | undefined;
  /** Default: no pool was drilled. */
  readonly drillOf?: (pool: string) => Drill | undefined;
  /** Default: nothing is probed. */
  readonly healthOf?: (pool: string, version: string, endpoint: string) => EndpointHealth | undefined;
}

/** `pools` with the endpoints that are served: each is looked at when its turn comes. */
export function* poolStatuses(pools: Iterable<PoolConfig>, deps: PoolStatusDeps): Generator<PoolStatus, void> {
  const { counters } = deps;
  const paused = pausedMirrors(counters.blocks('mirror'));
  for (const pool of pools) {
    const find: FindBlock = (version, endpoint) => counters.find({ kind: 'endpoint', pool: pool.name, version, endpoint });
    yield statusOf(pool, { ...deps, isPaused: (mirror) => paused.has(`${pool.name}\n${mirror}`) }, find);
  }
}

function pausedMirrors(blocks: readonly CounterBlock[]): ReadonlySet<string> {
  const paused = blocks.filter((block) => block.total(at.MIRROR_PAUSED) > 0);
  return new Set(paused.map(({ key }) => (key.kind === 'mirror' ? `${key.pool}\n${key.mirror}` : '')));
}

type FindBlock = (version: string, endpoint: string) => CounterBlock | undefined;

interface Looking extends PoolStatusDeps {
  readonly isPaused: (mirror: string) => boolean;
}

function statusOf(pool: PoolConfig, deps: Looking, find: FindBlock): PoolStatus {
  const { counters, revision, workers, isAmended, users, deployOf, drainOf, healthOf } = deps;
  const counted = users?.(pool.name);
  const total = Object.values(pool.split).reduce((sum, weight) => sum + weight, 0);
  return {
    name: pool.name,
    revision,
    workers,
    weights: pool.split,
    versions: withShareNow(
      pool,
      pool.versions.map((version) => {
        const status = versionStatus(version, weightOf(pool, version.name), total, find);
        const endpoints = status.endpoints.map((each) => ({
          ...each,
          drain: drainOf?.(pool.name, version.name, each.address),
          health: healthOf?.(pool.name, version.name, each.address),
        }));
        const [deploy, drain] = [deployOf?.(pool.name, version.name), drainOf?.(pool.name, version.name)];
        const block = counters.find({ kind: 'version', pool: pool.name, version: version.name });
        const tunnels = block?.total(at.VERSION_TUNNELS) ?? 0;
        const eventStreams = block?.total(at.VERSION_EVENT_STREAMS) ?? 0;
        return {
          ...status,
          ...(tunnels > 0 && { tunnels }),
          ...(eventStreams > 0 && { eventStreams }),
          endpoints,
          deploy,
          drain,
          ...(counted !== undefined && { users: counted.get(version.name) ?? 0 }),
        };
      }),
    ),
    overrides: pool.overrides.map((override) => overrideStatus(override, isAmended(pool.name, 'overrides', override.name))),
    mirrors: pool.mirrors.map((mirror) => mirrorStatus(pool.name, mirror, deps)),
    ...drillIn(deps, pool.name),
  };
}

function drillIn({ drillOf }: PoolStatusDeps, pool: string): { readonly drill?: Drill } {
  const drill = drillOf?.(pool);
  return drill === undefined ? {} : { drill };
}

/** What is not ready, or drains, leaves its share to the others, unless the pool has no fallback: then its requests fail. */
function withShareNow({ fallback }: PoolConfig, versions: readonly VersionStatus[]): VersionStatus[] {
  const counts = ({ ready }: VersionStatus): boolean => fallback.whenNoneReady === 'fail' || ready;
  const total = versions.filter(counts).reduce((sum, { weight }) => sum + weight, 0);
  return versions.map((version) => ({ ...version, shareNow: total > 0 && counts(version) ? version.weight / total : 0 }));
}

export function weightOf({ split }: PoolConfig, version: string): number {
  return Object.hasOwn(split, version) ? (split[version] ?? 0) : 0;
}

/** Of one version of a pool, without what drains and probes know: cheap enough for each look of a rollout. */
export function endpointStatuses(pool: string, version: VersionConfig, counters: Pick<CounterRegistry, 'find'>): readonly EndpointStatus[] {
  return version.endpoints.map((endpoint) => {
    const block = counters.find({ kind: 'endpoint', pool, version: version.name, endpoint: endpoint.key });
    return endpointStatus(endpoint, version, block);
  });
}

function versionStatus(version: VersionConfig, weight: number, total: number, find: FindBlock): VersionStatus {
  const endpoints = version.endpoints.map((endpoint) => endpointStatus(endpoint, version, find(version.name, endpoint.key)));
  return {
    name: version.name,
    weight,
    share: total === 0 ? 0 : weight / total,
    ready: endpoints.some(({ ready }) => ready),
    draining: version.drain !== false,
    inFlight: endpoints.reduce((sum, { inFlight }) => sum + inFlight, 0),
    connections: endpoints.reduce((sum, { connections }) => sum + connections, 0),
    endpoints,
    ...(version.previewUntilMs !== undefined && { previewUntilMs: version.previewUntilMs }),
  };
}

function endpointStatus(endpoint: EndpointConfig, version: VersionConfig, block: CounterBlock | undefined): EndpointStatus {
  const count = (cell: number): number => block?.total(cell) ?? 0;
  const reason = reasonOf(endpoint, version, count);
  return {
    address: endpoint.key,
    weight: endpoint.weight,
    zone: endpoint.zone,
    ready: reason === undefined,
    reason,
    inFlight: count(at.ENDPOINT_IN_FLIGHT),
    connections: count(at.ENDPOINT_CONNECTIONS),
  };
}

/** The one that an operator can do most about comes first. */
function reasonOf(endpoint: EndpointConfig, version: VersionConfig, count: (cell: number) => number): NotReadyReason | undefined {
  if (endpoint.drain !== false || version.drain !== false) return 'draining';
  if (endpoint.weight === 0) return 'weightless';
  if (count(at.ENDPOINT_NOT_READY) === 0) return undefined;
  return count(at.ENDPOINT_EJECTED) > 0 ? 'ejected' : 'unhealthy';
}

function mirrorStatus(pool: string, mirror: MirrorConfig, { isAmended, isPaused }: Looking): MirrorStatus {
  const { name, version, percent } = mirror;
  const origin = isAmended(pool, 'mirrors', name) ? 'api' : 'file';
  return { name, to: { pool: mirror.pool ?? pool, version }, percent, origin, ...(isPaused(name) && { paused: true }) };
}

function overrideStatus({ name, version }: OverrideConfig, amended: boolean): OverrideStatus {
  return { name, version, origin: amended ? 'api' : 'file' };
}
