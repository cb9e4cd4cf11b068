// Whether a field differs between candidate and primary more than between two copies of the primary: noise cancelled.

import type { Interval } from '../analysis/interval.ts';
import { intersect, logEvidence, meanInterval } from '../analysis/bets.ts';
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
  const log = logEvidence(
    [
      { value: 1, count: pairs.onlyCandidate },
      { value: -factor, count: pairs.onlySecondary },
      { value: 1 - factor, count: pairs.both },
    ].map(({ value, count }) => ({ value: value / factor, count })),
    0,
  );
  const log10Evidence = log / Math.LN10;
  if (isBelow(evidence, test)) return { isReal: false, log10Evidence };
  if (log >= Math.log(2 / test.alpha)) return { isReal: true, log10Evidence };
  if (test.noise === 'measured') return { isReal: isRateAbove(candidate, secondary, factor, test.alpha / 4), log10Evidence };
  return { isReal: rateInterval(candidate.differing, candidate.total, test.alpha / 4).low > 0, log10Evidence };
}

/** Bounds of how much more often (share of requests) candidate differs than noise; they hold at all times. */
export function excessInterval({ pairs, candidate, secondary }: FieldEvidence, test: FieldTest): Interval {
  if (test.noise === 'absent') return rateInterval(candidate.differing, candidate.total, test.alpha);
  const paired = meanInterval(
    [
      { value: 1, count: pairs.onlyCandidate },
      { value: -1, count: pairs.onlySecondary },
      { value: 0, count: pairs.total - pairs.onlyCandidate - pairs.onlySecondary },
    ],
    test.alpha / 2,
  );
  if (pairs.total === candidate.total && pairs.total === secondary.total) return paired;
  const [ours, theirs] = [candidate, secondary].map(({ differing, total }) => rateInterval(differing, total, test.alpha / 4));
  return intersect(paired, { low: ours!.low - theirs!.high, high: ours!.high - theirs!.low });
}

/**
 * What the field seen as number `order` (from 0) may use of alpha: the parts add up to 1, however many fields come. The order must be known
 * before the evidence that is tested (weighted Bonferroni; C. Genovese, K. Roeder, L. Wasserman, Biometrika 93, 2006): so the request on
 * which a field is first seen is no part of its evidence.
 */
export function alphaPart(order: number): number {
  return 1 / ((order + 1) * (order + 2));
}

function isBelow({ candidate, secondary }: FieldEvidence, test: FieldTest): boolean {
  const noise = secondary.total === 0 ? 0 : secondary.differing / secondary.total;
  const rate = candidate.total === 0 ? 0 : candidate.differing / candidate.total;
  return rate - noise < test.leastRate;
}
