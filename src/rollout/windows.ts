// Windows in which rollouts start and go forward: whether one is open, and when the next one opens. Wall time alone is asked, and a clock that is
// wrong can only let a rollout wait, or go on as far as its gates let it.

import type { RolloutWindow } from '../config/rollout-model.ts';
import { WEEKDAYS } from '../config/rollout-model.ts';
import { temporal } from '../lib/temporal.ts';
import type { RolloutState } from './model.ts';

const WEEK_DAYS = 7;
const DAY_MINUTES = 24 * 60;
/** Of the calendar of the time zones; a clock that is beyond them opens nothing. */
const LAST_MS = 8_640_000_000_000_000 - 30 * 86_400_000;

/** Why nothing may go forward, and when it may; undefined when it may. */
export interface Closed {
  readonly opensMs: number;
  readonly sentence: string;
}

/** @param wallMs since the epoch */
export function closedAt(windows: readonly RolloutWindow[], wallMs: number): Closed | undefined {
  if (windows.length === 0 || isOpen(windows, wallMs)) return undefined;
  const found = windows.map((window) => ({ window, opensMs: opensAfter(window, wallMs) }));
  const [next] = found.sort((one, other) => one.opensMs - other.opensMs) as [(typeof found)[number]];
  return { opensMs: next.opensMs, sentence: `no window is open; the next one opens ${wordInstant(next.opensMs, next.window.timezone)}` };
}

/** Of a rollout, for which somebody may have said that it need not wait. */
export function closedFor({ forced, template }: Pick<RolloutState, 'forced' | 'template'>, wallMs: number): Closed | undefined {
  return forced ? undefined : closedAt(template.windows, wallMs);
}

export function isOpen(windows: readonly RolloutWindow[], wallMs: number): boolean {
  return Math.abs(wallMs) <= LAST_MS && windows.some((window) => isIn(window, zonedAt(wallMs, window.timezone)));
}

/** Such as `mon, tue 09:00 to 16:00 Europe/Berlin`. */
export function wordWindow({ days, fromMinute, toMinute, timezone }: RolloutWindow): string {
  const names = days.length === WEEK_DAYS ? 'each day' : days.map((day) => WEEKDAYS[day - 1]).join(', ');
  return `${names} ${wordTime(fromMinute)} to ${wordTime(toMinute)} ${timezone}`;
}

/** Begins at the minute `from` and ends before the minute `to`, by what the clocks of the place show. */
function isIn({ days, fromMinute, toMinute }: RolloutWindow, at: Temporal.ZonedDateTime): boolean {
  const minute = at.hour * 60 + at.minute;
  return days.includes(at.dayOfWeek) && minute >= fromMinute && minute < toMinute;
}

/**
 * The first moment after this one at which the window is open. It opens when the clocks show `from`, which they may do twice on a day on which they
 * are set back, or when they are set forward over it. A window that clocks are set forward over whole is skipped.
 */
function opensAfter(window: RolloutWindow, wallMs: number): number {
  const { timezone } = window;
  if (Math.abs(wallMs) > LAST_MS) return wallMs;
  const now = zonedAt(wallMs, timezone);
  const found: Temporal.ZonedDateTime[] = [];
  // A week and a day has each weekday whole; another week for the one that is skipped.
  for (let ahead = 0; ahead <= 2 * WEEK_DAYS; ahead++) {
    const date = now.toPlainDate().add({ days: ahead });
    if (!window.days.includes(date.dayOfWeek)) continue;
    const from = date.toPlainDateTime({ hour: Math.floor(window.fromMinute / 60), minute: window.fromMinute % 60 });
    found.push(...(['earlier', 'later'] as const).map((disambiguation) => from.toZonedDateTime(timezone, { disambiguation })));
  }
  const changes = now.getTimeZoneTransition('next');
  if (changes !== null) found.push(changes);
  const opens = found.filter((at) => at.epochMilliseconds > wallMs && isIn(window, at)).map((at) => at.epochMilliseconds);
  return Math.min(...opens, wallMs + 2 * WEEK_DAYS * DAY_MINUTES * 60_000);
}

function zonedAt(wallMs: number, timezone: string): Temporal.ZonedDateTime {
  return temporal.Instant.fromEpochMilliseconds(Math.floor(wallMs)).toZonedDateTimeISO(timezone);
}

/** Such as `mon 2026-12-07 09:00 Europe/Berlin`. */
function wordInstant(wallMs: number, timezone: string): string {
  const at = zonedAt(wallMs, timezone);
  return `${WEEKDAYS[at.dayOfWeek - 1]} ${at.toPlainDate().toString()} ${wordTime(at.hour * 60 + at.minute)} ${timezone}`;
}

function wordTime(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((each) => String(each).padStart(2, '0')).join(':');
}
