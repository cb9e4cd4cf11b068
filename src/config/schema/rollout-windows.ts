// Schema of a window of a rollout: days, times of the day, and where the clocks are that show them.

import { z } from 'zod';
import type { RolloutWindow } from '../rollout-model.ts';
import { WEEKDAYS } from '../rollout-model.ts';
import { didYouMean } from '../suggest.ts';
import { nonEmptyText } from './scalar.ts';
import { addProblem, nonEmptyList, strictMap } from './strict-map.ts';

const TIME = '^([01][0-9]|2[0-3]):[0-5][0-9]$';
const TIME_OR_END = '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$';
const DAY = `(${WEEKDAYS.join('|')})`;
const DAYS = `^${DAY}(-${DAY})?$`;

export function window() {
  return strictMap({
    days: nonEmptyList('day', days()).prefault(['mon-sun']).describe('Days of the week, such as mon or mon-fri; default: all.'),
    from: time('from', TIME, '00:00 to 23:59').prefault('00:00').describe('When it opens, such as "09:00".'),
    to: time('to', TIME_OR_END, '00:01 to 24:00').prefault('24:00').describe('When it closes, such as "16:00".'),
    timezone: timezone().describe('Whose clocks are meant, such as Europe/Berlin or UTC.'),
  }).transform(({ days: written, from, to, timezone: zone }, context): RolloutWindow => {
    if (to <= from) {
      const message = 'to must be after from on the same day: write two windows where one goes over midnight';
      addProblem(context, message, ['to']);
    }
    const all = written.flat();
    if (new Set(all).size < all.length) addProblem(context, 'a day is named twice', ['days']);
    return { days: [...new Set(all)].sort((one, other) => one - other), fromMinute: from, toMinute: to, timezone: zone };
  });
}

/** A day, or one to another, also over the end of the week; 1 = Monday. */
function days() {
  const error = 'a day must look like mon or mon-fri';
  return z
    .string({ error })
    .meta({ pattern: DAYS })
    .transform((text, context): number[] => {
      const [, first, , last = first] = new RegExp(DAYS).exec(text) ?? [];
      const [from, to] = [first, last].map((name) => WEEKDAYS.findIndex((day) => day === name));
      if (from === undefined || to === undefined || from < 0) {
        context.addIssue({ code: 'custom', message: error });
        return z.NEVER;
      }
      return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => ((from + index) % 7) + 1);
    });
}

/** Minutes since midnight. */
function time(key: string, pattern: string, range: string) {
  const error = `${key} must be a time from ${range} in quotes, such as "09:30"`;
  return z
    .string({ error })
    .meta({ pattern })
    .transform((text, context): number => {
      if (!new RegExp(pattern).test(text)) {
        addProblem(context, `${error}, got ${JSON.stringify(text)}`);
        return z.NEVER;
      }
      const [hours, minutes] = text.split(':').map(Number) as [number, number];
      return hours * 60 + minutes;
    });
}

/** A name of the database; an offset such as +02:00 would be wrong for half of the year. */
function timezone() {
  return nonEmptyText('timezone').superRefine((text, context) => {
    if (/^[A-Za-z]/.test(text) && isZone(text)) return;
    const hint = didYouMean(text, Intl.supportedValuesOf('timeZone'));
    addProblem(context, `timezone must be a name such as Europe/Berlin or UTC, got ${JSON.stringify(text.slice(0, 64))}${hint}`);
  });
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
