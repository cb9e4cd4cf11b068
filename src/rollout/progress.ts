// Going on: one move in a call. A step begins when its hooks are done, and ends when what it waits for has come or its time is up.

import { formatDuration } from '../config/duration.ts';
import type { RolloutStep } from '../config/rollout-model.ts';
import { promotionAt, shareAt, stepAt } from './course.ts';
import { hooksOf, outcomeOf } from './effects.ts';
import { passageOf } from './gates.ts';
import type { Effect, RolloutState } from './model.ts';
import { percentOf } from './percent.ts';
import { holdFor, moveOn, statusOf, timeOut, wait } from './moves.ts';
import { fail } from './react.ts';
import { isAbove, isRising, isStarting, risesWith, shareNow } from './ramp.ts';
import { isReplacing, replace } from './replace.ts';
import { change, explain, tell } from './turn.ts';
import type { Turn } from './turn.ts';
import { sameWeights, shareOf, weightsFor } from './weights.ts';
import { closedFor } from './windows.ts';

export function progress(turn: Turn): void {
  const { state, company } = turn;
  if (company.waitsFor !== undefined) return wait(turn, `waits for ${company.waitsFor}`);
  if (!state.begun) return begin(turn);
  if (!sameWeights(state.applied, state.wanted)) return wait(turn, 'the weights are being set');
  const step = stepAt(state, state.step);
  if (step !== undefined && isReplacing(step)) return replace(turn, step);
  const share = shareNow(state, state.stepRanMs, turn.seen);
  if (isAbove(share, shareOf(state.wanted, state))) return rise(turn, share);
  if (step === undefined) return isRising(state) ? wait(turn, risesWith(state)) : finish(turn);
  const passage = passageOf(state, turn.seen);
  if (passage.is === 'failed') return fail(turn, state.template.onFail === 'hold' ? 'hold' : 'rollback', passage);
  if (passage.is === 'open') return moveOn(turn);
  if ('atMostMs' in step && state.stepRanMs >= step.atMostMs) return timeOut(turn, step, passage.why);
  if (passage.is === 'no-data') return holdFor(turn, { why: passage.why, reason: 'no-data' });
  wait(turn, passage.why);
}

/** What is waited for before a step begins. */
export function hooksBefore(state: RolloutState): readonly Effect[] {
  if (!state.started) return hooksOf(state, 'start');
  const promotes = state.step === promotionAt(state);
  return [...(state.step < state.template.steps.length ? hooksOf(state, 'step') : []), ...(promotes ? hooksOf(state, 'promote') : [])];
}

function begin(turn: Turn): void {
  const { state, seen } = turn;
  const stops = state.started ? 'promotions' : 'starts';
  if (seen.frozen && (!state.started || state.step === promotionAt(state)))
    return holdFor(turn, { why: `${stops} are frozen`, reason: 'frozen' });
  const closed = closedFor(state, turn.instant.wallMs);
  if (closed !== undefined && goesForward(state)) return holdFor(turn, { why: closed.sentence, reason: 'window' });
  const outcome = outcomeOf(state, hooksBefore(state));
  if (outcome.is === 'open') return wait(turn, 'waits for its hooks');
  if (outcome.is === 'failed') return failHook(turn, `a hook did not agree: ${outcome.sentence}`);
  if (!state.started) {
    change(turn, { started: true, held: undefined, status: 'running' });
    return tell(turn, `started from ${state.baseline} to ${state.canary}`);
  }
  const share = shareNow(state, 0, seen);
  const at = stepAt(state, state.step);
  // A step between two weights goes on at the first of them, and with what was shown at it.
  const wanted = weightsFor(state, share);
  const isAtWeight = at !== undefined && at.kind !== 'weight' && sameWeights(wanted, state.wanted);
  change(turn, {
    begun: true,
    stepRanMs: 0,
    held: undefined,
    wanted,
    segment: state.segment + 1,
    stepSegment: isAtWeight ? state.stepSegment : state.segment + 1,
    judged: isAtWeight ? state.judged : notHarmless(state),
  });
  change(turn, { status: statusOf(turn.state) });
  tell(turn, `${nameOf(state)}: ${describeStep(at, share)}`);
  explain(turn, describeStep(at, share));
}

/** To the next part of a weight that rises; what was shown at less counts no more for the step. */
function rise(turn: Turn, share: number): void {
  const { state } = turn;
  const next = state.segment + 1;
  change(turn, { wanted: weightsFor(state, share), segment: next, stepSegment: next, judged: notHarmless(state) });
  explain(turn, `${isStarting(turn.seen.rampShares) ? risesWith(state) : 'the weight rises'}: ${percentOf(share)} by now`);
}

function notHarmless({ judged }: RolloutState): RolloutState['judged'] {
  return Object.fromEntries(Object.entries(judged).map(([name, each]) => [name, { ...each, harmless: false }]));
}

/** At the end of all steps nothing may be left to move. */
function goesForward(state: RolloutState): boolean {
  return state.step < state.template.steps.length || shareAt(state, state.step) > shareOf(state.wanted, state);
}

function failHook(turn: Turn, why: string): void {
  const { state } = turn;
  if (!state.started) {
    change(turn, { status: 'failed', endedWallMs: turn.instant.wallMs, why, held: undefined });
    return tell(turn, `failed: ${why}`);
  }
  fail(turn, state.template.onFail === 'hold' ? 'hold' : 'rollback', { why, reason: 'hook' });
}

function finish(turn: Turn): void {
  const { state } = turn;
  const why = `${state.canary} has ${percentOf(shareOf(state.wanted, state))} of what it shares with ${state.baseline}`;
  change(turn, { status: 'succeeded', held: undefined, endedWallMs: turn.instant.wallMs, why });
  tell(turn, `succeeded: ${why}`);
}

function nameOf({ step, template }: RolloutState): string {
  return step < template.steps.length ? `step ${step + 1} of ${template.steps.length}` : 'the end';
}

function describeStep(step: RolloutStep | undefined, share: number): string {
  switch (step?.kind) {
    case 'weight':
    case undefined:
      return `the canary gets ${percentOf(share)}`;
    case 'watch':
      return `the canary gets ${percentOf(share)} and is watched for ${formatDuration(step.forMs)}`;
    case 'cohort':
      return `the cohort ${step.name} gets the canary`;
    case 'approve':
      return `somebody with the role ${step.by} is to approve`;
    case 'smoke':
      return 'smoke requests are sent to the canary';
    case 'mirror':
      return 'the canary gets copies of requests';
    case 'replace':
      return 'endpoints are replaced batch by batch';
    case 'recreate':
      return 'all endpoints are replaced';
  }
}
