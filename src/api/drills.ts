// Drills: the way to a canary and back, rehearsed, with the seconds until every worker obeyed.

import { z } from 'zod';
import { duration, share } from '../config/schema/scalar.ts';
import { strictMap } from '../config/schema/strict-map.ts';
import { NAME_PATTERN } from '../config/syntax.ts';
import { reason } from './change.ts';
import { author, fraction, timeMs, type Contract, type Examples } from './scalars.ts';

const MAX_SHARE = 0.05;
const MAX_MS = 60_000;

export const drillBody = strictMap({
  to: z
    .string({ error: 'to must be text' })
    .regex(new RegExp(NAME_PATTERN), { error: 'to must be a name' })
    .describe('The version that is drilled; default: one without weight.')
    .optional(),
  weight: share()
    .refine((part) => part > 0 && part <= MAX_SHARE, { error: 'weight must be above 0% and at most 5%, such as 0.1%' })
    .describe('Give the version this share of the requests, so that users meet it. Without it it gets copies, and nobody does.')
    .optional(),
  for: duration(0, MAX_MS).describe('How long it has them; default: 1s.').optional(),
  reason,
});

const seconds = z.number().min(0).optional();

const drill = z.object({
  id: z.string(),
  pool: z.string(),
  baseline: z.string(),
  canary: z.string().describe('The version that is drilled.'),
  by: z.enum(['mirror', 'weight']),
  share: fraction.describe('That the canary gets; absent where it gets copies.').optional(),
  state: z.enum(['planned', 'running', 'over']),
  result: z.enum(['passed', 'failed', 'superseded', 'interrupted']).describe('Absent until something has been decided.').optional(),
  why: z.string().describe('One sentence.'),
  fault: z.string().describe('Why it cannot put everything back; it is tried again each second.').optional(),
  plan: z.array(z.string()).describe('What it does, in words.'),
  seconds: z
    .object({
      begin: seconds.describe('The mirror, or the weights, in force on all workers.'),
      failover: seconds.describe('All endpoints of the canary drained.'),
      resume: seconds.describe('They take requests again.'),
      back: seconds.describe('From the halt of the canary until the state from before is in force on all workers.'),
    })
    .describe('Seconds until every worker obeyed.'),
  leftOut: z.string().describe('Why the failover was left out; absent where it was not.').optional(),
  author,
  reason: z.string(),
  startedMs: timeMs,
  endedMs: timeMs.optional(),
});

export type Drill = Contract<typeof drill>;

/** Also where a pool shows its last one. */
export const drillSchemas = { Drill: drill, DrillBody: drillBody } as const;

export const drillExamples: Examples<typeof drillSchemas> = {
  Drill: {
    id: 'drill-7f3a',
    pool: 'shop',
    baseline: 'v1',
    canary: 'v2',
    by: 'mirror',
    state: 'over',
    result: 'passed',
    why: 'every worker obeyed, and everything is as it was',
    plan: ['v2 gets copies of 1 % of the requests: nobody is exposed'],
    seconds: { begin: 0.012, failover: 0.009, resume: 0.009, back: 0.011 },
    author: 'ci',
    reason: 'first of the month',
    startedMs: 1_769_864_709_000,
    endedMs: 1_769_864_710_100,
  },
  DrillBody: { weight: '0.1%', for: '5s', reason: 'first of the month' },
};
