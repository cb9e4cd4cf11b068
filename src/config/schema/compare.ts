// Schema of how the responses of a shadow are compared with those of the primary.

import { z } from 'zod';
import { MAX_PATTERN_LENGTH, checkPattern } from '../../lib/field-pattern.ts';
import type { CompareConfig, CompareVerdict } from '../model.ts';
import { isPlainText } from '../syntax.ts';
import { percent, share, size, nonEmptyText, tokenName } from './scalar.ts';
import { atMost, addProblem, list, oneOf, strictMap, integer } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

const MAX_PATTERNS = 100;
const MAX_HEADERS = 32;
const DEFAULT_BODY = 256 * 1024;
const MAX_BODY = 1024 * 1024;
/** Above it a JavaScript number does not hold every whole number. */
const MAX_TOLERANCE = Number.MAX_SAFE_INTEGER;

/** What is written alone: how much of a body is compared by default depends on how much of a response is read. */
export type WrittenCompare = Omit<CompareConfig, 'bodyBytes'> & { readonly bodyBytes: number | undefined };

export function compare() {
  return strictMap({
    headers: headers().describe('Header fields that are compared; status and body always are.'),
    ignore: patterns().describe('Fields of JSON bodies that are not compared, such as $.requestId or **.updatedAt.'),
    lists: listRules().describe('Lists in which the order of items does not matter.'),
    numbers: numberRules().describe('Numbers that may differ a little.'),
    redact: patterns().describe('Fields whose values are never shown.'),
    examples: oneOf('examples', ['shapes', 'values'])
      .default('shapes')
      .describe('How differences are shown. shapes: type and length alone; values: as they are, unless they look like secrets.'),
    body: size(1024, MAX_BODY)
      .describe('Larger bodies are compared by their digest; default: 256KiB, or limits.response where that is less.')
      .optional(),
    perTemplate: integer('perTemplate', 1, 100_000)
      .default(1000)
      .describe('Most comparisons per second of each path template of each route.'),
    noise: noise().describe('How what differs by itself is told from what the version changed.'),
    verdict: verdict().describe('When the comparison has passed or failed.'),
  }).transform(({ body, noise: noisePercent, ...rest }): WrittenCompare => ({ ...rest, bodyBytes: body, noisePercent }));
}

/** `responseBytes`: how much of a response is read at all. */
export function withBody({ bodyBytes, ...rest }: WrittenCompare, responseBytes: number): CompareConfig {
  return { ...rest, bodyBytes: bodyBytes ?? Math.min(DEFAULT_BODY, responseBytes) };
}

function headers() {
  return list(tokenName('header'))
    .transform((names) => names.map((name) => name.toLowerCase()))
    .superRefine((names, context) => {
      atMost(context, names, { most: MAX_HEADERS, what: 'header fields' });
      refuseRepeats(context, names);
    })
    .meta({ maxItems: MAX_HEADERS })
    .prefault(['content-type']);
}

function patterns() {
  return list(pattern())
    .superRefine((written, context) => {
      atMost(context, written, { most: MAX_PATTERNS, what: 'field paths' });
      refuseRepeats(context, written);
    })
    .meta({ maxItems: MAX_PATTERNS })
    .default([]);
}

function pattern() {
  return z
    .string({ error: 'a field path must be text' })
    .meta({ minLength: 1, maxLength: MAX_PATTERN_LENGTH })
    .superRefine((text, context) => {
      const fault = isPlainText(text) ? checkPattern(text) : 'a field path must be text without control characters';
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });
}

function listRules() {
  const rule = strictMap({
    path: pattern().describe('Which list.'),
    as: oneOf('as', ['sorted', 'set']).describe('sorted: order does not matter; set: nor does how often an item is there.'),
    by: member().describe('Member by which items are matched; default: by all of their content.').optional(),
  }).transform((written): CompareConfig['lists'][number] => ({ ...written, by: written.by }));
  return rules(list(rule), 'lists');
}

function member() {
  return nonEmptyText('by').max(MAX_PATTERN_LENGTH, { error: `by must be the name of a member, at most ${MAX_PATTERN_LENGTH} characters` });
}

function numberRules() {
  const error = `absolute must be a number from 0 to ${MAX_TOLERANCE}`;
  const rule = strictMap({
    path: pattern().describe('Which number.'),
    absolute: z.number({ error }).min(0, { error }).max(MAX_TOLERANCE, { error }).describe('By how much it may differ.').optional(),
    relative: share().describe('By which share of the larger one it may differ.').optional(),
  }).transform(({ path, absolute, relative }, context): CompareConfig['numbers'][number] => {
    if (absolute === undefined && relative === undefined) addProblem(context, 'a number needs absolute or relative, or both');
    return { path, absolute: absolute ?? 0, relative: relative ?? 0 };
  });
  return rules(list(rule), 'numbers');
}

function rules<R extends { readonly path: string }>(written: z.ZodType<R[], unknown>, what: string) {
  return written
    .superRefine((all, context) => {
      atMost(context, all, { most: MAX_PATTERNS, what });
      const paths = all.map(({ path }) => path);
      refuseRepeats(context, paths, ['path']);
    })
    .meta({ maxItems: MAX_PATTERNS })
    .prefault([]);
}

function noise() {
  const error = 'noise must be off or { percent: … }';
  const full = strictMap({
    percent: percent()
      .prefault(100)
      .describe('Of 100 compared requests that are safe to repeat, how many get a secondary copy for the version that responds.'),
  });
  return z
    .union([z.literal('off', { error }), full], { error })
    .transform((written): number => (written === 'off' ? 0 : written.percent))
    .prefault({});
}

function verdict() {
  return strictMap({
    minRequests: integer('minRequests', 1, 1_000_000_000).default(1000).describe('A pass needs so many compared requests.'),
    maxDifferences: share().prefault('0.1%').describe('Share of requests that may differ beyond the noise.'),
    maxFailures: share().prefault('0.1%').describe('Share of requests that the shadow alone may fail.'),
  })
    .transform((written): CompareVerdict => written)
    .prefault({});
}

/** `within`: where in an item the text stands. */
function refuseRepeats(context: IssueContext, texts: readonly string[], within: readonly string[] = []): void {
  const seen = new Set<string>();
  for (const [index, text] of texts.entries()) {
    if (seen.has(text)) addProblem(context, `${JSON.stringify(text)} is in this list twice`, [index, ...within]);
    seen.add(text);
  }
}
