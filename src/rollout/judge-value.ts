// A value per user: whether the canary's mean is lower than the baseline's by more than is allowed.

import type { Interval } from '../analysis/interval.ts';
import { FEWEST_UNITS, meanDifference } from '../analysis/mean-difference.ts';
import type { RolloutCheck } from '../config/rollout-model.ts';
import type { CheckVerdict, Seen, ValueSums } from './model.ts';
import { formatCount, formatPercent } from './sentences.ts';

export type ValueCheck = Extract<RolloutCheck, { kind: 'value' }>;

export interface ValueQuestion {
  readonly share: number;
  readonly alpha: number;
  readonly names: { readonly baseline: string; readonly canary: string };
}

export function isValue(check: RolloutCheck): check is ValueCheck {
  return check.kind === 'value';
}

export function judgeValue(check: ValueCheck, { values }: Pick<Seen, 'values'>, question: ValueQuestion): CheckVerdict {
  const { names } = question;
  const sums = Object.hasOwn(values, check.name) ? values[check.name] : undefined;
  const difference = differenceOf(check, { values }, question);
  if (sums === undefined || difference === undefined) {
    const users = Math.min(sums?.canary.users ?? 0, sums?.baseline.users ?? 0);
    const needs = Math.max(1, FEWEST_UNITS - users);
    return word(
      'no-data',
      [sums?.baseline.users ?? 0, sums?.canary.users ?? 0],
      needs,
      `${check.name} needs ${formatCount(needs)} more users of each version`,
    );
  }
  const [ours, theirs] = [meanOf(sums.canary), meanOf(sums.baseline)];
  const allowed = -check.worseThan * Math.abs(theirs);
  const verdict = difference.high < allowed ? 'fail' : difference.low > allowed ? 'pass' : 'inconclusive';
  const told = `${names.canary} has ${round(ours)} per user of ${formatCount(sums.canary.users)}, ${names.baseline} ${round(theirs)} of ${formatCount(sums.baseline.users)}`;
  const loss = `a loss of more than ${formatPercent(check.worseThan)}`;
  const conclusion = verdict === 'fail' ? `${loss} is shown` : verdict === 'pass' ? `${loss} is ruled out` : 'not enough to tell';
  return word(verdict, [sums.baseline.users, sums.canary.users], verdict === 'inconclusive' ? undefined : 0, `${told}: ${conclusion}`);
}

/** Bounds of the difference canary minus baseline; undefined with too few users. */
export function differenceOf(check: ValueCheck, { values }: Pick<Seen, 'values'>, { share, alpha }: ValueQuestion): Interval | undefined {
  const sums = Object.hasOwn(values, check.name) ? values[check.name] : undefined;
  if (sums === undefined || !(share > 0 && share < 1)) return undefined;
  return meanDifference([{ chance: share, ours: unitsOf(sums.canary), theirs: unitsOf(sums.baseline) }], alpha);
}

function unitsOf({ users, sum, sumOfSquares }: ValueSums): { units: number; sum: number; squares: number } {
  return { units: users, sum, squares: sumOfSquares };
}

function meanOf({ users, sum }: ValueSums): number {
  return users === 0 ? 0 : sum / users;
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
    sentence,
  };
}
