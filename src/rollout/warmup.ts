// The time in which only absolute guards count.

import type { RolloutState } from './model.ts';

export function isWarm({ warmRanMs, template }: Pick<RolloutState, 'warmRanMs' | 'template'>): boolean {
  return template.warmupMs === 0 || (warmRanMs !== undefined && warmRanMs >= template.warmupMs);
}
