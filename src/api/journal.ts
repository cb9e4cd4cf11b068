// The journal: what happened, in pages, and as server-sent events.

import { z } from 'zod';
import { JOURNAL_KINDS } from './journal-kinds.ts';
import { author, count, revision, timeMs, type Contract, type Examples } from './scalars.ts';

const journalLine = z
  .object({
    seq: count.describe('Number of the line; it rises without gaps.'),
    atMs: timeMs,
    kind: z.string().describe(`One of ${JOURNAL_KINDS.join(', ')}; a newer Sluice may know more.`),
    author,
    revision: revision.describe('The revision that was in force then.'),
    detail: z.record(z.string(), z.unknown()).describe('What happened; its members depend on the kind.'),
  })
  .describe('One thing that happened.');

const journal = z.object({
  lines: z.array(journalLine).describe('Oldest first.'),
  next: count.describe('What `after` must be for the next page; absent on the last one.').optional(),
  first: count.describe('Number of the oldest line on record; `last` + 1 when there is none.'),
  last: count.describe('Number of the newest line on record, whatever the query asks for; 0 when there is none.'),
});

const eventGap = z
  .object({ from: count, to: count })
  .describe('Data of the event gap: lines with these numbers, both included, are no longer on record.');

/** One thing that happened; `seq` rises without gaps. */
export type JournalLine = Contract<typeof journalLine>;
export type Journal = Contract<typeof journal>;

export const journalSchemas = { JournalLine: journalLine, Journal: journal, EventGap: eventGap } as const;

const line: JournalLine = {
  seq: 40,
  atMs: 1_769_864_709_000,
  kind: 'revision',
  author: 'ci',
  revision: 12,
  detail: {
    cause: 'api',
    reason: 'canary step 2',
    changes: ['pools.shop.split.v1: 95 -> 90', 'pools.shop.split.v2: 5 -> 10'],
    changeCount: 2,
  },
};

export const journalExamples: Examples<typeof journalSchemas> = {
  JournalLine: line,
  Journal: { lines: [line], next: 40, first: 1, last: 52 },
  EventGap: { from: 12, to: 30 },
};
