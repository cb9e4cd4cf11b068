// Whether rollouts of a pool may start, after those before that failed.

import type { RolloutBreaker } from '../config/rollout-model.ts';
import type { RolloutState } from './model.ts';
import { ENDED } from './model.ts';

/** A breaker that is closed lets rollouts start. */
export interface BreakerState {
  readonly isOpen: boolean;
  /** Rollouts of the pool that failed in a row. */
  readonly failures: number;
  /** Wall time; undefined when it is closed. */
  readonly untilWallMs: number | undefined;
}

const FAILED: ReadonlySet<RolloutState['status']> = new Set(['rolled-back', 'failed']);

/**
 * @param earlier rollouts of the pool in the order of their ends
 * @param resetWallMs when somebody closed it; undefined: never. What failed before counts no more.
 */
export function breakerOf(
  earlier: readonly RolloutState[],
  { failures: most, blockForMs }: RolloutBreaker,
  wallMs: number,
  resetWallMs: number | undefined,
): BreakerState {
  const ended = earlier.filter(({ status, endedWallMs }) => ENDED.has(status) && (endedWallMs ?? 0) > (resetWallMs ?? -Infinity));
  const lastGood = ended.findLastIndex(({ status }) => status === 'succeeded');
  const failed = ended.slice(lastGood + 1).filter(({ status }) => FAILED.has(status));
  const untilWallMs = (failed.at(-1)?.endedWallMs ?? 0) + blockForMs;
  const isOpen = most > 0 && failed.length >= most && wallMs < untilWallMs;
  return { isOpen, failures: failed.length, untilWallMs: isOpen ? untilWallMs : undefined };
}
