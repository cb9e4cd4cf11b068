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
  const { kind } = check;
  return kind === 'redirects' || kind === 'empty-bodies' || kind === 'small-bodies' ? { kind } : undefined;
}
