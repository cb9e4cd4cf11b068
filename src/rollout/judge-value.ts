// A value per user: whether the canary's mean is lower than the baseline's by more than is allowed. All who were drawn count, with 0 where they had
// none: those alone who had one are not the same people on both sides.

import type { Interval } from '../analysis/interval.ts';
import { FEWEST_UNITS, meanDifference, mergeSums, NO_UNITS } from '../analysis/mean-difference.ts';
import type { ArmSums, UnitSegment } from '../analysis/mean-difference.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import type { ArmCounts, CheckVerdict, SegmentEvidence } from './model.ts';
import { formatCount, formatPercent } from './sentences.ts';

export type ValueCheck = Extract<RolloutCheck, { kind: 'value' }>;

export interface ValueQuestion {
  /** Position of the check among those of values. */
  readonly position: number;
  readonly alpha: number;
  readonly names: { readonly baseline: string; readonly canary: string };
}

export function isValue(check: RolloutCheck): check is ValueCheck {
  return check.kind === 'value';
}

/** @param segments of the epoch, after the warmup */
export function judgeValue(check: ValueCheck, segments: readonly SegmentEvidence[], question: ValueQuestion): CheckVerdict {
  const { names, position } = question;
  const [ours, theirs] = (['canary', 'baseline'] as const).map((arm) => totalOf(segments.map((each) => sumsOf(each[arm], position))));
  const users = [theirs!.units, ours!.units] as const;
  const difference = differenceOf(segments, question);
  if (difference === undefined) {
    const needs = Math.max(1, FEWEST_UNITS - Math.min(...users));
    return word('no-data', users, needs, `${check.name} needs ${formatCount(needs)} more users of each version`);
  }
  const [mean, other] = [meanOf(ours!), meanOf(theirs!)];
  const allowed = -check.worseThan * other;
  const verdict = difference.high < allowed ? 'fail' : difference.low > allowed ? 'pass' : 'inconclusive';
  const told = `${names.canary} has ${round(mean)} per user of ${formatCount(ours!.units)}, ${names.baseline} ${round(other)} of ${formatCount(theirs!.units)}`;
  const loss = `a loss of more than ${formatPercent(check.worseThan)}`;
  const conclusion = verdict === 'fail' ? `${loss} is shown` : verdict === 'pass' ? `${loss} is ruled out` : 'not enough to tell';
  return word(verdict, users, verdict === 'inconclusive' ? undefined : 0, `${told}: ${conclusion}`);
}

/** Bounds of the difference canary minus baseline; undefined with too few users. */
export function differenceOf(
  segments: readonly SegmentEvidence[],
  { position, alpha }: Pick<ValueQuestion, 'position' | 'alpha'>,
): Interval | undefined {
  const units = segments.map(({ share, baseline, canary }): UnitSegment => ({
    chance: share,
    ours: sumsOf(canary, position),
    theirs: sumsOf(baseline, position),
  }));
  return meanDifference(units, alpha);
}

/** A value may be told before its user was read as drawn: it is as if both came together. */
function sumsOf({ assigned, values }: ArmCounts, position: number): ArmSums {
  const [sum, squares] = values[position] ?? [0, 0];
  return { units: assigned, sum: assigned === 0 ? 0 : sum, squares: assigned === 0 ? 0 : squares };
}

function totalOf(sums: readonly ArmSums[]): ArmSums {
  return sums.reduce(mergeSums, NO_UNITS);
}

function meanOf({ units, sum }: ArmSums): number {
  return units === 0 ? 0 : sum / units;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function word(
  verdict: CheckVerdict['verdict'],
  [baseline, canary]: readonly [number, number],
  needs: number | undefined,
  sentence: string,
): CheckVerdict {
  return {
    verdict,
    towards: { fail: verdict === 'fail' ? 1 : 0, harmless: verdict === 'pass' ? 1 : 0 },
    counts: { baseline: [baseline, baseline], canary: [canary, canary] },
    interval: undefined,
    needs,
    topUserShare: undefined,
    sentence,
  };
}
