// What a rollout wants, as one change of its pool. Pure.

import type { PoolConfig } from '../../config/model.ts';
import type { Shift } from '../../config/shift.ts';
import type { RolloutState, Wants } from '../../rollout/model.ts';
import type { Change } from '../control-api.ts';

export function shiftFor(state: RolloutState, wants: Wants, now: PoolConfig): Change & { readonly kind: 'shift' } {
  const { weights, overrides, mirrors } = wants;
  return {
    kind: 'shift',
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
