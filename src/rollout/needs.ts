// About how many more requests of the canary a check needs until it has a verdict.

import { unitsToClear, unitsToClearMargin, unitsToTell } from '../analysis/planning.ts';
import type { LabelCheck } from './label-checks.ts';
import type { ArmCounts, SegmentEvidence } from './model.ts';
import { sumOf } from './segments.ts';

interface Question {
  readonly alpha: number;
  readonly counter: (counts: ArmCounts) => number;
  /** How far the evidence has come, 0 to 1: that of the epoch towards a failure, that of the step towards harmless. */
  readonly come: { readonly fail: number; readonly harmless: number };
}

interface Counts {
  readonly epoch: readonly SegmentEvidence[];
  readonly step: readonly SegmentEvidence[];
}

const MAX_NEEDED = 1e9;
/** Less of it is chance. */
const LEAST_COME = 0.05;

/**
 * At least 1; undefined where the rates lie so that nobody knows, or too little was counted. Evidence grows about evenly with requests: what has come
 * says what is left. So does the plan for the rates that were seen, where there were any events; the less counts.
 */
export function requestsNeeded(check: LabelCheck, { epoch, step }: Counts, { alpha, counter, come }: Question): number | undefined {
  const share = step.at(-1)?.share;
  const [baseline, canary] = [sumOf(step.map((each) => each.baseline)), sumOf(step.map((each) => each.canary))];
  if (share === undefined || baseline.finished === 0 || canary.finished === 0) return undefined;
  // One event more than there were: a rate of nothing is not known to be nothing.
  const rate = Math.min(0.99, (counter(baseline) + 0.5) / (baseline.finished + 1));
  const ratio = (counter(canary) + 0.5) / (canary.finished + 1) / rate;
  const plan = { chance: share, rate, alpha, allowed: allowedOf(check) };
  const isWorse = check.kind === 'event' ? ratio < plan.allowed : ratio > plan.allowed;
  const isSeen = counter(baseline) + counter(canary) > 0;
  const units = !isSeen ? Infinity : isWorse ? unitsToTell(plan, ratio) * share : unitsToBeHarmless(check, plan, share);
  const counted = isWorse ? sumOf(epoch.map((each) => each.canary)).finished : canary.finished;
  const needed = Math.ceil(Math.min(units - canary.finished, leftAfter(counted, isWorse ? come.fail : come.harmless)));
  return Number.isFinite(needed) && needed < MAX_NEEDED ? Math.max(1, needed) : undefined;
}

function leftAfter(counted: number, come: number): number {
  return come < LEAST_COME ? Infinity : (counted * (1 - come)) / come;
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
