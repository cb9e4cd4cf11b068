// The name of a rollout. A file of its own: what is always loaded needs it, and no judge.

import type { RolloutState } from './model.ts';

/** By which the rollout is known to people: that of the group, where the state is one of several. */
export function idOf({ id, group }: Pick<RolloutState, 'id' | 'group'>): string {
  return group ?? id;
}
