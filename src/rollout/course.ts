// The course of a rollout: which share each step has, where it promotes, and what is waited for before it begins.

import type { RolloutStep, WeightStep } from '../config/rollout-model.ts';
import type { RolloutState } from './model.ts';
import { shareOf } from './weights.ts';

/** Undefined when all are done. */
export function stepAt({ template }: Pick<RolloutState, 'template'>, index: number): RolloutStep | undefined {
  return template.steps[index];
}

/** Whether the endpoints of one version are replaced in place: there is no canary, and no weight moves. */
export function isInPlace({ baseline, canary }: Pick<RolloutState, 'baseline' | 'canary'>): boolean {
  return baseline === canary;
}

/** Where the canary gets everything: a weight of 100 %, the watch, or the end. */
export function promotionAt(state: RolloutState): number {
  const { steps } = state.template;
  if (isInPlace(state)) return steps.length + 1;
  const found = steps.findIndex((step) => step.kind === 'watch' || (step.kind === 'weight' && step.share === 1));
  return found < 0 ? steps.length : found;
}

/** The canary's share while this step runs. It never begins below what it had before the rollout, unless a step says that it goes down. */
export function shareAt(state: RolloutState, index: number): number {
  const had = shareOf(state.before, state);
  const { steps } = state.template;
  if (index >= steps.length) return 1;
  const step = steps[index]!;
  if (step.kind === 'watch') return 1 - step.holdback;
  const at = steps.slice(0, index + 1).findLastIndex(isWeight);
  if (at < 0) return had;
  const { share } = steps[at] as WeightStep;
  const before = steps.slice(0, at).findLast(isWeight);
  return before !== undefined && share < before.share ? share : Math.max(share, had);
}

/** The step with a weight before this one; undefined when there is none. */
export function weightBefore({ template }: Pick<RolloutState, 'template'>, index: number): number | undefined {
  const found = template.steps.slice(0, index).findLastIndex(isWeight);
  return found < 0 ? undefined : found;
}

function isWeight(step: RolloutStep): step is WeightStep {
  return step.kind === 'weight';
}
