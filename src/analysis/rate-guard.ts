// Absolute guards: whether a rate, or the share of durations beyond a quantile, is past its limit in the last moments. They compare with nothing, so
// that they see what goes wrong on both arms.
//
// From one start on, units of which each has an event with a chance of at most the limit, whatever came before, are labels with that chance: the
// label test is an e-process for them, and may be looked at at any time (`label-test`). A window slides, so that there are many starts: start j has
// a part of alpha of its own, and the parts add up to 1. All looks together therefore raise a false alarm with a chance of at most alpha.

import { alphaPart, failsAt } from './alpha.ts';
import { checkHits } from './harmless.ts';
import type { Interval } from './interval.ts';
import { labelTest, logOfLabels } from './label-test.ts';
import { checkAbove, checkCount, checkInside } from './numbers.ts';
import type { Hits } from './rate-interval.ts';

export interface RateGuard {
  /** 0 to 1, both left out. */
  readonly limit: number;
  /** Chance of a false alarm, over all looks of all time. */
  readonly alpha: number;
  /** The window began at one of the starts up to this one, from 0. */
  readonly start: number;
}

/** above: the rate is past its limit. open: that is not shown. */
export interface GuardVerdict {
  readonly verdict: 'above' | 'open' | 'no-data';
  /** Natural logarithm of the evidence against "at most the limit", and what it must reach. */
  readonly log: number;
  readonly needed: number;
}

/** Rates from little above the limit to nearly all: 100 of 2,000 and four of four are alarms both. */
const PAST = labelTest({ allowed: 1, towards: 'above', least: 1.2, most: 1000 });

export function judgeRate({ differing, total }: Hits, { limit, alpha, start }: RateGuard): GuardVerdict {
  checkInside(limit, 'The limit of a rate');
  checkHits({ differing, total });
  const needed = failsAt(alpha, startPart(start));
  const log = logOfLabels([{ chance: limit, ours: differing, theirs: total - differing }], PAST);
  return { verdict: total === 0 ? 'no-data' : log >= needed ? 'above' : 'open', log, needed };
}

/** Whether the quantile is past the bound that `longer` counts the durations beyond of: that is so when they are more than the share 1 - quantile. */
export function judgeQuantile(longer: Hits, quantile: number, { alpha, start }: Omit<RateGuard, 'limit'>): GuardVerdict {
  checkInside(quantile, 'A quantile');
  return judgeRate(longer, { limit: 1 - quantile, alpha, start });
}

/** The part of alpha of one start: those from 2^k - 1 to 2^(k + 1) - 2 share one, so that a day of them costs little more than an hour. */
export function startPart(start: number): number {
  checkCount(start, 'The number of a start');
  const group = Math.floor(Math.log2(start + 1));
  return alphaPart(group) / 2 ** group;
}

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
