// Schemas of what moves single requests: affinity and overrides.

import { z } from 'zod';
import type { AffinityConfig, OverrideConfig, SessionConfig, ValueMatcher } from '../model.ts';
import { fieldMatcher, queryMatcher } from './matcher.ts';
import { duration, hostText, path, nonEmptyText, tokenName } from './scalar.ts';
import { addProblem, flag, nameOf, exactlyOneFault, oneOf, strictMap, integer } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

/** Browsers keep no cookie longer. */
const MAX_COOKIE_MS = 400 * 86_400_000;
const MAX_REMEMBER_MS = 30 * 86_400_000;
const DEFAULT_QUIET_MS = 1_800_000;

const KEY_SOURCES = ['cookie', 'header', 'clientIp'] as const;

/** The name of an own cookie is left empty when it is to follow the pool's. */
export function affinity() {
  return strictMap({
    cookie: cookie().describe('A cookie; Sluice sets it unless own is false.').optional(),
    header: tokenName('header').describe('Name of a request header.').optional(),
    clientIp: strictMap({}).describe('The address of the client.').optional(),
    remember: remember().describe('How long users keep the version that they have when the weights change.').optional(),
  })
    .superRefine((written, context) => {
      const message = exactlyOneFault('affinity', KEY_SOURCES, written);
      if (message !== undefined) addProblem(context, message);
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
  return strictMap({ ...overrideKeys(), version: nameOf('version').describe('The version that such requests get.') }).transform(
    ({ version, ...written }, context): OverrideConfig => ({ ...readOverride('override', written, context), version }),
  );
}

/** All but where it leads. */
export function overrideKeys() {
  return {
    name: nameOf('override').describe('Name of the override.'),
    header: named(tokenName('header'), fieldMatcher()).describe('Request header that decides.').optional(),
    cookie: named(tokenName('cookie'), fieldMatcher()).describe('Cookie that decides.').optional(),
    query: named(nonEmptyText('query parameter'), queryMatcher()).describe('Query parameter that decides.').optional(),
  };
}

interface WrittenField {
  readonly name: string;
  readonly value: ValueMatcher;
}

interface WrittenOverride {
  readonly name: string;
  readonly header?: WrittenField | undefined;
  readonly cookie?: WrittenField | undefined;
  readonly query?: WrittenField | undefined;
}

export function readOverride(what: string, written: WrittenOverride, context: IssueContext): Omit<OverrideConfig, 'version'> {
  const message = exactlyOneFault(what, ['header', 'cookie', 'query'], written);
  if (message !== undefined) addProblem(context, message);
  const { name, cookie: byCookie, query } = written;
  if (byCookie !== undefined) return { name, source: { kind: 'cookie', name: byCookie.name }, value: byCookie.value };
  if (query !== undefined) return { name, source: { kind: 'query', name: query.name }, value: query.value };
  const header = written.header ?? { name: '', value: { kind: 'present' as const } };
  return { name, source: { kind: 'header', name: header.name.toLowerCase() }, value: header.value };
}

function remember() {
  const error = 'remember must be a duration such as 2h, or a map with time, quiet and users';
  const span = () => duration(1000, MAX_REMEMBER_MS);
  const full = strictMap({
    time: span().describe('How long, counted from the first request of the user for which the weights say otherwise.'),
    quiet: span().describe('A user that was not seen for this long counts as new; default: 30m, or time where that is less.').optional(),
    users: integer('users', 1_000, 4_000_000).default(65_536).describe('How many users are remembered; each takes about 64 bytes.'),
  });
  return z.union([span(), full], { error }).transform((written): SessionConfig => {
    const { time, quiet, users } = typeof written === 'number' ? { time: written, quiet: undefined, users: 65_536 } : written;
    return { timeMs: time, quietMs: quiet ?? Math.min(time, DEFAULT_QUIET_MS), users };
  });
}

function named<V extends z.ZodType<ValueMatcher, unknown>>(name: z.ZodType<string, string>, value: V) {
  return strictMap({ name: name.describe('Its name.'), value: value.describe('Its value: text, { regex: … } or { present: true }.') });
}

function cookie() {
  return strictMap({
    name: tokenName('cookie').describe('Default of an own cookie: sluice- and the name of the pool.').optional(),
    own: flag().default(true).describe('false: the application sets it, Sluice only reads it.'),
    maxAge: duration(1000, MAX_COOKIE_MS).prefault('1d').describe('How long browsers keep it.'),
    path: path().default('/').describe('Path of the cookie.'),
    sameSite: oneOf('sameSite', ['lax', 'strict', 'none']).default('lax').describe('Whether other sites may cause it to be sent.'),
    secure: z
      .union([z.boolean(), z.literal('auto')], { error: 'secure must be true, false or auto' })
      .default('auto')
      .describe('Sent over https alone; auto: where the client speaks https.'),
    domain: hostText('domain', 'without port')
      .describe('The cookie also goes to names below it; default: the host of the request alone.')
      .optional(),
    partitioned: flag().default(false).describe('A cookie of its own for each site that embeds this one.'),
  }).transform(({ name, own, maxAge, path: at, domain, ...rest }, context) => {
    const { sameSite, secure, partitioned } = rest;
    if (sameSite === 'none' && secure === false)
      addProblem(context, 'browsers refuse sameSite: none without secure: write secure: true', ['secure']);
    if (partitioned && secure === false) addProblem(context, 'browsers refuse partitioned without secure: write secure: true', ['secure']);
    if (domain !== undefined && /[:[]|^[0-9.]+$/.test(domain)) addProblem(context, 'domain must be a DNS name', ['domain']);
    if (name === undefined && !own) addProblem(context, 'a cookie that Sluice does not own needs a name');
    if (at.includes(';')) addProblem(context, 'path of a cookie may not have ";"', ['path']);
    return { name: name ?? '', own, maxAgeMs: maxAge, path: at, domain, ...rest };
  });
}
