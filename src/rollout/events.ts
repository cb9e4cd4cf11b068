// Checks of events in the order in which the data plane counts them, and what it counts for each.

import type { CountedEvent, RolloutCheck, RolloutTemplate } from '../config/rollout-model.ts';

export function eventsOf({ checks }: Pick<RolloutTemplate, 'checks'>): readonly RolloutCheck[] {
  return checks.filter((check) => countedFor(check) !== undefined);
}

/** In the same order. */
export function countedEvents({ checks }: Pick<RolloutTemplate, 'checks'>): readonly CountedEvent[] {
  return checks.map(countedFor).filter((counted) => counted !== undefined);
}

function countedFor(check: RolloutCheck): CountedEvent | undefined {
  if (check.kind === 'event') return check.source;
  return check.kind === 'redirects' || check.kind === 'empty-bodies' ? { kind: check.kind } : undefined;
}
