// What every write takes and returns: a reason in, and out the revision, what is different, and for a dry run what it would mean.

import { z } from 'zod';
import { oneOf, strictMap } from '../config/schema/strict-map.ts';
import { isPlainText } from '../config/syntax.ts';
import { MAX_REASON_LENGTH } from './bounds.ts';
import { adoption, count, fraction, revision, scalarExamples, type Contract, type Examples } from './scalars.ts';

export const reason = z
  .string({ error: 'reason must be text' })
  .max(MAX_REASON_LENGTH, { error: `reason must be at most ${MAX_REASON_LENGTH} characters` })
  .refine(isPlainText, { error: 'reason must be text without control characters' })
  .describe('Why the change is made, for the journal.')
  .optional();

/** What becomes of the users of pools with `affinity.remember` when weights change: they keep the version that they have, or follow at once. */
export type UserMove = 'keep' | 'move';

export function userMove(byDefault: UserMove) {
  const keep = 'keep: users of a pool with affinity.remember keep the version that they have';
  return oneOf('sessions', ['keep', 'move']).describe(`${keep}; move: they follow the weights at once. Default: ${byDefault}.`);
}

export const reasonBody = strictMap({ reason });

export const difference = z
  .object({
    path: z.string().describe('Where in the config, such as pools.shop.split.v1.'),
    before: z.string().describe('As it was written before; absent when it was not there.').optional(),
    after: z.string().describe('As it is written now; absent when it is gone.').optional(),
  })
  .describe('One thing that a change made different.');

const impact = z
  .object({
    pools: z
      .array(
        z.object({
          pool: z.string(),
          users: fraction.describe('Share of the users of the pool that another version would serve; without affinity, of its requests.'),
        }),
      )
      .describe('Pools with users that would move to another version; a pool that is absent moves none.'),
    requests: z.object({
      compared: count.describe('How many recent requests were decided again.'),
      otherwise: z.number().min(0).describe('How many of them would go to another version; where chance decides, the expected number.'),
      share: fraction.describe('The same as a share of what they are a sample of; absent when there was none to compare.').optional(),
    }),
  })
  .describe('Which users and requests would go to another version.');

const changeResponse = z
  .object({
    revision,
    workers: adoption.describe('How many workers obey; absent for a dry run.').optional(),
    dryRun: z.literal(true).describe('Present when nothing was changed.').optional(),
    differences: z.array(difference).describe('Empty when the state was already as the change says.'),
    moved: z
      .array(z.string())
      .describe('Pools whose users no longer keep the version that they had; absent when there is none.')
      .optional(),
    impact: impact.describe('What the change would mean; of a dry run alone.').optional(),
  })
  .describe('What a change did, or would do. Every worker that is alive obeys it when this is sent.');

export type Impact = Contract<typeof impact>;
export type Difference = Contract<typeof difference>;
export type ChangeResponse = Contract<typeof changeResponse>;

export const changeSchemas = { Difference: difference, Impact: impact, ChangeResponse: changeResponse, ReasonBody: reasonBody } as const;

const moreCanary = { path: 'pools.shop.split.v2', before: '5', after: '10' };

export const changeExamples: Examples<typeof changeSchemas> = {
  Difference: moreCanary,
  Impact: { pools: [{ pool: 'shop', users: 0.05 }], requests: { compared: 400, otherwise: 20.5, share: 0.0512 } },
  ChangeResponse: {
    revision: 12,
    workers: scalarExamples.Adoption,
    differences: [{ path: 'pools.shop.split.v1', before: '95', after: '90' }, moreCanary],
  },
  ReasonBody: { reason: 'the disk was replaced' },
};
