// Whether a rollout may start now, beside what its own pool says: one at a time, no freeze, an open window, no breaker. Rollbacks ask nobody.

import { formatDuration } from '../config/duration.ts';
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

/** A time of the week at which rollouts may start and promote; UTC. A window that ends before it begins goes on over midnight. */
export interface Window {
  /** 0 = Sunday. */
  readonly days: readonly number[];
  readonly fromMinute: number;
  readonly toMinute: number;
}

const DAY_MINUTES = 24 * 60;
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

/** Undefined: it may start. */
export function startRefusal(
  running: RolloutState | undefined,
  breaker: BreakerState,
  isFrozen: boolean,
  wallMs: number,
): string | undefined {
  if (running !== undefined && !ENDED.has(running.status))
    return `rollout ${running.id} of this pool is ${running.status}: abort it, or let the new one supersede it`;
  if (breaker.isOpen) {
    const left = formatDuration(Math.max(1000, Math.ceil(((breaker.untilWallMs ?? wallMs) - wallMs) / 1000) * 1000));
    return `the last ${breaker.failures} rollouts of this pool failed: the next may start in ${left}, or after the breaker was reset`;
  }
  return isFrozen ? 'starts are frozen, or no window for them is open' : undefined;
}

/** Whether now is outside of every window; without any there is no bound. */
export function isOutsideWindows(windows: readonly Window[], wallMs: number): boolean {
  if (windows.length === 0) return false;
  const now = new Date(wallMs);
  const [day, minute] = [now.getUTCDay(), now.getUTCHours() * 60 + now.getUTCMinutes()];
  return !windows.some(({ days, fromMinute, toMinute }) => {
    if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
    const isEvening = days.includes(day) && minute >= fromMinute && minute < DAY_MINUTES;
    return isEvening || (days.includes((day + 6) % 7) && minute < toMinute);
  });
}

/** Whether the pool has other weights than were asserted and are wanted: then somebody else has set them. */
export function isChangedByOthers(
  { applied, wanted }: Pick<RolloutState, 'applied' | 'wanted'>,
  actual: Readonly<Record<string, number>>,
): boolean {
  return !same(actual, applied) && !same(actual, wanted);
}

function same(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean {
  return [...Object.keys(one), ...Object.keys(other)].every((name) => (one[name] ?? 0) === (other[name] ?? 0));
}
