// The moves of a rollout within its steps: on, held until something is there, out of time.

import { formatDuration } from '../config/duration.ts';
import type { Gate } from '../config/rollout-model.ts';
import { promotionAt, stepAt } from './course.ts';
import { passageOf } from './gates.ts';
import type { RolloutState, RolloutStatus } from './model.ts';
import { fail, hold } from './react.ts';
import type { Failure } from './react.ts';
import { change, explain, tell } from './turn.ts';
import type { Turn } from './turn.ts';

export function statusOf(state: RolloutState): RolloutStatus {
  if (!state.started) return 'pending';
  const step = stepAt(state, state.step);
  if (step?.kind === 'watch' && state.begun) return 'watching';
  return state.step >= promotionAt(state) ? 'promoting' : 'running';
}

export function moveOn(turn: Turn): void {
  const { state } = turn;
  // What was done for a step that is over is not asked for again.
  const done = Object.fromEntries(Object.entries(state.done).filter(([name]) => !name.includes(` ${state.epoch}.${state.step}`)));
  change(turn, { step: state.step + 1, begun: false, stepRanMs: 0, held: undefined, done, replacing: undefined });
  change(turn, { status: statusOf(turn.state) });
}

export function timeOut(turn: Turn, step: Gate, missing: string): void {
  const why = wordTimeOut(step, missing);
  if (step.onTimeout === 'rollback') return fail(turn, 'rollback', { why, reason: 'timeout' });
  if (step.onTimeout === 'hold') return hold(turn, { why, reason: 'timeout' });
  tell(turn, `goes on although ${why}`);
  moveOn(turn);
}

/** What a step that is out of time still lacks: that changes while a person is waited for. */
export function sayMissing(turn: Turn): void {
  const { state, seen } = turn;
  const step = stepAt(state, state.step);
  if (state.status !== 'held' || state.held !== 'timeout' || step === undefined || !('atMostMs' in step)) return;
  if (step.kind === 'replace' || step.kind === 'recreate') return;
  const passage = passageOf(state, seen);
  explain(turn, wordTimeOut(step, passage.is === 'open' ? 'what it waited for has come since' : passage.why));
}

function wordTimeOut({ atMostMs }: Gate, missing: string): string {
  return `its time of ${formatDuration(atMostMs)} is up: ${missing}`;
}

/** Ends by itself as soon as what is missing is there. */
export function holdFor(turn: Turn, { why, reason }: Failure): void {
  if (turn.state.held !== reason) tell(turn, `held: ${why}`);
  change(turn, { status: 'held', held: reason });
  explain(turn, why);
}

export function wait(turn: Turn, why: string): void {
  if (turn.state.held !== undefined) change(turn, { held: undefined, status: statusOf(turn.state) });
  explain(turn, why);
}
