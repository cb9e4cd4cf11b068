// A rollout as the store gives it back: the state of one pool, or those of several that go together. Text that is not trusted.

import type { Fault } from '../config/fault.ts';
import { MAX_POOLS } from '../config/rollout-model.ts';
import { isMap } from '../lib/plain.ts';
import { ENDED } from './model.ts';
import type { RolloutState } from './model.ts';
import { readState } from './read-state.ts';

/** Of a note that holds several states. */
export const GROUP_FORM = 'pools-1';

export function readStates(kept: string): readonly RolloutState[] | Fault {
  const pools = poolsIn(kept);
  if (pools === undefined) {
    const state = readState(kept);
    return 'fault' in state ? state : [state];
  }
  if (pools.length < 2 || pools.length > MAX_POOLS)
    return { fault: `the rollout moves ${pools.length} pools together, not 2 to ${MAX_POOLS}` };
  const states: RolloutState[] = [];
  for (const pool of pools) {
    const state = readState(JSON.stringify(pool));
    if ('fault' in state) return state;
    states.push(state);
  }
  const fault = contradictionBetween(states);
  return fault === undefined ? states : { fault };
}

function poolsIn(kept: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(kept);
    return isMap(value) && value['form'] === GROUP_FORM && Array.isArray(value['pools']) ? value['pools'] : undefined;
  } catch {
    return undefined;
  }
}

/** They are of one rollout, of pools of their own, and have come equally far unless they go back. */
function contradictionBetween(states: readonly RolloutState[]): string | undefined {
  const [{ group, template }] = states as [RolloutState];
  if (group === undefined || states.some((state) => state.group !== group)) return 'the pools are not of one rollout';
  if (new Set(states.map(({ pool }) => pool)).size < states.length) return 'the rollout has a pool twice';
  if (states.some((state) => JSON.stringify(state.template) !== JSON.stringify(template))) return 'the pools have different templates';
  const going = states.filter(({ leaving, status }) => leaving === undefined && !ENDED.has(status));
  if (new Set(going.map(({ started, step, begun }) => `${started} ${step} ${begun}`)).size > 1)
    return 'the pools have not come equally far';
  return undefined;
}
