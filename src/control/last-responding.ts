// Whether a drain would take the last version of a pool that responds. Pure.

import type { PoolStatus } from '../api/pools.ts';
import type { Config, PoolConfig } from '../config/model.ts';
import type { Change } from './control-api.ts';
import { readyVersions, versionStatuses } from './predict-impact.ts';

export interface Around {
  /** Both with the endpoints that are known. */
  readonly before: Config;
  readonly after: Config;
  readonly statuses: readonly PoolStatus[];
}

/** A sentence; undefined when there is nothing to fear, or `force` says that it is meant. */
export function lastRespondingFault(change: Change, { before, after, statuses }: Around): string | undefined {
  if (change.kind !== 'drain' || change.force === true) return undefined;
  const find = ({ pools }: Config): PoolConfig | undefined => pools.find(({ name }) => name === change.pool);
  const [was, is] = [find(before), find(after)];
  if (was === undefined || is === undefined) return undefined;
  const what = `pool ${change.pool}`;
  // As they are now; and as they would be if all were well, so that what may come back is not taken away.
  for (const known of [versionStatuses(statuses), versionStatuses([])]) {
    const [had, has] = [readyVersions(was, known).filter(isUsed(was)), readyVersions(is, known).filter(isUsed(is))];
    if (had.length > 0 && has.length === 0)
      return `${what} would have no version left that responds: its requests would get 503 until one is resumed`;
    if (is.fallback.whenNoneReady === 'fail' && has.length < had.length)
      return `no other version of ${what} takes over (fallback.whenNoneReady: fail): the share of ${change.version} would get 503 until it is resumed`;
  }
  return undefined;
}

function isUsed({ name, split }: PoolConfig): (key: string) => boolean {
  return (key) => (split[key.slice(name.length + 1)] ?? 0) > 0;
}
