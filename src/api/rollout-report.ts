// Everything about one rollout in one document, for the post-mortem: what it decided and why, what it changed, whom it met, examples.

import { z } from 'zod';
import { journalExamples, journalSchemas } from './journal.ts';
import { ROLLOUT_EXAMPLE, rolloutSchemas } from './rollouts.ts';
import { author, count, revision, statusCode, timeMs, type Contract, type Examples } from './scalars.ts';

/** Without fields and the client's address: a report goes to more people than an instance has operators. */
const example = z.object({
  atMs: timeMs,
  id: z.string().optional(),
  method: z.string(),
  authority: z.string(),
  target: z.string().describe('Secrets are ***.'),
  version: z.string(),
  endpoint: z.string().optional(),
  status: statusCode,
  outcome: z.string(),
  detail: z.string().optional(),
  attempts: count,
  durationMs: z.number(),
  firstByteMs: z.number().optional(),
});

export type ExampleExchange = Contract<typeof example>;

const report = z.object({
  rollout: rolloutSchemas.Rollout,
  bounds: z
    .array(z.object({ check: z.string(), text: z.string().describe('What the check allows, in words.') }))
    .describe('Of each check, in the order of the checks of the rollout.'),
  exposed: z
    .object({ requests: count, users: count })
    .describe(
      'Requests that chance gave the canary, and users of them: a request without an affinity key counts as one, and a user who came back after a restart of Sluice as two.',
    ),
  journal: z.array(journalSchemas.JournalLine).describe('Lines of the journal about this rollout that are still on record, oldest first.'),
  journalCut: z.boolean().describe('Whether there are more lines than are listed.'),
  changes: z
    .object({
      from: revision.describe('The revision before the first change; absent where none is on record.').optional(),
      to: revision.describe('The last revision that the rollout made.').optional(),
      revisions: z.array(
        z.object({
          revision,
          atMs: timeMs,
          author,
          reason: z.string(),
          changes: z.array(z.string()).describe('Differences from the revision before, as text; 50 at most.'),
          changeCount: count,
        }),
      ),
    })
    .describe('What the rollout changed of the config, revision by revision.'),
  examples: z
    .array(example)
    .describe(
      'Three requests of the canary at most, as they were when a check failed or the canary was taken back: those that failed first.',
    ),
});

export type RolloutReport = Contract<typeof report>;

export const rolloutReportSchemas = { RolloutReport: report } as const;

export const rolloutReportExamples: Examples<typeof rolloutReportSchemas> = {
  RolloutReport: {
    rollout: ROLLOUT_EXAMPLE,
    bounds: [{ check: 'errors', text: 'fails when v2 is shown to fail more than 1.5 times as often as v1' }],
    exposed: { requests: 1_040, users: 312 },
    journal: [journalExamples.JournalLine],
    journalCut: false,
    changes: {
      from: 11,
      to: 12,
      revisions: [
        {
          revision: 12,
          atMs: 1_769_864_709_000,
          author: 'ci',
          reason: 'rollout shop-7f3a: v2 has 5 % of the requests until the evidence suffices.',
          changes: ['pools.shop.split.v2: 0 -> 5'],
          changeCount: 1,
        },
      ],
    },
    examples: [
      {
        atMs: 1_769_864_709_500,
        id: 'abcdef0123451',
        method: 'GET',
        authority: 'shop.example.com',
        target: '/cart?token=***',
        version: 'v2',
        endpoint: '127.0.0.1:9003',
        status: 500,
        outcome: 'ok',
        attempts: 1,
        durationMs: 12.3,
        firstByteMs: 11,
      },
    ],
  },
};
