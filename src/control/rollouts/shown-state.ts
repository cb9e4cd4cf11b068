// The state of a rollout as people see it. A file of its own: metrics need it where no rollout has been loaded.

import type { RolloutView } from '../../api/rollouts.ts';
import type { RolloutState } from '../../rollout/model.ts';
import { sameWeights } from '../../rollout/weights.ts';

/** It is back when the weights are in force, on all workers. */
export function shownState(state: Pick<RolloutState, 'status' | 'applied' | 'wanted'>): RolloutView['state'] {
  const { status, applied, wanted } = state;
  const isGoing = (status === 'rolled-back' || status === 'aborted') && !sameWeights(applied, wanted);
  return isGoing ? 'rolling-back' : status;
}
