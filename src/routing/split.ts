// Which version of a pool takes over from another. Which one is meant in the first place is the business of `split-stream.ts`.

import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

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

/** Index of the version at `fraction` (0 <= x < 1) of the weights of those that are ready; -1 when none with a weight is. */
export function pickReadyByWeight(pool: PoolTable, fraction: number, state: PoolState): number {
  const { weights } = pool;
  let total = 0;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight > 0 && state.ready(version)) total += weight;
  }
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

/** Index of the version with the greatest weight of those that `fit`: where none is drawn, the likeliest. -1 when none has a weight. */
export function heaviestVersion({ weights }: PoolTable, fits: (version: number) => boolean): number {
  let best = -1;
  for (const [version, weight] of weights.entries()) {
    if (weight > (weights[best] ?? 0) && fits(version)) best = version;
  }
  return best;
}
