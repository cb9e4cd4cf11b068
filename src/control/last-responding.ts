// Whether a drain, a split, or what brings one along (a config, a restore, a reset) would leave a pool no version that responds. Pure.

import type { PoolStatus } from '../api/pools.ts';
import type { Config, PoolConfig } from '../config/model.ts';
import type { Change } from './control-api.ts';
import { readyVersions } from './predict-impact.ts';
import type { StatusOf } from './predict-impact.ts';

export interface Around {
  /** Both with the endpoints that are known. */
  readonly before: Config;
  readonly after: Config;
  /** Asked about the pool of a drain alone. */
  readonly statusOf: StatusOf;
}

/** A sentence; undefined when there is nothing to fear, or `force` says that it is meant. */
export function lastRespondingFault(change: Change, { before, after, statusOf }: Around): string | undefined {
  if ('force' in change && change.force === true) return undefined;
  if (WHOLE.has(change.kind)) return firstFault(before, after);
  if (change.kind !== 'drain' && change.kind !== 'split') return undefined;
  const find = ({ pools }: Config): PoolConfig | undefined => pools.find(({ name }) => name === change.pool);
  const [was, is] = [find(before), find(after)];
  if (was === undefined || is === undefined) return undefined;
  if (change.kind === 'split') return splitFault(was, is);
  const what = `pool ${change.pool}`;
  // As they are now; and as they would be if all were well, so that what may come back is not taken away.
  for (const known of [statusOf(change.pool), ALL_WELL]) {
    const [had, has] = [usedVersions(was, known), usedVersions(is, known)];
    if (had.length > 0 && has.length === 0)
      return `${what} would have no version left that responds: its requests would get 503 until one is resumed`;
    if (is.fallback.whenNoneReady === 'fail' && has.length < had.length)
      return `no other version of ${what} takes over (fallback.whenNoneReady: fail): the share of ${change.version} would get 503 until it is resumed`;
  }
  return undefined;
}

/** They may bring other splits, and other drains. */
const WHOLE: ReadonlySet<Change['kind']> = new Set(['config', 'restore', 'reset-config', 'reset-split']);

/** Of the pools that stay and are otherwise than before. */
function firstFault(before: Config, after: Config): string | undefined {
  const had = new Map(before.pools.map((pool) => [pool.name, pool]));
  for (const is of after.pools) {
    const was = had.get(is.name);
    // Where nothing has a share any more, that is what was asked for.
    if (was === undefined || was === is || !is.versions.some(({ name }) => hasShare(is, name))) continue;
    const fault = splitFault(was, is);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What is down may come back at any time, so that a split fears drains alone. */
function splitFault(was: PoolConfig, is: PoolConfig): string | undefined {
  const [had, has] = [usedVersions(was, ALL_WELL), usedVersions(is, ALL_WELL)];
  if (had.length > 0 && has.length === 0)
    return `all versions of pool ${is.name} that would have a share are drained: its requests would get 503 until one is resumed`;
  if (is.fallback.whenNoneReady === 'split') return undefined;
  const { versions } = is;
  const deaf = versions.find(({ name }) => hasShare(is, name) && !hasShare(was, name) && !has.includes(name));
  return (
    deaf &&
    `no other version of pool ${is.name} takes over (fallback.whenNoneReady: fail): the share of ${deaf.name}, which is drained, would get 503 until it is resumed`
  );
}

/** What nobody knows is well. */
const ALL_WELL = undefined;

/** Names of those that have a share and are ready. */
function usedVersions(pool: PoolConfig, known: PoolStatus | undefined): readonly string[] {
  return readyVersions(pool, known).filter((name) => hasShare(pool, name));
}

function hasShare({ split }: PoolConfig, version: string): boolean {
  return (split[version] ?? 0) > 0;
}
