// The report of a mirror: how the responses of the shadow compare with those of the primary, and the verdict. Values in it are masked.

import { z } from 'zod';
import { mirrorTarget } from './mirrors.ts';
import { count, fraction, timeMs, type Contract, type Examples } from './scalars.ts';

const interval = z
  .object({ low: z.number().min(-1).max(1), high: z.number().min(-1).max(1) })
  .describe('Bounds of a share of requests, -1 to 1. They hold at all times, however often one looks.');
const rate = z
  .object({ count, of: count, rate: fraction, low: fraction, high: fraction })
  .describe('A share of requests, 0 to 1: `count` of `of`, with its bounds.');
const counts = z.record(z.string(), count);

const place = {
  route: z.string(),
  template: z.string().describe('Template of the path, such as /users/{id}.'),
};
const path = z.string().describe('Which part of the response: $.items[*].price, header:content-type, status, body or outcome.');
const seen = { firstMs: timeMs, lastMs: timeMs };

const verdict = z.object({
  verdict: z
    .enum(['pass', 'fail', 'inconclusive', 'no-data'])
    .describe('inconclusive: there is not enough evidence yet; no-data: nothing was compared yet.'),
  reason: z.string().describe('One sentence with its numbers.'),
  compared: count.describe('Requests whose responses were compared.'),
  withSecondary: count.describe('Those of them with a secondary copy.'),
  differenceRate: interval.describe('Share of requests that differ beyond the noise, with its bounds.'),
  failureRate: interval.describe('Share of requests that the shadow fails, less those that the primary fails, with its bounds.'),
  realFields: z
    .array(z.object({ ...place, path, excess: interval }))
    .describe('Fields that differ beyond the noise, the surest first; at most 100.'),
});

const field = z.object({
  ...place,
  path,
  isReal: z.boolean().describe('Whether it differs more than its noise, and not by chance.'),
  log10Evidence: z.number().describe('Evidence that the difference is real, as the logarithm to base 10 of a likelihood ratio.'),
  differences: rate.describe('Share of requests in which it differs, noise included.'),
  noise: rate.describe('Share of requests in which the primary differs from itself; absent where no secondary was compared.').optional(),
  excess: interval.describe('Bounds of the share of requests that differ beyond the noise.'),
  kinds: counts.describe('Differences by kind.'),
  ...seen,
  examples: z
    .array(z.object({ kind: z.string(), primary: z.string(), candidate: z.string(), atMs: timeMs }))
    .describe('Values are masked.'),
});

const quantile = z.number().min(0).describe('Milliseconds, within 2.2 %; absent where nothing was timed.').optional();
const quantiles = z.object({ count, p50: quantile, p90: quantile, p99: quantile, p999: quantile });

const template = z.object({
  ...place,
  exchanges: count,
  compared: count,
  withSecondary: count.describe('Requests with a secondary response: what the primary sent for another copy.'),
  uncompared: counts.describe('Bodies that could not be compared, by reason.'),
  cutShort: count.describe('Comparisons that a bound ended early.'),
  outcomes: z.object({ primary: counts, candidate: counts, secondary: counts }).describe('How attempts ended, by outcome.'),
  latency: z.object({
    primary: quantiles,
    candidate: quantiles,
    secondary: quantiles,
    slower: z
      .object({ rate: fraction.optional(), low: fraction, high: fraction })
      .describe('Share of requests in which the shadow was the slower one; 0.5 means no difference.'),
  }),
  ...seen,
});

const mirrorReport = z.object({
  pool: z.string(),
  mirror: z.string(),
  verdict,
  candidate: mirrorTarget.describe('Whose responses are compared; without a version, the split of that pool decides.'),
  sinceMs: timeMs.describe('Milliseconds since the epoch: nothing from before counts as evidence.'),
  fields: z.array(field).describe('What differs beyond the noise first, then by evidence.'),
  unlistedFields: count.describe('Fields that are counted and not listed.'),
  templates: z.array(template).describe('The busiest first.'),
  unlistedTemplates: count.describe('Templates that are counted and not listed.'),
  overflow: z
    .object({ requests: count, differences: count })
    .describe('What exceeds the bounds of the report: requests of templates, and differences of fields, that are not listed.'),
  dropped: count.describe('Exchanges that were not compared because comparison could not keep up; since the start of the process.'),
  rollout: z.string().describe('The rollout that waits for this verdict; absent where none does.').optional(),
});

export type MirrorReport = Contract<typeof mirrorReport>;
export type FieldReport = MirrorReport['fields'][number];
export type TemplateReport = MirrorReport['templates'][number];
export type Interval = Contract<typeof interval>;

export const mirrorReportSchemas = { MirrorReport: mirrorReport } as const;

const where = { route: 'shop', template: '/orders/{id}' };
const times = { firstMs: 1_769_861_109_000, lastMs: 1_769_864_709_000 };
const ok = { ok: 12_345 };

export const mirrorReportExamples: Examples<typeof mirrorReportSchemas> = {
  MirrorReport: {
    pool: 'shop',
    mirror: 'dark',
    candidate: { pool: 'shop', version: 'v2' },
    sinceMs: 1_769_857_509_000,
    verdict: {
      verdict: 'fail',
      reason: '$.items[*].price differs in /orders/{id} of route shop',
      compared: 12_345,
      withSecondary: 12_001,
      differenceRate: { low: 0.0081, high: 0.0132 },
      failureRate: { low: -0.0003, high: 0.0004 },
      realFields: [{ ...where, path: '$.items[*].price', excess: { low: 0.008, high: 0.013 } }],
    },
    fields: [
      {
        ...where,
        path: '$.items[*].price',
        isReal: true,
        log10Evidence: 12,
        differences: { count: 126, of: 12_345, rate: 0.0102, low: 0.0081, high: 0.0132 },
        noise: { count: 0, of: 12_001, rate: 0, low: 0, high: 0.0004 },
        excess: { low: 0.008, high: 0.013 },
        kinds: { value: 126 },
        ...times,
        examples: [{ kind: 'value', primary: '12.5', candidate: '12.49', atMs: 1_769_864_709_000 }],
      },
    ],
    unlistedFields: 0,
    templates: [
      {
        ...where,
        exchanges: 20_000,
        compared: 12_345,
        withSecondary: 12_001,
        uncompared: {},
        cutShort: 0,
        outcomes: { primary: ok, candidate: ok, secondary: ok },
        latency: {
          primary: { count: 12_345, p50: 1.21, p90: 3.4, p99: 12.2, p999: 30.1 },
          candidate: { count: 12_345, p50: 1.44, p90: 4.2, p99: 29.7, p999: 61.3 },
          secondary: { count: 12_001, p50: 1.2, p90: 3.4, p99: 12, p999: 29.8 },
          slower: { rate: 0.6113, low: 0.6, high: 0.62 },
        },
        ...times,
      },
    ],
    unlistedTemplates: 0,
    overflow: { requests: 0, differences: 0 },
    dropped: 0,
  },
};
