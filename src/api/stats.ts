// What versions and endpoints did lately: figures of a window, which say how much of it they cover.

import { z } from 'zod';
import { count, fraction, revision, type Contract, type Examples } from './scalars.ts';

const windowMs = z.int().min(1).describe('The window that was asked for, in milliseconds.');
const measuredMs = z
  .number()
  .min(0)
  .describe(
    'What the figures cover, in milliseconds: less than the window where it is older than what it is about, a little more where counts are kept at longer intervals.',
  );
const milliseconds = z.number().min(0);

const rates = {
  requests: count.describe('Requests that ended; of an endpoint: attempts.'),
  perSecond: z.number().min(0).describe('Requests per second.'),
  errors: count.describe('Of these, failed ones: a status of 500 or above, or a response that broke off. A client that left is none.'),
  errorRate: fraction.describe('Errors per request; absent where there were no requests.').optional(),
};

const quantiles = {
  p50: milliseconds.describe('Milliseconds that half of the requests took at most; absent where there were none.').optional(),
  p90: milliseconds.describe('The same for 90 %.').optional(),
  p99: milliseconds.describe('The same for 99 %. Quantiles are within 6.3 %; what takes longer than 65 s counts as 65 s.').optional(),
};

const firstByte = z
  .object({ p50: milliseconds, p90: milliseconds, p99: milliseconds })
  .describe('Milliseconds until the head of the response; absent where no endpoint responded.');

/** Of a version, wherever it is shown. */
export const versionFigures = {
  ...rates,
  ...quantiles,
  rescued: count.describe('Requests to which another version responded in place of this one.'),
  inFlight: count.describe('Requests that are in flight on it.'),
  share: fraction.describe('Its part of the split, 0 to 1.'),
  measuredShare: fraction.describe('Its part of the requests of the pool; absent where there were none.').optional(),
};

const endpoint = z.object({
  address: z.string().describe('host:port or unix:/path.'),
  measuredMs,
  ...rates,
  ejections: count.describe('Times it was taken out of use because it failed.'),
  inFlight: count.describe('Requests that are in flight on it.'),
});

const version = z.object({
  name: z.string(),
  measuredMs,
  ...versionFigures,
  timeToFirstByte: firstByte.optional(),
  ejections: count.describe('Times one of its endpoints was taken out of use.'),
  endpoints: z.array(endpoint),
});

const stats = z.object({ pool: z.string(), revision, windowMs, measuredMs, ...rates, versions: z.array(version) });

/** Rates of a pool, wherever it is shown. */
export const poolRates = rates;
export const window = { windowMs, measuredMs };

export type EndpointStats = Contract<typeof endpoint>;
export type VersionStats = Contract<typeof version>;
export type PoolStats = Contract<typeof stats>;

export const statsSchemas = { EndpointStats: endpoint, VersionStats: version, PoolStats: stats } as const;

const one: EndpointStats = {
  ...{ address: '127.0.0.1:9003', measuredMs: 60_000, requests: 600, perSecond: 10 },
  ...{ errors: 6, errorRate: 0.01, ejections: 0, inFlight: 1 },
};
const canary: VersionStats = {
  ...{ name: 'v2', measuredMs: 60_000, requests: 600, perSecond: 10, errors: 6, errorRate: 0.01, p50: 11.5, p90: 23, p99: 92 },
  ...{ rescued: 2, inFlight: 1, share: 0.1, measuredShare: 0.101, timeToFirstByte: { p50: 10.5, p90: 21, p99: 90 } },
  ...{ ejections: 0, endpoints: [one] },
};

export const statsExamples: Examples<typeof statsSchemas> = {
  EndpointStats: one,
  VersionStats: canary,
  PoolStats: {
    ...{ pool: 'shop', revision: 12, windowMs: 60_000, measuredMs: 60_000 },
    ...{ requests: 5940, perSecond: 99, errors: 12, errorRate: 0.002, versions: [canary] },
  },
};
