// Whether what was recorded of each arm fits the chance with which arms were drawn. Where it does not (sample ratio mismatch), one arm loses what it
// should report, and no other number of this run can be trusted.
//
// R. Kohavi, D. Tang, Y. Xu, Trustworthy Online Controlled Experiments (2020), chapter 21. M. Lindon, A. Malek (NeurIPS 2022).

import type { Segment } from './label-test.ts';
import { checkSegment, labelTest, logOfLabels } from './label-test.ts';
import { logBeta } from './log-gamma.ts';
import { logMean } from './mean-of-evidence.ts';

/** The evidence past which records are broken: 1 / 0.001. */
export const BROKEN_AT = -Math.log(0.001);

const MORE = labelTest({ allowed: 1, towards: 'above', least: 1.01, most: 20 });
const FEWER = labelTest({ allowed: 1, towards: 'below', least: 1.01, most: 20 });

/**
 * Natural logarithm of the e-value against "each record of a segment is ours with its chance". Half of the wealth plays each segment for itself
 * (Beta(1, 1) against the chance); its e-values multiply, since each is fair whatever the others were, so that logarithms add up. The other half plays
 * one ratio over all segments, which is sharper when there are many short ones.
 */
export function logOfRecorded(segments: readonly Segment[]): number {
  const shared = logMean([logOfLabels(segments, MORE), logOfLabels(segments, FEWER)]);
  return logMean([segments.reduce((sum, segment) => sum + logOfSegment(segment), 0), shared]);
}

/** ln B(1 + ours, 1 + theirs) - ours ln(chance) - theirs ln(1 - chance). */
function logOfSegment({ chance, ours, theirs }: Segment): number {
  checkSegment(chance, ours, theirs);
  if (chance === 0 || chance === 1) return (chance === 0 ? ours : theirs) > 0 ? Infinity : 0;
  return logBeta(1 + ours, 1 + theirs) - ours * Math.log(chance) - theirs * Math.log1p(-chance);
}
