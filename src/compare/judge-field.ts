// Whether a field differs between candidate and primary more than between two copies of the primary: noise cancelled.

import type { Interval } from '../analysis/interval.ts';
import type { Pairs } from '../analysis/rate-difference.ts';
import { logOfExcess, pairedDifference, rateDifference } from '../analysis/rate-difference.ts';
import { isRateAbove, rateInterval } from '../analysis/rate-interval.ts';

/** What was counted of one field after the request on which it was first seen. */
export interface FieldEvidence {
  /** Requests with a response of the candidate and a secondary one, and how many of them differed in one or the other alone, or in both. */
  readonly pairs: { readonly total: number; readonly onlyCandidate: number; readonly onlySecondary: number; readonly both: number };
  /** All responses of the candidate, and how many differed from the primary's. */
  readonly candidate: { readonly total: number; readonly differing: number };
  /** All secondary responses, and how many differed from the primary's. */
  readonly secondary: { readonly total: number; readonly differing: number };
}

export interface FieldTest {
  /** The chance of a false alarm that this field may use. */
  readonly alpha: number;
  /** By how much more than the noise it may differ: 0.2 = one fifth. */
  readonly relativeMargin: number;
  /** Rarer ones than this share of requests are not told. */
  readonly leastRate: number;
  /** absent: there is no second copy, and all differences are taken for real. */
  readonly noise: 'measured' | 'absent';
}

export interface FieldJudgement {
  /** Differs for real: a regression, unless it is meant. */
  readonly isReal: boolean;
  /** Decimal logarithm of the evidence from pairs that it differs more than its noise. */
  readonly log10Evidence: number;
}

/**
 * Tests "candidate differs at most (1 + relativeMargin) times as often as noise". Pairs are the sharper test: of the same request, so that
 * what depends on the request cancels out. Half of alpha is theirs; the other half belongs to the two rates, each with its own confidence
 * sequence, for requests that had only one of the two copies. Valid at all times, so that it may be asked after each request.
 */
export function judgeField(evidence: FieldEvidence, test: FieldTest): FieldJudgement {
  const { pairs, candidate, secondary } = evidence;
  const factor = 1 + test.relativeMargin;
  const log = logOfExcess(pairsOf(pairs), pairs.both, factor);
  const log10Evidence = log / Math.LN10;
  if (isBelow(evidence, test)) return { isReal: false, log10Evidence };
  if (log >= Math.log(2 / test.alpha)) return { isReal: true, log10Evidence };
  if (test.noise === 'measured') return { isReal: isRateAbove(candidate, secondary, factor, test.alpha / 4), log10Evidence };
  return { isReal: rateInterval(candidate.differing, candidate.total, test.alpha / 4).low > 0, log10Evidence };
}

/** Bounds of how much more often (share of requests) candidate differs than noise; they hold at all times. */
export function excessInterval({ pairs, candidate, secondary }: FieldEvidence, test: FieldTest): Interval {
  if (test.noise === 'absent') return rateInterval(candidate.differing, candidate.total, test.alpha);
  if (pairs.total === candidate.total && pairs.total === secondary.total) return pairedDifference(pairsOf(pairs), test.alpha / 2);
  return rateDifference(pairsOf(pairs), candidate, secondary, test.alpha);
}

function pairsOf({ total, onlyCandidate, onlySecondary }: FieldEvidence['pairs']): Pairs {
  return { total, onlyOurs: onlyCandidate, onlyTheirs: onlySecondary };
}

function isBelow({ candidate, secondary }: FieldEvidence, test: FieldTest): boolean {
  const noise = secondary.total === 0 ? 0 : secondary.differing / secondary.total;
  const rate = candidate.total === 0 ? 0 : candidate.differing / candidate.total;
  return rate - noise < test.leastRate;
}
