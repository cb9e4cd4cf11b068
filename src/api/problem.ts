// What went wrong with a call: problem details (RFC 9457), with the places of faults in the text that was sent.

import { z } from 'zod';
import { revision, type Contract, type Examples } from './scalars.ts';

const located = z
  .object({
    path: z.string().describe('Where in the body, the query or the config, such as weights.v1; empty for all of it.'),
    line: z.int().min(1).describe('In the text that was sent, from 1; absent where the fault is not in the text.').optional(),
    column: z.int().min(1).describe('In that line, from 1.').optional(),
    message: z.string().describe('What is wrong, and what would be right.'),
  })
  .describe('One fault, with its place.');

const problem = z
  .object({
    type: z.string().describe('Always about:blank: the status says what kind of problem it is.'),
    title: z.string().describe('The name of the status.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('One sentence: what is wrong, and what would be right.'),
    revision: revision.describe('The current revision, where a precondition failed.').optional(),
    reason: z.string().describe('Why the instance is not ready: starting, draining, no workers or overload.').optional(),
    problems: z.array(located).describe('Every fault that was found, up to a bound.').optional(),
  })
  .describe('What went wrong (RFC 9457).');

/** One fault of a change or of a body; `line` and `column` are those of a text that was sent. */
export type ChangeProblem = Contract<typeof located>;

export const problemSchemas = { Problem: problem, ProblemLocation: located } as const;

const fault = {
  path: 'pools.shop.split.v9',
  line: 1,
  column: 14,
  message: 'pools.shop.split.v9: there is no version "v9" (did you mean "v2"?)',
};

export const problemExamples: Examples<typeof problemSchemas> = {
  Problem: {
    type: 'about:blank',
    title: 'Unprocessable Entity',
    status: 422,
    detail: 'The rules of the config do not allow this; nothing has changed.',
    problems: [fault],
  },
  ProblemLocation: fault,
};
