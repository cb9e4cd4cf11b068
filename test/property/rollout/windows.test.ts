// Windows against the clocks of their place, minute by minute, also on days on which clocks are changed. The clocks are read by Intl, which the
// code under test does not use.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closedAt, isOpen } from '../../../src/rollout/windows.ts';
import type { RolloutWindow } from '../../../src/config/rollout-model.ts';

const MINUTE_MS = 60_000;
/** With changes by half an hour, by a whole day, at midnight, and none. */
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Pacific/Apia', 'Asia/Kolkata', 'UTC'];
const CHANGES = [
  '2026-03-29T01:00Z',
  '2026-10-25T01:00Z',
  '2026-11-01T06:00Z',
  '2026-03-08T07:00Z',
  '2026-04-04T15:00Z',
  '2026-10-03T15:30Z',
  '2026-09-06T04:00Z',
  '2011-12-30T10:00Z',
].map((text) => Date.parse(text));

const window: fc.Arbitrary<RolloutWindow> = fc
  .record({
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
    minutes: fc.uniqueArray(fc.integer({ min: 0, max: 1440 }), { minLength: 2, maxLength: 2 }),
    timezone: fc.constantFrom(...ZONES),
  })
  .map(({ days, minutes, timezone }) => {
    const [fromMinute, toMinute] = minutes.sort((a, b) => a - b) as [number, number];
    return { days: days.sort((a, b) => a - b), fromMinute, toMinute, timezone };
  });
const moment = fc.oneof(
  fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2035-01-01') }),
  fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -3000, max: 3000 })).map(([at, minutes]) => at + minutes * MINUTE_MS),
);

const clocks = new Map<string, Intl.DateTimeFormat>();
function shown(windows: readonly RolloutWindow[], wallMs: number): boolean {
  return windows.some(({ days, fromMinute, toMinute, timezone }) => {
    const options = { timeZone: timezone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    const clock = clocks.get(timezone) ?? new Intl.DateTimeFormat('en-GB', options);
    clocks.set(timezone, clock);
    const parts = Object.fromEntries(clock.formatToParts(wallMs).map(({ type, value }) => [type, value]));
    const minute = Number(parts['hour']) * 60 + Number(parts['minute']);
    return (
      days.includes(['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts['weekday']!)) &&
      minute >= fromMinute &&
      minute < toMinute
    );
  });
}

test('a window is open while the clocks of its place show its times', () => {
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), moment, (windows, wallMs) => {
      expect(isOpen(windows, wallMs)).toBe(shown(windows, wallMs));
      expect(closedAt(windows, wallMs) === undefined).toBe(isOpen(windows, wallMs));
    }),
    { numRuns: 2000 },
  );
});

test('the next window opens when it says so, and none opens before', () => {
  fc.assert(
    fc.property(
      fc.array(window, { minLength: 1, maxLength: 2 }),
      moment,
      fc.array(fc.nat({ max: 1e6 }), { maxLength: 40 }),
      (windows, wallMs, parts) => {
        const closed = closedAt(windows, wallMs);
        if (closed === undefined) return;
        const { opensMs } = closed;
        expect(opensMs).toBeGreaterThan(wallMs);
        expect(shown(windows, opensMs)).toBe(true);
        expect(shown(windows, opensMs - 1)).toBe(false);
        for (const part of parts) expect(shown(windows, wallMs + ((opensMs - 1 - wallMs) * part) / 1e6)).toBe(false);
      },
    ),
    { numRuns: 1500 },
  );
});

test('a clock that is far off opens nothing and breaks nothing', () => {
  const always = [{ days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440, timezone: 'UTC' }];
  for (const wallMs of [8.64e15, -8.64e15, 1e300]) expect(isOpen(always, wallMs)).toBe(false);
  expect(closedAt([], 0)).toBeUndefined();
});

test.each([
  ['2026-11-28T12:00Z', 'mon 2026-11-30 09:00 Europe/Berlin'],
  ['2026-11-30T15:00Z', 'tue 2026-12-01 09:00 Europe/Berlin'],
  ['2026-11-30T07:59:59.999Z', 'mon 2026-11-30 09:00 Europe/Berlin'],
])('at %s it says %s', (at, says) => {
  const office = { days: [1, 2, 3, 4, 5], fromMinute: 540, toMinute: 960, timezone: 'Europe/Berlin' };
  expect(closedAt([office], Date.parse(at))?.sentence).toBe(`no window is open; the next one opens ${says}`);
});
