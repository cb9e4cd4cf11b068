// What a rollout wants, as one change of its pools. Pure.

import type { PoolConfig } from '../../config/model.ts';
import type { Shift } from '../../config/shift.ts';
import type { RolloutState, Wants } from '../../rollout/model.ts';
import { sameWeights } from '../../rollout/weights.ts';
import type { Change, PoolShift } from '../control-api.ts';

/** What a rollout wants of one of its pools. */
export interface Wanted {
  readonly state: RolloutState;
  readonly wants: Wants;
  /** As it is in force. */
  readonly pool: PoolConfig;
}

/** Of all its pools, in one revision. */
export function changeFor(wanted: readonly Wanted[]): Change {
  const [first, ...others] = wanted.map(shiftFor) as [PoolShift, ...PoolShift[]];
  if (others.length === 0) return { kind: 'shift', ...first };
  return { kind: 'shifts', isBack: wanted.some(({ state }) => goesBack(state)), pools: [first, ...others] };
}

/** Whether the pool has the weights that are wanted. */
export function isThere({ wants: { weights }, pool }: Wanted): boolean {
  return weights === undefined || sameWeights(pool.split, weights);
}

/** The same where the same is wanted. */
export function fingerprintOf(wanted: readonly Wanted[]): string {
  return JSON.stringify(wanted.map(({ wants }) => [wants.weights, wants.salt, wants.overrides, wants.mirrors, wants.drained]));
}

function shiftFor({ state, wants, pool: now }: Wanted): PoolShift {
  const { weights, overrides, mirrors } = wants;
  return {
    pool: state.pool,
    rollout: state.id,
    weights: weights && Object.fromEntries(now.versions.map(({ name }) => [name, weights[name] ?? 0])),
    salts: saltsOf(state, wants),
    canary: wants.counting && state.canary !== state.baseline ? state.canary : '',
    overrides,
    mirrors,
    isBack: goesBack(state),
    drains: drainsOf(state, wants, now),
    sessions: wants.moveUsers ? 'move' : 'keep',
  };
}

/**
 * With the baseline's salt as it was, many users of the canary would be those of the rollout before: where the baseline has all users, both get
 * the new one, and nobody moves.
 */
function saltsOf({ baseline, canary, before }: RolloutState, { salt }: Wants): Shift['salts'] {
  if (salt === undefined || baseline === canary) return {};
  const isAlone = Object.entries(before).every(([name, weight]) => name === baseline || weight === 0);
  return isAlone ? { [baseline]: salt, [canary]: salt } : { [canary]: salt };
}

/** While endpoints are replaced in place their drains are the rollout's; else those that somebody else drains are let be. */
function drainsOf({ template, canary }: RolloutState, { drained }: Wants, now: PoolConfig): Shift['drains'] {
  const replaces = template.steps.some(({ kind }) => kind === 'replace' || kind === 'recreate');
  if (!replaces) return [];
  const wanted = new Set(drained);
  const endpoints = now.versions.find(({ name }) => name === canary)?.endpoints ?? [];
  return endpoints
    .filter(({ key, drain }) => wanted.has(key) !== (drain !== false))
    .map(({ key }) => ({ version: canary, endpoint: key, drained: wanted.has(key) }));
}

/** Whether it takes the canary back, or has. */
export function goesBack({ leaving, status }: RolloutState): boolean {
  return leaving !== undefined || status === 'rolled-back' || status === 'aborted';
}
