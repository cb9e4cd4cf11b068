// Evidence that stays valid however often it is looked at: the wealth of a bettor who would lose if the null hypothesis were true.
//
// Against "the mean of X is at most m", whatever came before, the product of 1 + bet (X - m) is a non-negative supermartingale for each fixed
// bet; so is the mean of several of them. By Ville's inequality it ever reaches 1 / alpha with a chance of at most alpha. Where X takes few
// values the product depends on how often each was seen alone, not on the order: it can be computed from counts whenever somebody asks.
//
// J. Ville, Étude critique de la notion de collectif (1939). H. Robbins, Statistical methods related to the law of the iterated logarithm (Ann.
// Math. Stat. 41, 1970): mixtures over the alternative. I. Waudby-Smith, A. Ramdas, Estimating means of bounded random variables by betting
// (J. R. Stat. Soc. B 86, 2024). A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, Game-theoretic statistics and safe anytime-valid inference
// (Statistical Science 38, 2023).

import type { Interval } from './interval.ts';

/** How often a value of X was seen. */
export interface Seen {
  readonly value: number;
  readonly count: number;
}

/** The bets of the mixture, as shares of the wealth: fine for small effects, dense for large ones. */
const BETS = [0.98, 0.95, 0.9, 0.8, ...Array.from({ length: 23 }, (_, i) => 2 ** (-(i + 1) / 2))];
/** Bounds within 3e-8. */
const HALVINGS = 26;

/** Natural logarithm of the evidence (e-value) against "the mean of X is at most `mean`". */
export function logEvidence(seen: readonly Seen[], mean: number): number {
  const logs = BETS.map((bet) => logWealth(seen, mean, bet));
  const most = Math.max(...logs);
  if (most === -Infinity) return -Infinity;
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / BETS.length);
}

/** Both bounds of the mean of X, -1 <= X <= 1, that hold at all times together with a chance of at least 1 - `alpha`. */
export function meanInterval(seen: readonly Seen[], alpha: number): Interval {
  const mirrored = seen.map(({ value, count }) => ({ value: -value, count }));
  return { low: lowerBound(seen, alpha / 2), high: -lowerBound(mirrored, alpha / 2) };
}

/**
 * What two bounds of the same leave, each with its own part of alpha. They contradict each other only by that chance, or where rates did not stand
 * still: then `paired` counts, whose two sides share their moment.
 */
export function intersect(paired: Interval, other: Interval): Interval {
  const low = Math.max(paired.low, other.low);
  const high = Math.min(paired.high, other.high);
  return low <= high ? { low, high } : paired;
}

/** The largest mean that the evidence rules out, so that the true one is above. */
function lowerBound(seen: readonly Seen[], alpha: number): number {
  const wanted = -Math.log(alpha);
  const total = seen.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return -1;
  let low = -1;
  let high = seen.reduce((sum, { value, count }) => sum + value * count, 0) / total;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (logEvidence(seen, middle) >= wanted) low = middle;
    else high = middle;
  }
  return low;
}

// A bet that could lose more than all is not allowed, whether or not it has: it counts as lost.
function logWealth(seen: readonly Seen[], mean: number, bet: number): number {
  let log = 0;
  for (const { value, count } of seen) {
    const factor = 1 + bet * (value - mean);
    if (factor <= 0) return -Infinity;
    if (count > 0) log += count * Math.log(factor);
  }
  return log;
}
