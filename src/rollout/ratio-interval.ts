// Bounds of the ratio of two rates that hold at all times: the ratios that label tests have not ruled out.

import type { Segment } from '../analysis/label-test.ts';
import { labelTest, logOfLabels, mergeSegments } from '../analysis/label-test.ts';

const MIN_RATIO = 0.01;
const MAX_RATIO = 100;
/** Bounds within half a percent of themselves. */
const HALVINGS = 12;

/** Between 0.01 and 100, which stand for anything beyond; undefined without an event. */
export function ratioInterval(segments: readonly Segment[], alpha: number): readonly [low: number, high: number] | undefined {
  const merged = mergeSegments(segments, []).filter(({ ours, theirs }) => ours + theirs > 0);
  if (merged.length === 0) return undefined;
  const needed = Math.log(2 / alpha);
  const isAbove = (ratio: number): boolean => logOfLabels(merged, labelTest({ allowed: ratio, towards: 'above', least: 1.05 })) >= needed;
  const isBelow = (ratio: number): boolean => logOfLabels(merged, labelTest({ allowed: ratio, towards: 'below', least: 1.05 })) >= needed;
  return [edge(MIN_RATIO, MAX_RATIO, isAbove), edge(MAX_RATIO, MIN_RATIO, isBelow)];
}

/** The last ratio from `from` on that is ruled out; `from` itself when it is not. */
function edge(from: number, to: number, isRuledOut: (ratio: number) => boolean): number {
  if (!isRuledOut(from)) return from;
  let [out, kept] = [Math.log(from), Math.log(to)];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (out + kept) / 2;
    if (isRuledOut(Math.exp(middle))) out = middle;
    else kept = middle;
  }
  return Math.exp(out);
}
