// Bounds of a rate that hold at all times: a confidence sequence.

import type { Interval } from './interval.ts';
import { logBeta } from './log-gamma.ts';

/** Bounds within 1e-9. */
const HALVINGS = 30;
const PRIOR = 0.5;

export interface Hits {
  readonly differing: number;
  readonly total: number;
}

/**
 * Bounds of the chance behind `hits` in `trials` that hold at all times together with a chance of at least 1 - `alpha`: the rates against which a
 * bettor on a mixture (Beta(1/2, 1/2)) of all rates has not made 1 / `alpha`. Source: H. Robbins, Ann. Math. Stat. 41 (1970); S. Howard,
 * A. Ramdas, J. McAuliffe, J. Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences (Ann. Stat. 49, 2021), beta-binomial mixture.
 */
export function rateInterval(hits: number, trials: number, alpha: number): Interval {
  if (trials <= 0) return { low: 0, high: 1 };
  const isRuledOut = ruler(hits, trials, alpha);
  const rate = hits / trials;
  return { low: edge(rate, 0, isRuledOut), high: edge(rate, 1, isRuledOut) };
}

/** Whether the lower bound of the first rate is above `factor` times the upper bound of the second: cheaper than both intervals. */
export function isRateAbove(ours: Hits, theirs: Hits, factor: number, alpha: number): boolean {
  const [rate, other] = [ours, theirs].map(({ differing, total }) => (total <= 0 ? 0 : differing / total));
  if (ours.total <= 0 || theirs.total <= 0 || rate! <= factor * other!) return false;
  const limit = factor * edge(other!, 1, ruler(theirs.differing, theirs.total, alpha));
  return limit < rate! && ruler(ours.differing, ours.total, alpha)(limit);
}

function ruler(hits: number, trials: number, alpha: number): (rate: number) => boolean {
  const misses = trials - hits;
  const mixture = logBeta(hits + PRIOR, misses + PRIOR) - logBeta(PRIOR, PRIOR);
  return (rate) => mixture - logLikelihood(hits, misses, rate) >= -Math.log(alpha);
}

/** Where between `inside`, which is not ruled out, and `end` the rates begin that are; `end` where none is. */
function edge(inside: number, end: number, isRuledOut: (rate: number) => boolean): number {
  if (!isRuledOut(end)) return end;
  let kept = inside;
  let out = end;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (kept + out) / 2;
    if (isRuledOut(middle)) out = middle;
    else kept = middle;
  }
  // The outer one: an interval must not be too narrow.
  return out;
}

function logLikelihood(hits: number, misses: number, rate: number): number {
  const ofHits = hits === 0 ? 0 : hits * Math.log(rate);
  return ofHits + (misses === 0 ? 0 : misses * Math.log1p(-rate));
}
