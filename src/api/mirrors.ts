// Mirrors of a pool: requests that are copied to a shadow. A body says what the YAML would say, without the name.

import { z } from 'zod';
import { judgeMirror, mirror as mirrorInConfig } from '../config/schema/mirror.ts';
import { strictMap } from '../config/schema/strict-map.ts';
import { reason } from './change.ts';
import { origin } from './overrides.ts';
import { revision, type Contract, type Examples } from './scalars.ts';

const { name: _, ...mirrorKeys } = mirrorInConfig().in.shape;

export const mirrorBody = strictMap({ ...mirrorKeys, reason }).superRefine(judgeMirror);

/** Who gets the copies. */
export const mirrorTarget = z
  .object({ pool: z.string(), version: z.string().optional() })
  .describe('Which version gets the copies; without a version, the split of that pool decides.');

const statusKeys = {
  name: z.string(),
  to: mirrorTarget,
  percent: z.number().min(0).max(100).describe('How many of 100 requests that fit are copied, 0 to 100.'),
  origin,
  paused: z.boolean().describe('True while a worker makes no copies, after failures in a row.').optional(),
};
export const mirror = z.object(statusKeys);

const mirrorState = z.object({
  pool: z.string(),
  revision,
  ...statusKeys,
  mirror: z.record(z.string(), z.unknown()).describe('The mirror as the YAML says it, with all defaults.'),
});

export type MirrorStatus = Contract<typeof mirror>;
export type MirrorState = Contract<typeof mirrorState>;

export const mirrorSchemas = {
  Mirror: mirror,
  MirrorState: mirrorState,
  Mirrors: z.object({ pool: z.string(), revision, mirrors: z.array(mirror) }),
  MirrorBody: mirrorBody,
} as const;

const dark = { name: 'dark', to: { pool: 'shop', version: 'v2' }, percent: 10, origin: 'file' } as const;

export const mirrorExamples: Examples<typeof mirrorSchemas> = {
  Mirror: dark,
  MirrorState: {
    pool: 'shop',
    revision: 12,
    ...dark,
    mirror: { name: 'dark', version: 'v2', percent: 10, sample: 'session', sideEffects: 'forbid', compare: {} },
  },
  Mirrors: { pool: 'shop', revision: 12, mirrors: [dark] },
  MirrorBody: { version: 'v2', percent: 10, match: { methods: ['GET'] }, compare: {}, reason: 'dark launch' },
};
