// What is wrong with rollouts, for `status`: one that holds, one that cannot do what it wants, one with more
// users than are remembered, and one that was taken back and not looked at since. Pure.

import type { Finding } from '../../api/overview.ts';
import { ENDED } from '../../rollout/model.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { idOf } from '../../rollout/id-of.ts';

export interface ShownRollout {
  readonly state: RolloutState;
  /** Why the world is not as it wants it. */
  readonly fault: string | undefined;
  /** More users have come than are remembered. */
  readonly saturated?: boolean;
}

/** A rollout that was taken back is told for so long, or until the next of its pool. */
const TOLD_MS = 3_600_000;

/** @param rollouts the one of each pool that runs, or ended last */
export function rolloutFindings(rollouts: readonly ShownRollout[], wallMs: number): readonly Finding[] {
  return rollouts.flatMap((shown) => [...ofRollout(shown.state, shown.fault, wallMs), ...ofUsers(shown)]);
}

/** What ended is judged no more. */
function ofUsers({ state, saturated = false }: ShownRollout): readonly Finding[] {
  const { pool, status } = state;
  if (!saturated || ENDED.has(status)) return [];
  const id = idOf(state);
  const message = `Rollout ${id}: pool ${pool} has more users than are remembered, and of the others only failures count: its checks are less certain. See: sluice rollout status ${id}`;
  return [{ severity: 'warning', code: 'rollout-saturated', place: `pools.${pool}`, pool, message }];
}

/** @param fault why the key of links is not kept */
export function linkFindings(fault: string | undefined): readonly Finding[] {
  if (fault === undefined) return [];
  const message = `Links in notifications of rollouts work until this process ends, for their key cannot be kept: ${ended(fault)}`;
  return [{ severity: 'warning', code: 'rollout-links', place: 'state.dir', message }];
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
