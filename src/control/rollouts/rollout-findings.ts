// What is wrong with rollouts, for `status`: one that holds, one that cannot do what it wants, and one that was taken back and not looked at since. Pure.

import type { Finding } from '../../api/overview.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/together.ts';

export interface ShownRollout {
  readonly state: RolloutState;
  /** Why the world is not as it wants it. */
  readonly fault: string | undefined;
}

/** A rollout that was taken back is told for so long, or until the next of its pool. */
const TOLD_MS = 3_600_000;

/** @param rollouts the one of each pool that runs, or ended last */
export function rolloutFindings(rollouts: readonly ShownRollout[], wallMs: number): readonly Finding[] {
  return rollouts.flatMap(({ state, fault }) => ofRollout(state, fault, wallMs));
}

function ofRollout(state: RolloutState, fault: string | undefined, wallMs: number): readonly Finding[] {
  const { pool, status, why, endedWallMs = 0 } = state;
  const id = idOf(state);
  const at = { place: `pools.${pool}`, pool };
  const see = `See: sluice rollout status ${id}`;
  if (fault !== undefined && !ENDED.has(status))
    return [{ severity: 'error', code: 'rollout-stuck', ...at, message: `Rollout ${id} cannot do what it wants: ${ended(fault)} ${see}` }];
  if (status === 'held')
    return [{ severity: 'warning', code: 'rollout-held', ...at, message: `Rollout ${id} holds: ${ended(why)} ${see}` }];
  if ((status === 'rolled-back' || status === 'failed') && wallMs - endedWallMs < TOLD_MS)
    return [
      {
        severity: 'warning',
        code: 'rollout-failed',
        ...at,
        message: `Rollout ${id} was taken back: ${ended(why)} ${see}`,
        sinceMs: endedWallMs,
      },
    ];
  return [];
}

/** With the stop that what follows needs. */
function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
