// A retry on another version: the version of the greatest weight may respond to what one of small weight failed. The failure stays with
// the version that failed; the response, and the time it took, are the other's.

import { nowMs } from '../../lib/clock.ts';
import { findFallbackVersion } from '../../routing/split.ts';
import { REASON_FALLBACK, REASON_OVERRIDE, REASON_ROUTE } from '../../routing/choice.ts';
import type { ExchangeState } from '../exchange-state.ts';

/** Turns to another version where there is one that may respond. The attempt on the first has ended. */
export function fallBackToVersion(state: ExchangeState): void {
  const { choice } = state;
  const { pool } = state.destination!;
  // A client that asks for a version outright wants to know how it fares.
  if (choice.reason === REASON_ROUTE || choice.reason === REASON_OVERRIDE) return;
  const index = findFallbackVersion(pool, choice.version!.index, state.serving!.pools[pool.index]!);
  if (index >= 0) moveToVersion(state, index);
}

/** Makes the version at `index` of the pool the one that responds. */
export function moveToVersion(state: ExchangeState, index: number): void {
  const { choice, attempt } = state;
  const { pool } = state.destination!;
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
