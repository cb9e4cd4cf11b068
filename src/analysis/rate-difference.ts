// How much more often something is so of one side than of the other, where both were often tried with the same unit (pairs), but not always.
// All of it holds at all times.

import { intersect, logEvidence, meanInterval } from './bets.ts';
import type { Interval } from './interval.ts';
import type { Hits } from './rate-interval.ts';
import { rateInterval } from './rate-interval.ts';

/** Units that both sides were tried with, and those of them in which one of the two alone was a hit. */
export interface Pairs {
  readonly total: number;
  readonly onlyOurs: number;
  readonly onlyTheirs: number;
}

/** Bounds of the share of pairs that are a hit of ours alone, less that of theirs alone. */
export function pairedDifference({ total, onlyOurs, onlyTheirs }: Pairs, alpha: number): Interval {
  const seen = [
    { value: 1, count: onlyOurs },
    { value: -1, count: onlyTheirs },
    { value: 0, count: total - onlyOurs - onlyTheirs },
  ];
  return meanInterval(seen, alpha);
}

/**
 * Bounds of (rate of ours) - (rate of theirs) from pairs, the sharper evidence, and from all that each was tried with. Half of alpha is for pairs, and
 * a quarter for each of the two rates.
 */
export function rateDifference(pairs: Pairs, ours: Hits, theirs: Hits, alpha: number): Interval {
  const [our, their] = [rateInterval(ours.differing, ours.total, alpha / 4), rateInterval(theirs.differing, theirs.total, alpha / 4)];
  return intersect(pairedDifference(pairs, alpha / 2), { low: our.low - their.high, high: our.high - their.low });
}

/** Natural logarithm of the evidence of pairs against "ours is a hit at most `factor` times as often as theirs"; `both` are hits of both. */
export function logOfExcess({ onlyOurs, onlyTheirs }: Pairs, both: number, factor: number): number {
  const seen = [
    { value: 1, count: onlyOurs },
    { value: -factor, count: onlyTheirs },
    { value: 1 - factor, count: both },
  ];
  return logEvidence(
    seen.map(({ value, count }) => ({ value: value / factor, count })),
    0,
  );
}
