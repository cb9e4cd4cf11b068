// A rollout of one pool or of several as the API shows it. Pure.

import type { RolloutView } from '../../api/rollouts.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';
import { leadOf } from './run-faults.ts';
import { showRollout } from './show-rollout.ts';
import type { Around } from './show-rollout.ts';

/** Of those that have not ended; what people must know first comes first. */
const URGENCY: readonly RolloutView['state'][] = ['held', 'paused', 'rolling-back', 'pending', 'running', 'promoting', 'watching'];

/** @param aroundOf the state, undefined where it has ended */
export function showAll(states: readonly RolloutState[], fault: string | undefined, aroundOf: (pool: string) => Around): RolloutView {
  const views = states.map((state) => showRollout(state, fault, aroundOf(state.pool)));
  const [first] = views as [RolloutView];
  if (views.length === 1) return first;
  const lead = views[states.indexOf(leadOf(states))]!;
  const needs = views.flatMap((view) => view.needs ?? []).sort((one, other) => (other.seconds ?? Infinity) - (one.seconds ?? Infinity))[0];
  const { needs: _, endedMs, ...shown } = first;
  return {
    ...shown,
    id: idOf(states[0]!),
    alpha: Math.min(...views.map(({ alpha }) => alpha)),
    state: stateOf(views),
    why: `${lead.pool}: ${lead.why}`,
    step: Math.min(...views.map(({ step }) => step)),
    pools: views.map(({ pool, baseline, canary, state, why, share, exposed }) => ({ pool, baseline, canary, state, why, share, exposed })),
    checks: views.flatMap((view) => view.checks.map((check) => ({ pool: view.pool, ...check }))),
    ...(needs !== undefined && { needs }),
    exposed: { requests: views.reduce((sum, { exposed }) => sum + exposed.requests, 0) },
    ...(endedMs !== undefined && { endedMs }),
    history: views
      .flatMap(({ pool, history }) => history.map((line) => ({ ...line, text: `${pool}: ${line.text}` })))
      .sort((one, other) => one.atMs - other.atMs),
  };
}

/** It has ended when all of it has, and then as the first says that did not succeed. */
function stateOf(views: readonly RolloutView[]): RolloutView['state'] {
  const states = views.map(({ state }) => state);
  return URGENCY.find((state) => states.includes(state)) ?? states.find((state) => state !== 'succeeded') ?? 'succeeded';
}
