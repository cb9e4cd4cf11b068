// Absolute guards: whether a rate, or the share of durations beyond a quantile, is past its limit in the last moments. They compare with nothing, so
// that they see what goes wrong on both arms; and they are looked at often, so that z is far out.

import type { Hits } from './rate-interval.ts';
import type { Interval } from './interval.ts';
import { checkHits } from './harmless.ts';
import { checkAbove, checkCount, checkInside } from './numbers.ts';

export interface RateGuard {
  /** 0 to 1, both left out. */
  readonly limit: number;
  /** Standard errors that the rate must be beyond its limit. */
  readonly z: number;
  /** With fewer units there is no verdict. */
  readonly fewest: number;
}

/** above, below: the limit is outside the bounds of the rate. open: within them. */
export type GuardVerdict = 'above' | 'below' | 'open' | 'no-data';

/** Bounds of the chance behind `hits` for one look. E. B. Wilson, J. Am. Stat. Assoc. 22 (1927). */
export function wilsonInterval(hits: Hits, z: number): Interval {
  checkHits(hits);
  checkAbove(z, 0, 'z');
  const { differing, total } = hits;
  if (total === 0) return { low: 0, high: 1 };
  const rate = differing / total;
  const square = (z * z) / total;
  const middle = rate + square / 2;
  const half = z * Math.sqrt((rate * (1 - rate)) / total + square / (4 * total));
  return {
    low: differing === 0 ? 0 : Math.max(0, (middle - half) / (1 + square)),
    high: differing === total ? 1 : Math.min(1, (middle + half) / (1 + square)),
  };
}

export function judgeRate(hits: Hits, { limit, z, fewest }: RateGuard): GuardVerdict {
  checkInside(limit, 'The limit of a rate');
  checkCount(fewest, 'The fewest units');
  const { low, high } = wilsonInterval(hits, z);
  if (hits.total < Math.max(1, fewest)) return 'no-data';
  if (low > limit) return 'above';
  return high < limit ? 'below' : 'open';
}

/** Whether the quantile is past the bound that `longer` counts the durations beyond of: that is so when they are more than the share 1 - quantile. */
export function judgeQuantile(longer: Hits, quantile: number, { z, fewest }: Omit<RateGuard, 'limit'>): GuardVerdict {
  checkInside(quantile, 'A quantile');
  return judgeRate(longer, { limit: 1 - quantile, z, fewest });
}
