// Checks of events in the order in which the data plane counts them.

import type { RolloutCheck, RolloutTemplate } from '../config/rollout-model.ts';

export function eventsOf({ checks }: Pick<RolloutTemplate, 'checks'>): readonly RolloutCheck[] {
  return checks.filter(({ kind }) => kind === 'event');
}
