// Lays a fraction over the weights of a pool. Which fraction comes next is the sequence's business.

import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

/** Index of the version at `fraction` (0 <= x < 1) of the cumulative weights, or -1 when all weights are 0. */
export function pickByWeight(pool: PoolTable, fraction: number): number {
  const { cumulative } = pool;
  if (pool.weightTotal === 0) return -1;
  let version = 0;
  // A weight of 0 leaves its sum equal to the one before, so that nothing is ever below it alone.
  while (fraction >= (cumulative[version] as number)) version++;
  return version;
}

/** Index of the ready version with the greatest weight, where that is more than the one of `failed`; else -1. */
export function findFallbackVersion(pool: PoolTable, failed: number, state: PoolState): number {
  const { weights } = pool;
  let best = -1;
  let most = weights[failed] as number;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight <= most || !state.ready(version)) continue;
    best = version;
    most = weight;
  }
  return best;
}

/** The same over the ready versions alone, whose shares keep their proportions; -1 when none with a weight is ready. */
export function pickReadyByWeight(pool: PoolTable, fraction: number, state: PoolState): number {
  const { weights } = pool;
  let total = 0;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight > 0 && state.ready(version)) total += weight;
  }
  if (total === pool.weightTotal) return pickByWeight(pool, fraction);
  let rest = fraction * total;
  let last = -1;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight <= 0 || !state.ready(version)) continue;
    last = version;
    rest -= weight;
    if (rest < 0) return version;
  }
  return last;
}
