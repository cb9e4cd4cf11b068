// Why a request goes where it goes: the question, and the decisions in order.

import { z } from 'zod';
import { addProblem, nameOf, strictMap } from '../config/schema/strict-map.ts';
import { isPlainText, isToken } from '../config/syntax.ts';
import { MAX_CLIENT_LENGTH, MAX_HEADERS, MAX_METHOD_LENGTH, MAX_URL_LENGTH } from './bounds.ts';
import { mirrorTarget } from './mirrors.ts';
import { count, fraction, type Contract, type Examples } from './scalars.ts';

export const explainBody = strictMap({
  method: text('method', MAX_METHOD_LENGTH)
    .refine(isToken, { error: 'method must be letters, digits or punctuation without blanks' })
    .default('GET'),
  url: text('url', MAX_URL_LENGTH).describe('http://host/path?query, or a path alone; of CONNECT host:port.'),
  headers: z
    .record(z.string(), text('header value', MAX_URL_LENGTH), { error: 'headers must be a map of values by name' })
    .superRefine((written, context) => {
      const names = Object.keys(written);
      if (names.length > MAX_HEADERS) addProblem(context, `headers must be at most ${MAX_HEADERS}`);
      const bad = names.find((name) => !isToken(name));
      if (bad !== undefined) addProblem(context, 'header names must be letters, digits or punctuation without blanks', [bad]);
    })
    .default({}),
  listener: nameOf('listener')
    .describe(
      'The listener that the request comes in on; default: the first one that serves requests. On one that passes connections through only the host counts.',
    )
    .optional(),
  client: text('client', MAX_CLIENT_LENGTH).describe('Address of the client, for affinity by address.').optional(),
});

const share = z.object({
  version: z.string(),
  weight: z.number(),
  share: z.number().describe('Part of the requests that no override or key decides, 0 to 1.'),
  ready: z.boolean(),
});

const explainedMirror = z.object({
  name: z.string(),
  to: mirrorTarget,
  copied: z.enum(['yes', 'no', 'share']).describe('share: chance decides, or a key that the request does not bring yet.'),
  share: fraction.describe('Part of such requests that is copied, 0 to 1; absent unless `copied` is share.').optional(),
  why: z.string().describe('One sentence.'),
});

const considered = z.object({
  route: z.string(),
  match: z.string(),
  reason: z.string().describe('Why this route does not get the request.'),
});

const explanation = z.object({
  listener: z.string(),
  method: z.string(),
  authority: z.string(),
  path: z.string(),
  outcome: z.string().describe('pool, redirect, respond, or why the request is refused, or the connection closed, such as no_route.'),
  status: z.int().describe('Status of the response that Sluice itself makes; absent when a version responds.').optional(),
  route: z.string().optional(),
  match: z.string().optional(),
  pool: z.string().optional(),
  version: z.string().describe('Absent when no single version is certain: then `shares` says how likely each is.').optional(),
  reason: z.string().describe('Why this version, as in an exchange; absent without a pool.').optional(),
  override: z.string().optional(),
  location: z.string().describe('Of a redirect.').optional(),
  target: z.string().describe('The target that the upstream sees.').optional(),
  shares: z.array(share),
  mirrors: z.array(explainedMirror).describe('Mirrors of the pool that is reached, and which of them would copy the request.'),
  considered: z.array(considered).describe('Other routes that came into question.'),
  omitted: count.describe('How many more routes came into question and are not listed.'),
  steps: z.array(z.string()).describe('The decisions in order, one sentence each.'),
});

/** A question with its defaults. */
export type ExplainRequest = Contract<typeof explainBody>;
export type Explanation = Contract<typeof explanation>;
export type ExplainedMirror = Contract<typeof explainedMirror>;

export const explainSchemas = { Explanation: explanation, ExplainBody: explainBody } as const;

export const explainExamples: Examples<typeof explainSchemas> = {
  Explanation: {
    listener: 'web',
    method: 'GET',
    authority: 'shop.example.com',
    path: '/cart',
    outcome: 'pool',
    route: 'shop',
    match: 'prefix /',
    pool: 'shop',
    reason: 'weight',
    target: '/cart',
    shares: [
      { version: 'v1', weight: 90, share: 0.9, ready: true },
      { version: 'v2', weight: 10, share: 0.1, ready: true },
    ],
    mirrors: [
      { name: 'dark', to: { pool: 'shop', version: 'v2' }, copied: 'share', share: 0.1, why: '10 of 100 requests that fit are copied.' },
    ],
    considered: [],
    omitted: 0,
    steps: ['Route shop matches: prefix /.', 'No override of pool shop fits.', 'The weights decide: v1 90 %, v2 10 %.'],
  },
  ExplainBody: { method: 'GET', url: 'http://shop.example.com/cart', headers: { 'user-agent': 'curl/8.5' } },
};

function text(what: string, most: number) {
  return z
    .string({ error: `${what} must be text` })
    .max(most, { error: `${what} must be at most ${most} characters` })
    .refine(isPlainText, { error: `${what} must be text without control characters` });
}
