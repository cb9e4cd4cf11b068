// What a failed check does: back to the split from before, back by one step, or nothing moves until somebody decides.

import type { CheckAction, RolloutCheck } from '../config/rollout-model.ts';
import { shareAt, weightBefore } from './course.ts';
import type { HoldReason } from './decided.ts';
import { leave } from './leave.ts';
import type { RolloutState } from './model.ts';
import { newEpoch } from './epoch.ts';
import { OURSELVES, change, explain, tell } from './turn.ts';
import type { Turn } from './turn.ts';
import { percentOf } from './percent.ts';
import { weightsFor } from './weights.ts';

/** The strongest first. */
const STRENGTH: readonly CheckAction[] = ['rollback', 'previous', 'hold', 'warn'];

/** Acts on failed checks. @param before how the checks stood at the last look */
export function react(turn: Turn, before: RolloutState): void {
  const { state } = turn;
  const failed = state.template.checks.filter(({ name }) => state.verdicts[name]?.verdict === 'fail');
  for (const check of failed) {
    const isNew = before.verdicts[check.name]?.verdict !== 'fail';
    if (isNew) tell(turn, `check ${check.name} failed: ${sentenceOf(state, check)}`);
  }
  const [strongest] = [...failed].sort((a, b) => STRENGTH.indexOf(actionOf(state, a)) - STRENGTH.indexOf(actionOf(state, b)));
  if (strongest === undefined) return;
  const action = actionOf(state, strongest);
  if (action !== 'warn') fail(turn, action, { why: `check ${strongest.name} failed: ${sentenceOf(state, strongest)}`, reason: 'check' });
}

export interface Failure {
  readonly why: string;
  readonly reason: HoldReason;
}

export function fail(turn: Turn, action: Exclude<CheckAction, 'warn'>, failure: Failure): void {
  if (action === 'rollback') return leave(turn, { as: 'rolled-back', author: OURSELVES, why: failure.why });
  if (action === 'previous') return goBack(turn, failure);
  if (turn.state.held === failure.reason) return;
  hold(turn, failure);
}

/** Nothing moves until somebody decides. */
export function hold(turn: Turn, { why, reason }: Failure): void {
  change(turn, { status: 'held', held: reason });
  explain(turn, why);
  tell(turn, `held: ${why}`);
}

/** Back to the weight before, once from each step; then back to the start. */
export function goBack(turn: Turn, failure: Failure): void {
  const { state } = turn;
  const at = weightBefore(state, state.step);
  if (at === undefined || state.wentBack.includes(state.step)) return fail(turn, 'rollback', failure);
  const share = shareAt(state, at);
  change(turn, {
    ...newEpoch(state),
    step: at,
    begun: true,
    stepRanMs: 0,
    status: 'running',
    held: undefined,
    wentBack: [...state.wentBack, state.step],
    skipped: state.skipped.filter((index) => index < at),
    wanted: weightsFor(state, share),
  });
  const why = `back to ${percentOf(share)}: ${failure.why}`;
  explain(turn, why);
  tell(turn, why);
}

/** In an A/B test an event decides after its time, not on the first days. */
function actionOf({ template, step, stepRanMs }: RolloutState, { kind, onFail }: RolloutCheck): CheckAction {
  const at = template.steps[step];
  const isEarly = at?.kind === 'weight' && at.until === 'winner' && stepRanMs < at.forMs;
  return isEarly && (kind === 'event' || kind === 'value') ? 'warn' : onFail;
}

function sentenceOf({ verdicts }: RolloutState, { name }: RolloutCheck): string {
  return verdicts[name]?.sentence ?? '';
}
