// Whether one arm takes longer than the other: events are "longer than a bound" at three quantiles, and their labels are tested. Bounds come from the
// window before, of both arms together: known before what they are held against, they may move as they like.

import type { LogHistogram } from '../lib/log-histogram.ts';
import type { LabelTest } from './label-test.ts';
import { labelTest } from './label-test.ts';
import { checkAbove } from './numbers.ts';

/** Bounds in milliseconds, in the order of `SLOW_QUANTILES`. */
export type SlowBounds = readonly [number, number, number];

export const SLOW_QUANTILES = [0.5, 0.9, 0.99] as const;

/** How often beyond its due the tail above a quantile can be met: at most 1 / (1 - quantile). */
const FARTHEST = [2, 10, 50] as const;
const LEAST = 1.05;

/**
 * One test for each bound. "Ours takes at most `scaling` times as long" is tested by dividing its durations by that: then its events come at most as
 * often as theirs. The e-value of the whole is the mean of the three (`logMean`).
 */
export function slowTests(): readonly [LabelTest, LabelTest, LabelTest] {
  const [middle, upper, tail] = FARTHEST;
  return [slowTest(middle), slowTest(upper), slowTest(tail)];
}

/**
 * Bounds for the next window from the durations of both arms in the last one; `before` goes on where they are fewer than `fewest`, and nothing is an
 * event until there were enough.
 */
export function slowBounds(last: LogHistogram, fewest: number, before: SlowBounds | undefined): SlowBounds | undefined {
  if (last.total < Math.max(1, fewest)) return before;
  const [middle, upper, tail] = SLOW_QUANTILES;
  return [last.quantile(middle) as number, last.quantile(upper) as number, last.quantile(tail) as number];
}

/** The bounds that our arm is held to: `scaling` times as long. */
export function scaledBounds([middle, upper, tail]: SlowBounds, scaling: number): SlowBounds {
  checkAbove(scaling, 0, 'A scaling');
  return [middle * scaling, upper * scaling, tail * scaling];
}

function slowTest(most: number): LabelTest {
  return labelTest({ allowed: 1, towards: 'above', least: LEAST, most });
}
