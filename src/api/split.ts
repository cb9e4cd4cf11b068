// The split of a pool: the weights of its versions.

import { z } from 'zod';
import { weight } from '../config/schema/scalar.ts';
import { flag, named, strictMap } from '../config/schema/strict-map.ts';
import { reason, userMove } from './change.ts';
import { adoption, revision, scalarExamples, type Examples } from './scalars.ts';

export const splitBody = strictMap({
  weights: named('version', weight()).describe(
    'Weight by version; a version that is not named gets 0. To name one of several is refused: it could mean all requests or a share.',
  ),
  sessions: userMove('keep').optional(),
  force: flag()
    .describe('true: also when requests would get 503 because versions are drained, which is refused without it (409).')
    .optional(),
  reason,
});

export const weights = z
  .record(z.string(), z.number().min(0))
  .describe('Weight by version. The share of a version is its weight over the sum.');

const split = z.object({ pool: z.string(), revision, workers: adoption, weights });

export const splitSchemas = { Split: split, SplitBody: splitBody } as const;

export const splitExamples: Examples<typeof splitSchemas> = {
  Split: { pool: 'shop', revision: 12, workers: scalarExamples.Adoption, weights: { v1: 90, v2: 10 } },
  SplitBody: { weights: { v1: 90, v2: 10 }, reason: 'canary step 2' },
};
