// Missed writes: writes that the primary took, or may have taken, and the shadow of a mirror did not.

import { z } from 'zod';
import { count, statusCode, timeMs, type Contract, type Examples } from './scalars.ts';

const missedWrite = z.object({
  seq: count.describe('Rises by one for each missed write of this mirror; a gap means writes that are no longer on the list.'),
  atMs: timeMs,
  method: z.string(),
  authority: z.string(),
  target: z.string().describe('Secrets are ***; a target that is too long ends in ….'),
  id: z.string().describe('Request id.'),
  version: z.string().describe('The version that should have received the copy.'),
  primaryStatus: statusCode.describe('Status of the primary response; absent where there was none.').optional(),
  reason: z.string().describe('What happened to the copy: a mirror outcome, or refused where the shadow responded with `status`.'),
  status: statusCode.describe('Status of the response of the shadow; absent where there was none.').optional(),
});

const missedWrites = z.object({
  pool: z.string(),
  mirror: z.string(),
  total: count.describe('How many were missed, listed or not; what an earlier process did not list is not counted.'),
  writes: z.array(missedWrite).describe('Oldest first.'),
  next: count.describe('What `after` must be for the next page; absent on the last one.').optional(),
});

/** A write that the primary took, or may have taken, and the shadow did not. */
export type ShownMissedWrite = Contract<typeof missedWrite>;
export type MissedWrites = Contract<typeof missedWrites>;

export const missedWriteSchemas = { MissedWrite: missedWrite, MissedWrites: missedWrites } as const;

const write: ShownMissedWrite = {
  seq: 4,
  atMs: 1_769_864_709_000,
  method: 'POST',
  authority: 'shop.example.com',
  target: '/orders?token=***',
  id: 'abcdef0123451',
  version: 'v2',
  primaryStatus: 201,
  reason: 'refused',
  status: 409,
};

export const missedWriteExamples: Examples<typeof missedWriteSchemas> = {
  MissedWrite: write,
  MissedWrites: { pool: 'shop', mirror: 'dark', total: 9, writes: [write], next: 4 },
};
