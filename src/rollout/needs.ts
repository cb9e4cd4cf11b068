// About how many more requests of the canary a check needs until it has a verdict.

import { unitsToClear, unitsToClearMargin, unitsToTell } from '../analysis/planning.ts';
import type { LabelCheck } from './label-checks.ts';
import type { ArmCounts, SegmentEvidence } from './model.ts';
import { sumOf } from './segments.ts';

interface Question {
  readonly alpha: number;
  readonly counter: (counts: ArmCounts) => number;
}

const MAX_NEEDED = 1e9;

/** At least 1; undefined where the rates lie so that nobody knows, or nothing was counted. */
export function requestsNeeded(check: LabelCheck, step: readonly SegmentEvidence[], { alpha, counter }: Question): number | undefined {
  const share = step.at(-1)?.share;
  const [baseline, canary] = [sumOf(step.map((each) => each.baseline)), sumOf(step.map((each) => each.canary))];
  if (share === undefined || baseline.finished === 0 || canary.finished === 0) return undefined;
  // One event more than there were: a rate of nothing is not known to be nothing.
  const rate = Math.min(0.99, (counter(baseline) + 0.5) / (baseline.finished + 1));
  const ratio = (counter(canary) + 0.5) / (canary.finished + 1) / rate;
  const plan = { chance: share, rate, alpha, allowed: allowedOf(check) };
  const isWorse = check.kind === 'event' ? ratio < plan.allowed : ratio > plan.allowed;
  const units = isWorse ? unitsToTell(plan, ratio) * share : unitsToBeHarmless(check, plan, share);
  const needed = Math.ceil(units - canary.finished);
  return Number.isFinite(needed) && needed < MAX_NEEDED ? Math.max(1, needed) : undefined;
}

function unitsToBeHarmless(check: LabelCheck, plan: Parameters<typeof unitsToClear>[0], share: number): number {
  if (check.kind === 'event') return Infinity;
  // Times of a canary that is alike are divided by the allowed ratio: fewer of them pass the bound.
  const ratio = check.kind === 'latency' ? 1 / check.ratio : 1;
  const byRatio = unitsToClear(plan, ratio) * share;
  const margin = check.kind === 'errors' ? check.absolute : undefined;
  return margin === undefined ? byRatio : Math.min(byRatio, unitsToClearMargin(plan, margin));
}

function allowedOf(check: LabelCheck): number {
  if (check.kind === 'latency') return 1;
  return check.kind === 'event' ? 1 - check.worseThan : check.ratio;
}
