// Overrides of a pool: requests that always go to one version. A body says what the YAML would say, without the name.

import { z } from 'zod';
import { override as overrideInConfig } from '../config/schema/affinity.ts';
import { addProblem, exactlyOneFault, strictMap } from '../config/schema/strict-map.ts';
import { reason } from './change.ts';
import { revision, type Contract, type Examples } from './scalars.ts';

const { name: _, ...overrideKeys } = overrideInConfig().in.shape;

export const overrideBody = strictMap({ ...overrideKeys, reason }).superRefine((written, context) => {
  const message = exactlyOneFault('override', ['header', 'cookie', 'query'], written);
  if (message !== undefined) addProblem(context, message);
});

/** Of an override or a mirror. */
export const origin = z
  .enum(['file', 'api'])
  .describe('api: it was added or changed by the API; the file does not have it, or says otherwise.');

export const override = z.object({
  name: z.string(),
  version: z.string().describe('The version that such requests get.'),
  origin,
});

const matcher = z.object({
  name: z.string().describe('Name of the header, the cookie or the query parameter.'),
  value: z
    .union([z.string(), z.object({ regex: z.string() }), z.object({ present: z.literal(true) })])
    .describe('The exact value, an expression that it must match, or { present: true } for any value.'),
});

const overrideState = z.object({
  pool: z.string(),
  revision,
  name: z.string(),
  version: z.string().describe('The version that such requests get.'),
  origin,
  header: matcher.describe('Of the three, exactly one is present.').optional(),
  cookie: matcher.optional(),
  query: matcher.optional(),
});

export type OverrideStatus = Contract<typeof override>;
export type OverrideState = Contract<typeof overrideState>;

export const overrideSchemas = {
  Override: override,
  OverrideState: overrideState,
  Overrides: z.object({
    pool: z.string(),
    revision,
    overrides: z.array(override).describe('In their order: the first that fits decides.'),
  }),
  OverrideBody: overrideBody,
} as const;

const qa = { name: 'qa', version: 'v2', origin: 'api' } as const;
const header = { name: 'x-version', value: 'v2' };

export const overrideExamples: Examples<typeof overrideSchemas> = {
  Override: qa,
  OverrideState: { pool: 'shop', revision: 12, ...qa, header },
  Overrides: { pool: 'shop', revision: 12, overrides: [qa] },
  OverrideBody: { header, version: 'v2', reason: 'testers see v2' },
};
