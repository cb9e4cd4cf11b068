// Going back: to the split from before, as soon as the baseline can take it. Back is at once; only a cold baseline makes it wait, and says so.

import { isInPlace } from './course.ts';
import { hooksOf, withoutResult } from './effects.ts';
import type { Leaving, RolloutState } from './model.ts';
import type { Seen } from './seen.ts';
import { percentOf } from './percent.ts';
import { inParts } from './ramp.ts';
import { change, explain, tell } from './turn.ts';
import type { Turn } from './turn.ts';
import { sameWeights, shareOf, weightsFor } from './weights.ts';

export function leave(turn: Turn, leaving: Leaving): void {
  change(turn, { leaving, held: undefined });
  goOnLeaving(turn);
}

/** Goes back as far as the baseline can take it; to the end when it is warm. */
export function goOnLeaving(turn: Turn): void {
  const { state, seen } = turn;
  const { leaving } = state;
  if (leaving === undefined) return;
  const most = takes(state, seen);
  if (most >= 1) return endAs(turn, leaving);
  const now = shareOf(state.wanted, state);
  const share = Math.min(now, 1 - most);
  const why = `${leaving.why}; back to ${state.baseline} as its endpoints become ready: ${describeReady(seen)}, so ${state.canary} keeps ${percentOf(share)}`;
  if (state.held !== 'cold') tell(turn, why);
  const isNew = share !== now;
  change(turn, {
    status: 'held',
    held: 'cold',
    wanted: isNew ? weightsFor(state, share) : state.wanted,
    segment: state.segment + (isNew ? 1 : 0),
  });
  explain(turn, why);
}

/**
 * How much of the traffic the baseline can take, 0 to 1: all where it has at least half of it anyway, or half of its endpoints are ready;
 * else as many parts as it has endpoints ready. One that starts slowly counts for what it has of its share.
 */
export function takes(state: RolloutState, seen: Pick<Seen, 'readyEndpoints' | 'rampShares'>): number {
  if (isInPlace(state)) return 1;
  const { baseline, baselineTotal } = seen.readyEndpoints;
  if (baseline <= 0) return 0;
  const able = baseline * startedOf(seen);
  const has = 1 - shareOf(state.applied, state);
  return has >= 0.5 || able * 2 >= baselineTotal ? 1 : Math.max(has, able / baselineTotal);
}

function startedOf({ rampShares: { baseline } }: Pick<Seen, 'rampShares'>): number {
  return inParts(Math.min(baseline.endpoints, baseline.version));
}

function describeReady(seen: Seen): string {
  const { baseline, baselineTotal } = seen.readyEndpoints;
  const started = startedOf(seen);
  const are = `${baseline} of ${baselineTotal} are`;
  return started < 1 && baseline > 0 ? `${are}, which start slowly and can take ${percentOf(started)} of their share` : are;
}

export function endAs(turn: Turn, { as, why, author }: Leaving): void {
  const { state } = turn;
  change(turn, {
    status: as,
    leaving: undefined,
    held: undefined,
    replacing: undefined,
    endedWallMs: turn.instant.wallMs,
    wanted: state.before,
    segment: state.segment + (sameWeights(state.wanted, state.before) ? 0 : 1),
    why,
  });
  tell(turn, `${as}: ${why}`, author);
}

/** Whether an ended rollout has told everybody. */
export function isOver(state: RolloutState): boolean {
  return sameWeights(state.applied, state.wanted) && withoutResult(state, lastHooks(state)).length === 0;
}

/** Of a rollout that has ended. */
export function lastHooks(state: RolloutState): ReturnType<typeof hooksOf> {
  const isBack = state.status === 'rolled-back' || state.status === 'aborted';
  return [...(isBack ? hooksOf(state, 'rollback') : []), ...hooksOf(state, 'end')];
}
