// Revisions: what was in force, who changed it, when and why; and the way back.

import { z } from 'zod';
import { flag, list, nameOf, strictMap } from '../config/schema/strict-map.ts';
import { changeExamples, difference, reason, userMove } from './change.ts';
import { author, revision, timeMs, type Contract, type Examples } from './scalars.ts';

export const restoreBody = strictMap({
  pools: list(nameOf('pool'))
    .describe(
      'Only what shifts traffic in these pools comes back: split, overrides, mirrors, affinity and drains. Default: all that the role may restore.',
    )
    .optional(),
  sessions: userMove('move').optional(),
  force: flag()
    .describe('true: also when requests would get 503 because versions are drained, which is refused without it (409).')
    .optional(),
  reason,
});

const summaryKeys = {
  revision,
  atMs: timeMs.describe('When it came into force, in milliseconds since the epoch.'),
  author,
  reason: z.string().describe('Empty when none was given.'),
  cause: z.string().describe('What made it: start, file, signal, api, restore, rollout, drill or preview.'),
  differences: z.array(difference),
};
const summary = z.object(summaryKeys);
const oneRevision = z.object({ ...summaryKeys, config: z.string().describe('The whole config, as YAML.') });

const revisions = z.object({
  revision: revision.describe('The current one.'),
  revisions: z.array(summary).describe('Newest first.'),
  next: revision.describe('What `before` must be for the next page; absent on the last one.').optional(),
});

export type RevisionSummary = Contract<typeof summary>;
export const revisionSchemas = { RevisionSummary: summary, Revision: oneRevision, Revisions: revisions, RestoreBody: restoreBody } as const;

const latest: RevisionSummary = {
  revision: 12,
  atMs: 1_769_864_709_000,
  author: 'ci',
  reason: 'canary step 2',
  cause: 'api',
  differences: changeExamples.ChangeResponse.differences,
};

export const revisionExamples: Examples<typeof revisionSchemas> = {
  RevisionSummary: latest,
  Revision: { ...latest, config: 'listeners:\n  - name: web\n    address: 0.0.0.0:8080\n' },
  Revisions: { revision: 12, revisions: [latest], next: 12 },
  RestoreBody: { sessions: 'move', reason: 'errors since revision 12' },
};
