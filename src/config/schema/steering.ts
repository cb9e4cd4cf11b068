// Schemas of what moves single requests: affinity, overrides and mirrors.

import type { z } from 'zod';
import type { AffinityConfig, MirrorConfig, OverrideConfig, ValueMatcher } from '../model.ts';
import { fieldMatcher, queryMatcher } from './matcher.ts';
import { duration, path, percent, someText, tokenName } from './scalar.ts';
import { choice, complain, flag, nameOf, oneOf, shape } from './shape.ts';

/** Browsers keep no cookie longer. */
const LONGEST_COOKIE_MS = 400 * 86_400_000;

/** The name of an own cookie is left empty when it is to follow the pool's. */
export function affinity() {
  return choice('affinity', {
    cookie: cookie().describe('A cookie; Sluice sets it unless own is false.').optional(),
    header: tokenName('header').describe('Name of a request header.').optional(),
    clientIp: shape({}).describe('The address of the client.').optional(),
  }).transform((written): AffinityConfig => {
    if (written.cookie !== undefined) return { kind: 'cookie', ...written.cookie };
    return written.header === undefined ? { kind: 'clientIp' } : { kind: 'header', name: written.header.toLowerCase() };
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

export function mirror() {
  return shape({
    name: nameOf('mirror').describe('Name of the mirror.'),
    version: nameOf('version').describe('The version that gets the copies.'),
    percent: percent().prefault(100).describe('How many of 100 requests are copied.'),
  }).transform((written): MirrorConfig => written);
}

function named<V extends z.ZodType<ValueMatcher, unknown>>(name: z.ZodType<string, string>, value: V) {
  return shape({ name: name.describe('Its name.'), value: value.describe('Its value: text, { regex: … } or { present: true }.') });
}

function cookie() {
  return shape({
    name: tokenName('cookie').describe('Default of an own cookie: sluice- and the name of the pool.').optional(),
    own: flag().default(true).describe('false: the application sets it, Sluice only reads it.'),
    maxAge: duration(1000, LONGEST_COOKIE_MS).prefault('1d').describe('How long browsers keep it.'),
    path: path().default('/').describe('Path of the cookie.'),
  }).transform(({ name, own, maxAge, path: at }, context) => {
    if (name === undefined && !own) complain(context, 'a cookie that Sluice does not own needs a name');
    if (at.includes(';')) complain(context, 'path of a cookie may not have ";"', ['path']);
    return { name: name ?? '', own, maxAgeMs: maxAge, path: at };
  });
}
