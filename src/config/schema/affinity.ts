// Schemas of what moves single requests: affinity and overrides.

import { z } from 'zod';
import type { AffinityConfig, OverrideConfig, SessionConfig, ValueMatcher } from '../model.ts';
import { fieldMatcher, queryMatcher } from './matcher.ts';
import { duration, path, someText, tokenName } from './scalar.ts';
import { complain, flag, nameOf, oneOf, shape, whole } from './shape.ts';

/** Browsers keep no cookie longer. */
const MAX_COOKIE_MS = 400 * 86_400_000;
const MAX_REMEMBER_MS = 30 * 86_400_000;
const DEFAULT_QUIET_MS = 1_800_000;

const KEY_SOURCES = ['cookie', 'header', 'clientIp'] as const;

/** The name of an own cookie is left empty when it is to follow the pool's. */
export function affinity() {
  return shape({
    cookie: cookie().describe('A cookie; Sluice sets it unless own is false.').optional(),
    header: tokenName('header').describe('Name of a request header.').optional(),
    clientIp: shape({}).describe('The address of the client.').optional(),
    remember: remember().describe('How long users keep the version that they have when the weights change.').optional(),
  })
    .superRefine((written, context) => {
      const message = oneOf('affinity', KEY_SOURCES, written);
      if (message !== undefined) complain(context, message);
    })
    .meta({ oneOf: KEY_SOURCES.map((key) => ({ required: [key] })) })
    .transform((written): AffinityConfig => {
      const remembered = { remember: written.remember };
      if (written.cookie !== undefined) return { kind: 'cookie', ...written.cookie, ...remembered };
      return written.header === undefined
        ? { kind: 'clientIp', ...remembered }
        : { kind: 'header', name: written.header.toLowerCase(), ...remembered };
    });
}

export function override() {
  return shape({
    name: nameOf('override').describe('Name of the override.'),
    header: named(tokenName('header'), fieldMatcher()).describe('Request header that decides.').optional(),
    cookie: named(tokenName('cookie'), fieldMatcher()).describe('Cookie that decides.').optional(),
    query: named(someText('query parameter'), queryMatcher()).describe('Query parameter that decides.').optional(),
    version: nameOf('version').describe('The version that such requests get.'),
  }).transform((written, context): OverrideConfig => {
    const message = oneOf('override', ['header', 'cookie', 'query'], written);
    if (message !== undefined) complain(context, message);
    const { name, version } = written;
    if (written.cookie !== undefined)
      return { name, source: { kind: 'cookie', name: written.cookie.name }, value: written.cookie.value, version };
    if (written.query !== undefined)
      return { name, source: { kind: 'query', name: written.query.name }, value: written.query.value, version };
    const header = written.header ?? { name: '', value: { kind: 'present' as const } };
    return { name, source: { kind: 'header', name: header.name.toLowerCase() }, value: header.value, version };
  });
}

function remember() {
  const error = 'remember must be a duration such as 2h, or a map with time, quiet and users';
  const span = () => duration(1000, MAX_REMEMBER_MS);
  const full = shape({
    time: span().describe('From the first request on for which the weights say otherwise.'),
    quiet: span().describe('A user that was not seen for this long is a new one; default: 30m, or time where that is less.').optional(),
    users: whole('users', 1_000, 4_000_000).default(65_536).describe('How many users are remembered; each takes about 64 bytes.'),
  });
  return z.union([span(), full], { error }).transform((written): SessionConfig => {
    const { time, quiet, users } = typeof written === 'number' ? { time: written, quiet: undefined, users: 65_536 } : written;
    return { timeMs: time, quietMs: quiet ?? Math.min(time, DEFAULT_QUIET_MS), users };
  });
}

function named<V extends z.ZodType<ValueMatcher, unknown>>(name: z.ZodType<string, string>, value: V) {
  return shape({ name: name.describe('Its name.'), value: value.describe('Its value: text, { regex: … } or { present: true }.') });
}

function cookie() {
  return shape({
    name: tokenName('cookie').describe('Default of an own cookie: sluice- and the name of the pool.').optional(),
    own: flag().default(true).describe('false: the application sets it, Sluice only reads it.'),
    maxAge: duration(1000, MAX_COOKIE_MS).prefault('1d').describe('How long browsers keep it.'),
    path: path().default('/').describe('Path of the cookie.'),
  }).transform(({ name, own, maxAge, path: at }, context) => {
    if (name === undefined && !own) complain(context, 'a cookie that Sluice does not own needs a name');
    if (at.includes(';')) complain(context, 'path of a cookie may not have ";"', ['path']);
    return { name: name ?? '', own, maxAgeMs: maxAge, path: at };
  });
}
