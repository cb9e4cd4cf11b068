// A weight that rises in parts in place of at once: by the time that its step says, and with the slow start of the canary's endpoints. It never takes
// from the canary what it has.

import { isInPlace, shareAt, stepAt } from './course.ts';
import type { RolloutState } from './model.ts';
import type { RampShare, Seen } from './seen.ts';
import { percentOf } from './percent.ts';
import { shareOf } from './weights.ts';

/** Each is a change of weights, and evidence of its own. */
const PARTS = 10;
/** Of floating point: shares closer than this are the same. */
const SAME = 1e-9;
/** While a version starts slowly the workers give part of its share to another one, which must have some weight for it. */
const SHARE_BESIDE = 0.999;

type Starting = Pick<Seen, 'rampShares'>;

/** The canary's share at this moment of the step that begins or runs. */
export function shareNow(state: RolloutState, ranMs: number, seen: Starting): number {
  const target = shareAt(state, state.step);
  const has = shareOf(state.wanted, state);
  if (isInPlace(state) || has >= target) return target;
  return Math.max(has, Math.min(byTime(state, ranMs, target), byStart(seen.rampShares.canary, target)));
}

/** Whether its share is still to rise, to that of the step. */
export function isRising(state: RolloutState): boolean {
  return !isInPlace(state) && isAbove(shareAt(state, state.step), shareOf(state.wanted, state));
}

export function isAbove(share: number, other: number): boolean {
  return share > other + SAME;
}

/** Whether that is because of the slow start. */
export function isStarting({ canary }: Seen['rampShares']): boolean {
  return canary.endpoints < 1 || canary.version < 1;
}

export function risesWith(state: RolloutState): string {
  return `the weight rises to ${percentOf(shareAt(state, state.step))} as the endpoints of ${state.canary} start`;
}

/** In whole parts, so that not every look is a change of weights: at least one. */
export function inParts(share: number): number {
  return Math.max(1, Math.floor(share * PARTS + SAME)) / PARTS;
}

function byTime(state: RolloutState, ranMs: number, target: number): number {
  const step = stepAt(state, state.step);
  if (step?.kind !== 'weight' || ranMs >= step.rampMs) return target;
  const from = state.step === 0 ? shareOf(state.before, state) : shareAt(state, state.step - 1);
  const part = Math.floor((ranMs / step.rampMs) * PARTS) + 1;
  return from + ((target - from) * part) / PARTS;
}

/** What the workers see to by themselves is not done twice. */
function byStart({ endpoints, version }: RampShare, target: number): number {
  const most = target < 1 || version >= 1 ? target : SHARE_BESIDE;
  return Math.min(most, target * inParts(Math.min(1, endpoints / version)));
}
