// What calls take in their bodies, as schemas: they judge, decode, and are what the OpenAPI document says.

import { z } from 'zod';
import { duration, weight } from '../config/schema/scalar.ts';
import { addProblem, named, nameOf, exactlyOneFault, oneOf, strictMap } from '../config/schema/strict-map.ts';
import { judgeMirror, mirror } from '../config/schema/mirror.ts';
import { override } from '../config/schema/affinity.ts';
import { isPlainText, isToken } from '../config/syntax.ts';
import type { ExplainRequest } from '../control/control-api.ts';
import { MAX_REASON_LENGTH } from './query.ts';

const MAX_URL_LENGTH = 8192;
const MAX_FIELDS = 100;

const reason = z
  .string({ error: 'reason must be text' })
  .max(MAX_REASON_LENGTH, { error: `reason must be at most ${MAX_REASON_LENGTH} characters` })
  .refine(isPlainText, { error: 'reason must be text without control characters' })
  .describe('Why, for the journal.')
  .optional();

export const splitBody = strictMap({
  weights: named('version', weight()).describe('Weight by version; what is not named gets 0.'),
  sessions: userMove('keep').optional(),
  reason,
});

export const restoreBody = strictMap({ sessions: userMove('move').optional(), reason });

const { name: _, ...overrideKeys } = override().in.shape;

/** As the YAML would say it, without the name, which the path says. */
export const overrideBody = strictMap({ ...overrideKeys, reason }).superRefine((written, context) => {
  const message = exactlyOneFault('override', ['header', 'cookie', 'query'], written);
  if (message !== undefined) addProblem(context, message);
});

const { name: _name, ...mirrorKeys } = mirror().in.shape;

/** The same for a mirror. */
export const mirrorBody = strictMap({ ...mirrorKeys, reason }).superRefine(judgeMirror);

export const drainBody = strictMap({
  deadline: duration().describe('After it connections in use are cut; default: drain.timeout of the pool.').optional(),
  reason,
});

const MAX_DEPLOY_LENGTH = 100;
const MAX_LINK_LENGTH = 2048;

export const markerBody = strictMap({
  pool: nameOf('pool'),
  version: nameOf('version'),
  deploy: z
    .string({ error: 'deploy must be text' })
    .max(MAX_DEPLOY_LENGTH, { error: `deploy must be at most ${MAX_DEPLOY_LENGTH} characters` })
    .refine(isPrintable, { error: `deploy must be 1 to ${MAX_DEPLOY_LENGTH} printable characters, the first and the last no space` })
    .describe('What the deploy is called, such as 2026-11-21.3.'),
  sha: z
    .string({ error: 'sha must be text' })
    .regex(/^[0-9A-Fa-f]{7,64}$/, { error: 'sha must be 7 to 64 hexadecimal digits' })
    .transform((sha) => sha.toLowerCase())
    .describe('Of the commit.')
    .optional(),
  url: z
    .string({ error: 'url must be text' })
    .max(MAX_LINK_LENGTH, { error: `url must be at most ${MAX_LINK_LENGTH} characters` })
    .refine(isLink, { error: 'url must be an address that begins with http:// or https:// and has no password in it' })
    .describe('Where more is told about it.')
    .optional(),
  reason,
});

export const reasonBody = strictMap({ reason });

export const explainBody = strictMap({
  method: text('method', 64).refine(isToken, { error: 'method must be letters, digits or punctuation without blanks' }).default('GET'),
  url: text('url', MAX_URL_LENGTH).describe('http://host/path?query, or a path alone.'),
  headers: z
    .record(z.string(), text('header value', MAX_URL_LENGTH), { error: 'headers must be a map of values by name' })
    .superRefine((written, context) => {
      const names = Object.keys(written);
      if (names.length > MAX_FIELDS) addProblem(context, `headers must be at most ${MAX_FIELDS}`);
      const bad = names.find((name) => !isToken(name));
      if (bad !== undefined) addProblem(context, 'header names must be letters, digits or punctuation without blanks', [bad]);
    })
    .default({}),
  listener: nameOf('listener').describe('Default: the first.').optional(),
  client: text('client', 64).describe('Address of the client, for affinity by it.').optional(),
}).transform((written): ExplainRequest => ({ ...written, listener: written.listener, client: written.client }));

function userMove(byDefault: 'keep' | 'move') {
  const says = 'keep: users of a pool with affinity.remember keep the version that they have; move: they follow the weights at once.';
  return oneOf('sessions', ['keep', 'move']).describe(`${says} Default: ${byDefault}.`);
}

/** Nothing that cannot be seen but single spaces within: it stands in labels, logs and on terminals. */
function isPrintable(name: string): boolean {
  return /^[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u.test(name);
}

function isLink(link: string): boolean {
  if (!/^https?:\/\/[!-~]+$/i.test(link) || !URL.canParse(link)) return false;
  const { username, password } = new URL(link);
  return username === '' && password === '';
}

function text(what: string, most: number) {
  return z
    .string({ error: `${what} must be text` })
    .max(most, { error: `${what} must be at most ${most} characters` })
    .refine(isPlainText, { error: `${what} must be text without control characters` });
}
