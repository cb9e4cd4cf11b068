// Schemas of what a check of a rollout looks at.

import { z } from 'zod';
import { PERCENT_PATTERN, parsePercent } from '../percent.ts';
import type { CheckKind, ValueSource } from '../rollout-model.ts';
import { DEFAULT_ERRORS, DEFAULT_ERROR_RATE } from '../shipped-rollouts.ts';
import { secretSource, webAddress } from './rollout-calls.ts';
import { duration, nonEmptyText, share, tokenName } from './scalar.ts';
import { addProblem, choice, exactlyOneFault, integer, nameOf, oneOf, strictMap } from './strict-map.ts';

const HOUR_MS = 3_600_000;
const MAX_RATIO = 100;
const MAX_QUERY_LENGTH = 4096;

/** `1.5x`. */
function ratio() {
  const error = 'worseThan must look like 1.5x, above 1x and at most 100x';
  const pattern = '^[0-9]{1,3}(\\.[0-9]{1,3})?x$';
  return z
    .string({ error })
    .meta({ pattern })
    .refine((text) => new RegExp(pattern).test(text) && Number(text.slice(0, -1)) > 1 && Number(text.slice(0, -1)) <= MAX_RATIO, { error })
    .transform((text) => Number(text.slice(0, -1)));
}

export function ratioOf(what: string, usual: number) {
  return strictMap({
    worseThan: ratio().prefault(`${usual}x`).describe(`So many times as much fails the check; default of ${what}: ${usual}x.`),
  }).transform((written): number => written.worseThan);
}

export function errors() {
  const error = 'absolute must be off or a share such as 0.5%';
  const absolute = z
    .union([z.literal('off', { error }), share()], { error })
    .transform((written): number | undefined => (written === 'off' || written === 0 ? undefined : written));
  return strictMap({
    worseThan: ratio().prefault(`${DEFAULT_ERRORS.ratio}x`).describe('So many times as many failures fail the check.'),
    absolute: absolute
      .prefault(DEFAULT_ERRORS.absolute)
      .describe('Harmless is also a share of failures that is less than this above that of the baseline; off = the ratio alone.'),
  }).transform((written): CheckKind => ({ kind: 'errors', ratio: written.worseThan, absolute: written.absolute }));
}

function over() {
  return duration(1000, HOUR_MS).prefault('30s').describe('Over how long it is looked at.');
}

export function errorRate() {
  const max = share()
    .prefault(DEFAULT_ERROR_RATE.max)
    .refine((written) => written > 0 && written < 1, { error: 'max must be above 0% and below 100%' })
    .describe('Largest share of failed requests.');
  return strictMap({ max, over: over() }).transform((written): CheckKind => ({
    kind: 'error-rate',
    max: written.max,
    overMs: written.over,
  }));
}

const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const;

export function slow() {
  const keys = Object.keys(QUANTILES) as (keyof typeof QUANTILES)[];
  const bound = (of: string) => duration(1, HOUR_MS).describe(`Longest ${of}.`).optional();
  return strictMap({ p50: bound('median'), p90: bound('90th percentile'), p99: bound('99th percentile'), over: over() }).transform(
    (written, context): CheckKind => {
      const fault = exactlyOneFault('slow', keys, written);
      if (fault !== undefined) addProblem(context, fault);
      const key = keys.find((each) => written[each] !== undefined) ?? 'p99';
      return { kind: 'slow', quantile: QUANTILES[key], maxMs: written[key] ?? 0, overMs: written.over };
    },
  );
}

export function event() {
  return choice('event', {
    response: strictMap({ header: tokenName('header').describe('Responses that have this field count.') })
      .describe('Told by the response.')
      .optional(),
    route: nameOf('route').describe('Requests of this route count that succeed.').optional(),
    told: nameOf('event').describe('Told by POST /v1/events.').optional(),
  }).transform((written): Omit<Extract<CheckKind, { kind: 'event' }>, 'worseThan'> => {
    if (written.response !== undefined)
      return { kind: 'event', source: { kind: 'response-header', name: written.response.header.toLowerCase() } };
    if (written.route !== undefined) return { kind: 'event', source: { kind: 'route', route: written.route } };
    return { kind: 'event', source: { kind: 'told', event: written.told ?? '' } };
  });
}

