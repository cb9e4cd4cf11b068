// Taking a version or an endpoint out of use: how it is asked, and what is left while it drains.

import { z } from 'zod';
import { duration } from '../config/schema/scalar.ts';
import { flag, strictMap } from '../config/schema/strict-map.ts';
import { reason } from './change.ts';
import { count, timeMs, type Contract, type Examples } from './scalars.ts';

export const drainBody = strictMap({
  deadline: duration()
    .describe('Connections that are still in use after this time are cut; default: drain.timeout of the pool.')
    .optional(),
  force: flag().describe('true: also when no version of the pool is left that responds, which is refused without it (409).').optional(),
  reason,
});

export const drain = z
  .object({
    since: timeMs.describe('When the drain began, in milliseconds since the epoch; after a restart, the time of the start.'),
    deadline: timeMs.describe('Milliseconds since the epoch; absent when the drain may take as long as it needs.').optional(),
    inFlight: count.describe('Requests that are left.'),
    connections: count.describe('Connections that are left.'),
    inFlightAtStart: count.describe('Requests that were in flight when the drain began.'),
    estimateMs: z
      .number()
      .min(0)
      .describe(
        'Milliseconds until nothing is left, estimated from what has ended so far; at most until the deadline. Absent before anything has ended.',
      )
      .optional(),
  })
  .describe('A drain that has begun and was not taken back. It stays when nothing is left.');

export type DrainStatus = Contract<typeof drain>;

export const drainSchemas = { Drain: drain, DrainBody: drainBody } as const;

export const drainExamples: Examples<typeof drainSchemas> = {
  Drain: { since: 1_769_864_709_000, deadline: 1_769_864_739_000, inFlight: 3, connections: 1, inFlightAtStart: 9, estimateMs: 1500 },
  DrainBody: { deadline: '30s', reason: 'maintenance' },
};
