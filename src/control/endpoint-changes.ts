// Which versions have other endpoints than before, though the config is the same, and what the log says of it.

import { isDeepStrictEqual } from 'node:util';
import type { EndpointConfig, PoolConfig, VersionEndpoints } from '../config/model.ts';
import type { Log } from '../lib/log.ts';

const NAMES_SHOWN = 10;

/** Versions of `after` whose endpoints are not those of `before`; both hold the same pools and versions in the same order. */
export function findChanges(before: readonly PoolConfig[], after: readonly PoolConfig[]): readonly VersionEndpoints[] {
  return after.flatMap(({ name: pool, versions }, at) =>
    versions.flatMap(({ name: version, endpoints }, index) => {
      const known = endpointsAt(before, at, index);
      return endpoints === known || isDeepStrictEqual(endpoints, known) ? [] : [{ pool, version, endpoints }];
    }),
  );
}

/** One line per version, with a few of the names that came and went. */
export function logChanges(log: Log, before: readonly PoolConfig[], changes: readonly VersionEndpoints[]): void {
  for (const { pool, version, endpoints } of changes) {
    const known = before.find(({ name }) => name === pool)?.versions.find(({ name }) => name === version)?.endpoints ?? [];
    const [added, removed] = [without(endpoints, known), without(known, endpoints)];
    const counts = { addedCount: added.length, removedCount: removed.length, total: endpoints.length };
    const fields = { pool, version, added: added.slice(0, NAMES_SHOWN), removed: removed.slice(0, NAMES_SHOWN), ...counts };
    log.info(fields, 'endpoints changed');
  }
}

function endpointsAt(pools: readonly PoolConfig[], pool: number, version: number): readonly EndpointConfig[] {
  return pools[pool]?.versions[version]?.endpoints ?? [];
}

function without(endpoints: readonly EndpointConfig[], others: readonly EndpointConfig[]): readonly string[] {
  const keys = new Set(others.map(({ key }) => key));
  return endpoints.map(({ key }) => key).filter((key) => !keys.has(key));
}
