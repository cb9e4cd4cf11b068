// Previews: versions with a time at which they go, that only requests with a header, a cookie, a query parameter or a host meet.

import { z } from 'zod';
import { duration } from '../config/schema/scalar.ts';
import { addProblem, exactlyOneFault, strictMap } from '../config/schema/strict-map.ts';
import { reason } from './change.ts';
import { overrideBody } from './overrides.ts';
import { revision, timeMs, type Contract, type Examples } from './scalars.ts';

const MAX_ENDPOINTS = 20;
const MAX_TTL_MS = 30 * 86_400_000;
const { header, cookie, query } = overrideBody.shape;
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export const previewBody = strictMap({
  endpoints: z
    .array(z.string({ error: 'an endpoint must be text' }).max(300), { error: 'endpoints must be a list' })
    .min(1, { error: 'endpoints must have at least one item' })
    .max(MAX_ENDPOINTS, { error: `endpoints must have at most ${MAX_ENDPOINTS} items` })
    .describe('Addresses, such as 127.0.0.1:9007. Operators may name those that previews.endpoints of the pool opens.'),
  header,
  cookie,
  query,
  host: z
    .string({ error: 'host must be text' })
    .regex(HOST, { error: 'host must be a name in lower case without a port, such as pr-123.example.com' })
    .describe('Requests for this host: it gets a route of its own. Operators may name those that previews.hosts of the pool opens.')
    .optional(),
  ttl: duration(1, MAX_TTL_MS).describe('How long it stays.'),
  reason,
}).superRefine((written, context) => {
  const message = exactlyOneFault('preview', ['header', 'cookie', 'query', 'host'], written);
  if (message !== undefined) addProblem(context, message);
});

const preview = z.object({
  name: z.string().describe('Of the version, and of its override.'),
  endpoints: z.array(z.string()),
  untilMs: timeMs.describe('When it goes, in milliseconds since the epoch.'),
  requests: z.string().describe('Which requests meet it, in words; empty when its override is gone.'),
});

const previews = z.object({ pool: z.string(), revision, previews: z.array(preview).describe('Those that end first come first.') });

export type PreviewView = Contract<typeof preview>;

export const previewSchemas = { Preview: preview, Previews: previews, PreviewBody: previewBody } as const;

const EXAMPLE = { name: 'pr-123', endpoints: ['127.0.0.1:9007'], untilMs: 1_769_864_709_000, requests: 'header x-preview=pr-123' };

export const previewExamples: Examples<typeof previewSchemas> = {
  Preview: EXAMPLE,
  Previews: { pool: 'shop', revision: 12, previews: [EXAMPLE] },
  PreviewBody: { endpoints: ['127.0.0.1:9007'], header: { name: 'x-preview', value: 'pr-123' }, ttl: '2h' },
};
