// A retry on another version: what a version of small weight failed, the one of the greatest weight may answer. The failure stays with the
// version that failed; the answer, and the time it took, are the other's.

import { nowMs } from '../lib/clock.ts';
import { findFallbackVersion } from '../routing/split.ts';
import { REASON_FALLBACK, REASON_OVERRIDE, REASON_ROUTE } from '../routing/choice.ts';
import type { Exchange } from './exchange.ts';

/** Hands the exchange to another version where there is one that may take it. Its attempt on the first has ended. */
export function fallBackToVersion(exchange: Exchange): void {
  const { choice } = exchange;
  const { pool } = exchange.destination!;
  // Who asks for a version outright wants to know how it fares.
  if (choice.reason === REASON_ROUTE || choice.reason === REASON_OVERRIDE) return;
  const servedPool = exchange.serving.pools[pool.index]!;
  const index = findFallbackVersion(pool, choice.version!.index, servedPool);
  if (index < 0) return;
  moveToVersion(exchange, index);
}

/** Makes the version at `index` of the pool the one that answers. */
export function moveToVersion(exchange: Exchange, index: number): void {
  const { choice } = exchange;
  const { pool } = exchange.destination!;
  exchange.live!.counters.versionFallback();
  choice.version = pool.versions[index];
  choice.reason = REASON_FALLBACK;
  exchange.live = exchange.serving.pools[pool.index]!.versions[index]!;
  exchange.live.counters.began();
  exchange.live.counters.chosen(REASON_FALLBACK);
  exchange.liveSinceMs = nowMs();
  exchange.failedEndpoint = undefined;
}
