// A weight that rises in parts in place of at once, so that a cold canary warms up meanwhile. It never takes from the canary what it has.

import { shareAt, stepAt } from './course.ts';
import type { RolloutState } from './model.ts';
import { shareOf } from './weights.ts';

/** Each is a change of weights, and evidence of its own. */
const PARTS = 10;

/** The canary's share at this moment of the step that begins or runs. */
export function shareNow(state: RolloutState, ranMs: number): number {
  const target = shareAt(state, state.step);
  const step = stepAt(state, state.step);
  const has = shareOf(state.wanted, state);
  if (step?.kind !== 'weight' || ranMs >= step.rampMs || has >= target) return target;
  const from = state.step === 0 ? shareOf(state.before, state) : shareAt(state, state.step - 1);
  const part = Math.floor((ranMs / step.rampMs) * PARTS) + 1;
  return Math.max(has, from + ((target - from) * part) / PARTS);
}
