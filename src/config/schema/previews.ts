// Schema of previews: which ones the API may add to a pool, and when one goes.

import { z } from 'zod';
import { OPENING_PATTERN, parseOpening } from '../preview-opening.ts';
import { DEFAULT_PREVIEWS } from '../set-preview.ts';
import { duration, hostPattern } from './scalar.ts';
import { addProblem, integer, list, strictMap } from './strict-map.ts';

const DAY_MS = 86_400_000;
const MAX_PREVIEWS = 100;
const TIME_FORM = 'preview must be a time such as 2026-12-01T08:00:00.000Z';
const TIME_PATTERN = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?Z$';
const OPENING_FORM = 'an item of endpoints must look like 10.1.0.0/16, 127.0.0.1:9000-9100 or "[fd00::/8]:8080"';

export function previews() {
  return strictMap({
    endpoints: list(opening())
      .default([])
      .describe('Addresses and ranges, with ports, that operators may give a preview; none: only admins add previews.'),
    hosts: list(hostPattern())
      .default([])
      .describe('Hosts, *.name for all below, that operators may give a preview; none: they use headers, cookies and query parameters.'),
    atMost: integer('atMost', 0, MAX_PREVIEWS).default(DEFAULT_PREVIEWS.atMost).describe('Most previews at a time.'),
    longest: duration(1, 30 * DAY_MS)
      .prefault('7d')
      .describe('The longest time of one.'),
  }).transform(({ longest, ...rest }) => ({ ...rest, longestMs: longest }));
}

function opening() {
  return z
    .string({ error: OPENING_FORM })
    .meta({ pattern: OPENING_PATTERN })
    .refine((text) => parseOpening(text) !== undefined, { error: OPENING_FORM });
}

/** Milliseconds since the epoch. */
export function previewTime() {
  return z
    .string({ error: TIME_FORM })
    .meta({ pattern: TIME_PATTERN })
    .transform((text, context): number => {
      const ms = new RegExp(TIME_PATTERN).test(text) ? Date.parse(text) : NaN;
      if (Number.isNaN(ms)) addProblem(context, `${TIME_FORM}, got ${JSON.stringify(text)}`);
      return ms;
    });
}
