// What the world is to be like for a state. The same state always wants the same.

import { isInPlace, shareAt, stepAt } from './course.ts';
import { hooksOf, mirrorName, smokeEffect, withoutResult } from './effects.ts';
import { isOver, lastHooks } from './leave.ts';
import type { Effect, RolloutState, Wants } from './model.ts';
import { ENDED } from './model.ts';
import { waitsForApproval } from './occasion.ts';
import { hooksBefore } from './progress.ts';
import { drainedBy, hooksOfBatch } from './replace.ts';
import { sameWeights, shareOf } from './weights.ts';

export function wantsOf(state: RolloutState): Wants {
  if (ENDED.has(state.status)) return wantsAtTheEnd(state);
  const share = shareOf(state.wanted, state);
  return {
    weights: state.wanted,
    salt: state.salt,
    overrides: overridesOf(state),
    mirrors: mirrorsOf(state),
    drained: drainedBy(state),
    moveUsers: shouldMoveUsers(state),
    effects: withoutResult(state, effectsOf(state)),
    counting: !isInPlace(state) && share > 0 && share < 1,
    settled: false,
  };
}

/** Weights are asserted until they are in force; after that they are whose they were. */
function wantsAtTheEnd(state: RolloutState): Wants {
  const isMine = state.status !== 'superseded' && !sameWeights(state.applied, state.wanted);
  return {
    weights: isMine ? state.wanted : undefined,
    salt: state.salt,
    overrides: {},
    mirrors: {},
    drained: [],
    moveUsers: true,
    effects: withoutResult(state, lastHooks(state)),
    counting: false,
    settled: state.status === 'superseded' ? withoutResult(state, lastHooks(state)).length === 0 : isOver(state),
  };
}

function effectsOf(state: RolloutState): readonly Effect[] {
  if (state.leaving !== undefined) return hooksOf(state, 'hold');
  const held = state.status === 'held' ? hooksOf(state, 'hold') : [];
  if (state.status === 'paused') return held;
  if (!state.begun) return [...held, ...hooksBefore(state)];
  const step = stepAt(state, state.step);
  if (step?.kind === 'smoke') return [...held, smokeEffect(state)];
  if (step?.kind === 'approve') return [...held, ...(waitsForApproval(state) ? hooksOf(state, 'approve') : [])];
  return [...held, ...hooksOfBatch(state)];
}

/** Cohorts of the steps that have begun so far. */
function overridesOf(state: RolloutState): Readonly<Record<string, unknown>> {
  if (state.leaving !== undefined) return {};
  const until = state.begun ? state.step : state.step - 1;
  const begun = state.template.steps.slice(0, until + 1);
  return Object.fromEntries(
    begun.flatMap((step) => (step.kind === 'cohort' ? [[`${state.id}-${step.name}`, { ...step.override, version: state.canary }]] : [])),
  );
}

function mirrorsOf(state: RolloutState): Readonly<Record<string, unknown>> {
  const step = stepAt(state, state.step);
  if (step?.kind !== 'mirror' || !state.begun || state.leaving !== undefined) return {};
  return { [mirrorName(state)]: { ...step.mirror, version: state.canary } };
}

/** Back at once for those who have the canary, and on to it where it gets everything. */
function shouldMoveUsers(state: RolloutState): boolean {
  return state.leaving !== undefined || shareAt(state, state.step) === 1;
}
