// An occasion on which a rollout asks people: at a step `approve`, and while it is held. What somebody decides for one occasion, without being
// known, is good for no other: not for another step, not for another reason, and not twice. Pure.

import { stepAt } from './course.ts';
import { DECIDED_BY_PEOPLE } from './decided.ts';
import type { Decided, HoldReason } from './decided.ts';
import { approvalName } from './effects.ts';
import type { RolloutState } from './model.ts';
import { ENDED } from './model.ts';

export type Occasion =
  | { readonly moment: 'approve'; readonly epoch: number; readonly step: number }
  /** Resumed, and held for the same reason again, is another one. */
  | { readonly moment: 'hold'; readonly epoch: number; readonly step: number; readonly resumed: number; readonly held: HoldReason };

export const OCCASION_ACTIONS = ['approve', 'resume', 'abort'] as const;
export type OccasionAction = (typeof OCCASION_ACTIONS)[number];

/** Undefined: nobody is asked. */
export function occasionOf(state: RolloutState, moment: Occasion['moment']): Occasion | undefined {
  const { epoch, step, resumed, held } = state;
  if (ENDED.has(state.status) || state.leaving !== undefined) return undefined;
  if (moment === 'approve') return waitsForApproval(state) ? { moment, epoch, step } : undefined;
  return state.status === 'held' && held !== undefined ? { moment, epoch, step, resumed, held } : undefined;
}

/** Whether nobody has decided yet, and nothing has moved. */
export function isStill(state: RolloutState, occasion: Occasion): boolean {
  const now = occasionOf(state, occasion.moment);
  return now !== undefined && isSame(now, occasion);
}

/** What somebody may decide who is not known: no more than an operator, and nothing that depends on who it is. */
export function actionsAt(state: RolloutState, occasion: Occasion): readonly OccasionAction[] {
  const approve: readonly OccasionAction[] = waitsForApproval(state) && knownApproverNeeded(state) === undefined ? ['approve'] : [];
  if (occasion.moment === 'approve') return [...approve, 'abort'];
  if (!DECIDED_BY_PEOPLE.has(occasion.held)) return ['abort'];
  // There to wait anew helps nobody: to approve is what is missing.
  if (occasion.held === 'timeout' && waitsForApproval(state)) return [...approve, 'abort'];
  return ['resume', 'abort'];
}

/** Why the step that waits takes no approval of somebody who is not known; undefined where it does, or where none waits. */
export function knownApproverNeeded(state: RolloutState): string | undefined {
  const step = stepAt(state, state.step);
  if (step?.kind !== 'approve') return undefined;
  if (step.by === 'admin') return 'this step takes the approval of somebody with the role admin';
  return step.notStarter ? `this step takes the approval of somebody other than ${state.author}, who started the rollout` : undefined;
}

/** What ended the occasion, where somebody did; undefined while it goes on, and where the rollout moved by itself. */
export function decidedAt(state: RolloutState, occasion: Occasion): Decided | undefined {
  return isStill(state, occasion) ? undefined : state.decided.find((decided) => ends(decided, occasion));
}

function ends({ what, epoch, step, resumed, held }: Decided, occasion: Occasion): boolean {
  if (what === 'pause' || epoch !== occasion.epoch || step !== occasion.step) return false;
  if (occasion.moment === 'approve') return what !== 'resume' || ANEW.has(held);
  // An approval ends no hold but that for want of it.
  return resumed === occasion.resumed && held === occasion.held && (what !== 'approve' || held === 'timeout');
}

/** A resume from these begins a new epoch. */
const ANEW: ReadonlySet<HoldReason | undefined> = new Set<HoldReason | undefined>(['check', 'smoke', 'hook']);

/** Whether it stands at a step `approve` that nobody has approved. */
export function waitsForApproval(state: RolloutState): boolean {
  return state.begun && stepAt(state, state.step)?.kind === 'approve' && !Object.hasOwn(state.done, approvalName(state));
}

function isSame(one: Occasion, other: Occasion): boolean {
  if (one.epoch !== other.epoch || one.step !== other.step) return false;
  if (one.moment === 'approve') return other.moment === 'approve';
  return other.moment === 'hold' && one.resumed === other.resumed && one.held === other.held;
}
