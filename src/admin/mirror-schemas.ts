// What the admin API says of the shadow of a mirror, as schemas: how its answers compare, and which writes it is missing.

import { z } from 'zod';
import { count, fraction, milliseconds } from './schema-parts.ts';

/** Of what may be more, or less. */
const interval = z
  .object({ low: z.number().min(-1).max(1), high: z.number().min(-1).max(1) })
  .describe('A share of requests with bounds that hold at all times, however often they are looked at.');
const rate = z.object({ count, of: count, rate: fraction, low: fraction, high: fraction }).describe('A share of requests with its bounds.');
const counts = z.record(z.string(), count);

const place = {
  route: z.string(),
  template: z.string().describe('Of the path: /users/{id}.'),
};
const path = z.string().describe('$.items[*].price, header:content-type, status, body or outcome.');
const seen = { firstMs: milliseconds, lastMs: milliseconds };

const verdict = z.object({
  verdict: z
    .enum(['pass', 'fail', 'inconclusive', 'no-data'])
    .describe('inconclusive: there is not enough evidence yet. no-data: nothing was compared.'),
  reason: z.string(),
  compared: count.describe('Requests whose responses were compared.'),
  withSecondary: count.describe('Those of them with a secondary copy.'),
  differenceRate: interval.describe('Share of requests that differ beyond the noise, with its bounds.'),
  failureRate: interval.describe('Share of requests that the shadow fails, less those that the primary does, with its bounds.'),
  realFields: z.array(z.object({ ...place, path, excess: interval })).describe('What differs for real, the surest first.'),
});

const field = z.object({
  ...place,
  path,
  isReal: z.boolean().describe('Differs more than its noise, and not by chance.'),
  log10Evidence: z.number(),
  differences: rate.describe('Share of requests in which it differs, noise included.'),
  noise: rate.describe('Share of requests in which the primary differs from itself; absent where no secondary was compared.').optional(),
  excess: interval.describe('Bounds of the share of requests that differ beyond the noise.'),
  kinds: counts.describe('Differences by kind.'),
  ...seen,
  examples: z.array(z.object({ kind: z.string(), primary: z.string(), candidate: z.string(), atMs: milliseconds })).describe('Masked.'),
});

const quantile = z.number().min(0).describe('Milliseconds; absent where nothing was timed.').optional();
const quantiles = z.object({ count, p50: quantile, p90: quantile, p99: quantile, p999: quantile });

const template = z.object({
  ...place,
  exchanges: count,
  compared: count,
  withSecondary: count.describe('Requests with a secondary response (of the primary again).'),
  uncompared: counts.describe('Bodies that could not be compared, by reason.'),
  cutShort: count.describe('Comparisons that a bound ended early.'),
  outcomes: z.object({ primary: counts, candidate: counts, secondary: counts }).describe('How attempts ended.'),
  latency: z.object({
    primary: quantiles,
    candidate: quantiles,
    secondary: quantiles,
    slower: z
      .object({ rate: fraction.optional(), low: fraction, high: fraction })
      .describe('Share of requests in which the shadow was the slower one; one half: no difference.'),
  }),
  ...seen,
});

const mirrorReport = z.object({
  pool: z.string(),
  mirror: z.string(),
  candidate: z
    .object({ pool: z.string(), version: z.string().optional() })
    .describe('Whose responses are compared; without a version, as that pool splits.'),
  sinceMs: milliseconds.describe('Milliseconds since the epoch: nothing from before is evidence.'),
  verdict,
  fields: z.array(field).describe('What differs for real first, then by evidence.'),
  unlistedFields: count,
  templates: z.array(template).describe('The busiest first.'),
  unlistedTemplates: count,
  overflow: z.object({ requests: count, differences: count }).describe('What came beyond the bounds of the report.'),
  dropped: count.describe('Exchanges that were not compared because comparison could not keep up; since the start of the process.'),
});

const missedWrite = z.object({
  seq: count.describe('Rises by one for each of this mirror; gaps are writes that are no longer on the list.'),
  atMs: milliseconds,
  method: z.string(),
  authority: z.string(),
  target: z.string().describe('Secrets are ***; one that is too long ends in ….'),
  id: z.string().describe('Request id.'),
  version: z.string().describe('Who was to get the copy.'),
  primaryStatus: z.int().min(0).max(999).describe('Of the response of the primary; absent where there was none.').optional(),
  reason: z.string().describe('What became of the copy, or refused where the shadow responded with status.'),
  status: z.int().min(0).max(999).optional(),
});

export const MIRROR_SCHEMAS = {
  MirrorReport: mirrorReport,
  MissedWrite: missedWrite,
  MissedWrites: z.object({
    pool: z.string(),
    mirror: z.string(),
    total: count.describe('Listed or not; what a process before did not list is not in it.'),
    writes: z.array(missedWrite).describe('Oldest first.'),
    next: count.describe('What `after` must be for the next page; absent on the last.').optional(),
  }),
} as const;
