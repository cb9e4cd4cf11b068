// Evidence that one arm is not worse than the other by more than is allowed: by ratio, or by an absolute bound. Where events are rare, a ratio takes
// very long to tell, and an absolute bound does not.

import type { LabelTest, Segment } from './label-test.ts';
import { labelTest, logOfLabels } from './label-test.ts';
import { logMean } from './mean-of-evidence.ts';
import { checkAbove, checkChance, checkCount, checkInside } from './numbers.ts';
import type { Hits } from './rate-interval.ts';
import { rateInterval } from './rate-interval.ts';

/** What counts as harmless. With both ways either is enough, and each has half of alpha. */
export interface HarmlessQuestion {
  readonly alpha: number;
  /** Events of ours come less than so many times as often. */
  readonly ratio?: number;
  /** The rate of ours is less than `margin` above that of theirs, or above `reference` where one is given. */
  readonly margin?: number;
  readonly reference?: number;
}

export interface HarmlessCounts {
  readonly segments: readonly Segment[];
  /** Events, and units with and without one, over the whole time. */
  readonly ours: Hits;
  readonly theirs: Hits;
}

export interface Harmless {
  readonly isHarmless: boolean;
  /** 0 to 1: how far the way that is nearest has come, on the scale of logarithms. */
  readonly towards: number;
  readonly by: 'ratio' | 'margin';
}

const LEAST_BELOW = 1.1;
const MAX_BELOW = 20;
/** Alternatives for the rate, as parts of the bound. */
const PARTS = [0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8];
const MAX_BOUND = 1 - 1e-9;

/**
 * By ratio it holds for rates that change in any way. By margin both rates must stand still. Throws a RangeError when neither way is asked for.
 */
export function judgeHarmless(counts: HarmlessCounts, question: HarmlessQuestion): Harmless {
  const { alpha, ratio, margin } = question;
  checkInside(alpha, 'Alpha');
  if (ratio === undefined && margin === undefined) throw new RangeError('Harmless is by ratio, by margin, or both.');
  const part = ratio !== undefined && margin !== undefined ? alpha / 2 : alpha;
  const byRatio = ratio === undefined ? -Infinity : logOfLabels(counts.segments, harmlessTest(ratio)) / -Math.log(part);
  const byMargin = margin === undefined ? -Infinity : towardsMargin(counts, margin, question.reference, part);
  const most = Math.max(byRatio, byMargin);
  return { isHarmless: most >= 1, towards: Math.min(1, Math.max(0, most)), by: byRatio >= byMargin ? 'ratio' : 'margin' };
}

/** The label test that a ratio below `ratio` passes. */
function harmlessTest(ratio: number): LabelTest {
  return labelTest({ allowed: ratio, towards: 'below', least: LEAST_BELOW, most: MAX_BELOW });
}

/**
 * Natural logarithm of the e-value against "the chance behind `hits` is at least `bound`". It grows with the bound, so that a bound that is too
 * small, as a lower confidence bound is, makes it smaller.
 */
export function logOfRateBelow({ differing, total }: Hits, bound: number): number {
  checkHits({ differing, total });
  checkAbove(bound, 0, 'A bound on a rate');
  const most = Math.min(bound, MAX_BOUND);
  const logs = PARTS.map((part) => differing * Math.log(part) + (total - differing) * (Math.log1p(-part * most) - Math.log1p(-most)));
  return logMean(logs);
}

/** @internal */
export function checkHits({ differing, total }: Hits): void {
  checkCount(total, 'A count of units');
  checkCount(differing, 'A count of events');
  if (differing > total) throw new RangeError(`${differing} of ${total} units cannot have had an event.`);
}

// Against the other arm half of the alpha is for its lower bound, which holds at all times, and half for the bet on ours.
function towardsMargin({ ours, theirs }: HarmlessCounts, margin: number, reference: number | undefined, alpha: number): number {
  checkAbove(margin, reference === undefined ? 0 : -reference, 'A margin');
  if (reference !== undefined) {
    checkChance(reference, 'A reference rate');
    return logOfRateBelow(ours, reference + margin) / -Math.log(alpha);
  }
  checkHits(theirs);
  const { low } = rateInterval(theirs.differing, theirs.total, alpha / 2);
  return logOfRateBelow(ours, low + margin) / -Math.log(alpha / 2);
}