export function value() {
  const error = 'cap must be a number above 0';
  const cap = z.number({ error }).gt(0, { error }).max(1e12, { error });
  return strictMap({
    event: nameOf('event').describe('Told by POST /v1/events, with its value.').optional(),
    response: strictMap({ header: tokenName('header').describe('Its value is a number such as 19.90.') })
      .describe('Told by the response.')
      .optional(),
    cap: cap.describe('The most that counts of one user: one customer must not decide.'),
  }).transform((written, context): Omit<Extract<CheckKind, { kind: 'value' }>, 'worseThan'> => {
    const fault = exactlyOneFault('value', ['event', 'response'], written);
    if (fault !== undefined) addProblem(context, fault);
    const { event: told = '', response, cap: most } = written;
    const source: ValueSource =
      response === undefined ? { kind: 'told', event: told } : { kind: 'response-header', name: response.header.toLowerCase() };
    return { kind: 'value', source, cap: most };
  });
}

/** `-5%`: 0.05. */
export function fewer() {
  const error = 'worseThan must look like -5%, below 0% and above -100%';
  return z
    .string({ error })
    .meta({ pattern: `^-${PERCENT_PATTERN.slice(1)}` })
    .transform((text, context): number => {
      const read = text.startsWith('-') ? parsePercent(text.slice(1)) : undefined;
      if (read !== undefined && read > 0 && read < 100) return read / 100;
      const hint = parsePercent(text) === undefined ? '' : ` (write -${text})`;
      addProblem(context, `${error}, got ${JSON.stringify(text)}${hint}`);
      return z.NEVER;
    });
}

export function prometheus() {
  const error = 'it must be a number';
  const bound = () => z.number({ error }).optional();
  return strictMap({
    address: webAddress('address').describe('Where it is, such as http://127.0.0.1:9090.'),
    query: nonEmptyText('query')
      .max(MAX_QUERY_LENGTH, { error: `query has at most ${MAX_QUERY_LENGTH} characters` })
      .describe('Gives one number; {{pool}}, {{baseline}} and {{canary}} stand for names.'),
    max: bound().describe('The largest number that is right.'),
    min: bound().describe('The smallest number that is right.'),
    for: duration(0, HOUR_MS).prefault('0s').describe('For so long it must be wrong to fail.'),
    ...polled(),
  }).transform(({ for: forMs, interval, timeout, whenGone, max, min, address, query }, context): CheckKind => {
    if (max === undefined && min === undefined) addProblem(context, 'prometheus needs max or min, or both');
    if (max !== undefined && min !== undefined && min > max) addProblem(context, `min (${min}) may not be above max (${max})`, ['min']);
    const times = { forMs, intervalMs: interval, timeoutMs: timeout };
    return { kind: 'prometheus', address: address.replace(/\/+$/, ''), query, max, min, ...times, whenGone };
  });
}

export function webhook() {
  return strictMap({
    url: webAddress('url').describe('It gets a POST; 2xx = the rollout may go on.'),
    secret: secretSource().describe('With it calls are signed.').optional(),
    failures: integer('failures', 1, 100).default(1).describe('Refusals in a row that fail the check.'),
    ...polled(),
  }).transform(({ interval, timeout, secret, ...rest }): CheckKind => ({
    kind: 'webhook',
    ...rest,
    secret,
    intervalMs: interval,
    timeoutMs: timeout,
  }));
}

function polled() {
  return {
    interval: duration(1000, HOUR_MS).prefault('10s').describe('From one call to the next.'),
    timeout: duration(1, 60_000).prefault('5s').describe('How long a call may take.'),
    whenGone: oneOf('whenGone', ['hold', 'rollback']).default('hold').describe('What happens when there is no result any more.'),
  };
}
