// A retry on another version: the version of the greatest weight may respond to what one of small weight failed. The failure stays with
// the version that failed; the response, and the time it took, are the other's.

import { nowMs } from '../../lib/clock.ts';
import { rankByKey } from '../../routing/rank-by-key.ts';
import { findFallbackVersion, pickReadyByWeight } from '../../routing/split.ts';
import { REASON_FALLBACK, REASON_OVERRIDE, REASON_ROUTE } from '../../routing/choice.ts';
import type { Versioned } from '../versioned.ts';
import { leaveEvidence } from './count-evidence.ts';
import { haltBaselineOf } from './leave-halted.ts';

/** Index of the version that a retry turns to, where `retries.acrossVersions` allows it and one may respond; else -1. */
export function fallbackVersionOf({ choice, destination, serving, attempt }: Versioned): number {
  // A client that asks for a version outright wants to know how it fares.
  if (!attempt.version!.settings.acrossVersions || choice.reason === REASON_ROUTE || choice.reason === REASON_OVERRIDE) return -1;
  const { pool } = destination!;
  return findFallbackVersion(pool, choice.version!.index, serving!.pools[pool.index]!);
}

/** Index of a version that is ready, chosen as for a request that comes now; -1 where another version is no substitute, or none is ready. */
export function readyVersionOf(state: Versioned): number {
  const baseline = haltBaselineOf(state);
  if (baseline >= 0) return baseline;
  const { choice, destination, serving } = state;
  const { pool } = destination!;
  if (choice.reason === REASON_ROUTE || pool.fallback === 'fail') return -1;
  const servedPool = serving!.pools[pool.index]!;
  const keyed = pool.affinity !== undefined && choice.key !== '';
  return keyed ? rankByKey(pool, choice.key, servedPool) : pickReadyByWeight(pool, servedPool.chance(), servedPool);
}

/**
 * Index of the version that a retry turns to, or -1 for the same one: where `retries.acrossVersions` says so, and where none of its own
 * endpoints is ready any more. The failure before may have ejected the last one.
 */
export function retryVersionOf(state: Versioned): number {
  const baseline = haltBaselineOf(state);
  if (baseline >= 0) return baseline;
  const other = fallbackVersionOf(state);
  return other >= 0 || state.attempt.version!.readyCount > 0 ? other : readyVersionOf(state);
}

/** Makes the version at `index` of the pool the one that responds. */
export function moveToVersion(state: Versioned, index: number): void {
  const { choice, attempt } = state;
  const { pool } = state.destination!;
  leaveEvidence(state);
  attempt.version!.counters.versionFallback();
  choice.version = pool.versions[index];
  choice.reason = REASON_FALLBACK;
  const version = state.serving!.pools[pool.index]!.versions[index]!;
  version.counters.began();
  version.counters.chosen(REASON_FALLBACK);
  attempt.version = version;
  attempt.versionSinceMs = nowMs();
  attempt.failedEndpoint = undefined;
}
