// How likely the version under test was going to be chosen for a request that chance, or the hash of its key, decides. Pure, no allocation.

import type { PoolState } from './pool-state.ts';
import type { PoolTable } from './table.ts';

/**
 * Its share among the versions that can be chosen now, with what slow start gives away: 0 to 1; 0 without a version under test. Where nothing
 * is ready and requests wait, or wait for the very version that was drawn, readiness does not count.
 */
export function canaryChance(pool: PoolTable, state: PoolState): number {
  const { canary, weights } = pool;
  if (canary < 0) return 0;
  let total = 0;
  let furthest = 0;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight <= 0 || !state.ready(version)) continue;
    total += weight;
    if (pool.hasSlowStart) furthest = Math.max(furthest, state.rampShare(version));
  }
  const waits = pool.holds && (total === 0 || pool.fallback === 'fail');
  if (waits) total = pool.weightTotal;
  if (total === 0 || !(waits || state.ready(canary))) return 0;
  const share = (weights[canary] as number) / total;
  if (!pool.hasSlowStart || !state.ready(canary)) return share;
  return share * keptShare(pool, state, canary, furthest) + givenShare(pool, state, furthest) / total;
}

/** The part of its requests that a version that is ready keeps, as `spareStarting` has it. */
function keptShare(pool: PoolTable, state: PoolState, version: number, furthest: number): number {
  const rampShare = state.rampShare(version);
  return rampShare >= 1 || rampShare >= furthest ? 1 : rampShare / furthest;
}

/** The weight that the canary has from those that have started less than it. */
function givenShare(pool: PoolTable, state: PoolState, furthest: number): number {
  const { canary, weights } = pool;
  const own = state.rampShare(canary);
  let given = 0;
  for (let version = 0; version < weights.length; version++) {
    const weight = weights[version] as number;
    if (weight <= 0 || !state.ready(version) || state.rampShare(version) >= own) continue;
    const left = weight * (1 - keptShare(pool, state, version, furthest));
    given += (left * (weights[canary] as number)) / furtherWeight(pool, state, version);
  }
  return given;
}

function furtherWeight({ weights }: PoolTable, state: PoolState, version: number): number {
  let sum = 0;
  for (let other = 0; other < weights.length; other++) {
    const weight = weights[other] as number;
    if (weight > 0 && state.ready(other) && state.rampShare(other) > state.rampShare(version)) sum += weight;
  }
  return sum;
}
