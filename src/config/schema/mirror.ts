// Schema of a mirror: which requests are copied, where to, and what the copies may cost.

import { z } from 'zod';
import type { HeaderChanges, MirrorConfig, MirrorMatch } from '../model.ts';
import { compare, withBody } from './compare.ts';
import { headerChanges } from './header-changes.ts';
import { fieldMatcher, matchers } from './matcher.ts';
import { MAX_LIMIT, duration, hostText, method, path, percent, size, tokenName } from './scalar.ts';
import { atMost, choice, addProblem, list, nameOf, oneOf, strictMap, integer } from './strict-map.ts';
import type { IssueContext } from './strict-map.ts';

const MIB = 1024 * 1024;
const MAX_SIZE_BYTES = 1024 * MIB;
/** Each copy is held against all of them, and gets all changes. */
const MAX_LISTED = 100;

export function mirror() {
  return strictMap({
    name: nameOf('mirror').describe('Name of the mirror.'),
    pool: nameOf('pool').describe('The pool that gets the copies; default: this one.').optional(),
    version: nameOf('version').describe('The version that gets the copies; of another pool, default: as its split says.').optional(),
    percent: percent().describe('How many of 100 requests are copied; default: all.').optional(),
    fraction: fraction().describe('The same as a fraction, such as 1/3.').optional(),
    sample: oneOf('sample', ['session', 'request'])
      .default('session')
      .describe('session: all requests of a user or none, where the pool has an affinity; request: each by itself.'),
    match: mirrorMatch().describe('Only requests that fit all of this are copied.'),
    sideEffects: oneOf('sideEffects', ['forbid', 'allow'])
      .default('forbid')
      .describe('forbid: only GET, HEAD and OPTIONS are copied; allow: whatever fits.'),
    onAbort: oneOf('onAbort', ['cancel', 'finish']).default('cancel').describe('What becomes of a copy whose client goes away.'),
    timeout: duration(1).prefault('15s').describe('From when the copy was sent until its response has ended.'),
    limits: mirrorLimits().describe('Bounds of what copies may take.'),
    requestHeaders: headerChanges().describe('Changes to the headers of the copy.'),
    rewrite: rewrite().describe('Changes to the Host of the copy.'),
    compare: compare().describe('Present: responses of the shadow are compared with those of the primary.').optional(),
  }).transform(({ timeout, percent: points, fraction: part, ...rest }, context): MirrorConfig => {
    judgeMirror({ ...rest, percent: points, fraction: part }, context);
    const share = part === undefined ? (points ?? 100) : percentOf(part);
    const compared = rest.compare && withBody(rest.compare, rest.limits.responseBytes);
    return { ...rest, pool: rest.pool, version: rest.version, percent: share, fraction: part, timeoutMs: timeout, compare: compared };
  });
}

interface Judged {
  readonly pool?: string | undefined;
  readonly version?: string | undefined;
  readonly percent?: unknown;
  readonly fraction?: unknown;
  readonly match: MirrorMatch;
  readonly requestHeaders: HeaderChanges;
}

/** Faults between the keys of a mirror, and the bounds of its lists. */
export function judgeMirror(
  { pool, version, percent: points, fraction: part, match: wanted, requestHeaders }: Judged,
  context: IssueContext,
): void {
  if (points !== undefined && part !== undefined) addProblem(context, 'a mirror has percent or fraction, not both', ['fraction']);
  if (pool === undefined && version === undefined) addProblem(context, 'a mirror needs a version, or another pool');
  for (const key of ['methods', 'paths', 'headers'] as const)
    atMost(context, wanted[key], { most: MAX_LISTED, what: key, path: ['match', key] });
  for (const key of ['set', 'add', 'remove'] as const)
    atMost(context, requestHeaders[key], { most: MAX_LISTED, what: 'headers', path: ['requestHeaders', key] });
}

const FRACTION = '^[0-9]{1,9}/[1-9][0-9]{0,8}$';

/** `1/3`, at most a whole. */
function fraction() {
  const error = 'fraction must look like 1/3, and be at most a whole';
  return z
    .string({ error })
    .meta({ pattern: FRACTION })
    .refine((text) => new RegExp(FRACTION).test(text) && percentOf(text) <= 100, { error });
}

function percentOf(text: string): number {
  const [part, all] = text.split('/').map(Number);
  return (100 * part!) / all!;
}

export function mirrorMatch() {
  return strictMap({
    methods: list(method()).default([]).describe('Default: any.'),
    paths: list(pathMatch()).default([]).describe('Any of these, each exact or prefix; default: any.'),
    headers: matchers('header', tokenName('header'), fieldMatcher()).describe('All of these headers.'),
  })
    .transform((written): MirrorMatch => ({
      ...written,
      headers: written.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    }))
    .prefault({});
}

function pathMatch() {
  return choice('path', {
    exact: path().describe('The whole path.').optional(),
    prefix: path().describe('Leading path elements: /a matches /a and /a/b, not /ab.').optional(),
  }).transform((written): MirrorMatch['paths'][number] =>
    written.exact === undefined ? { kind: 'prefix', path: written.prefix ?? '' } : { kind: 'exact', path: written.exact },
  );
}

export function mirrorLimits() {
  return strictMap({
    connections: integer('connections', 0, MAX_LIMIT).default(64).describe('Open connections; 0 = no limit.'),
    requests: integer('requests', 0, MAX_LIMIT).default(256).describe('Copies in flight; 0 = no limit.'),
    lag: size(1024, MAX_SIZE_BYTES)
      .prefault('1MiB')
      .describe('How much of a request body may wait for the shadow; beyond it the copy ends.'),
    response: size(1024, MAX_SIZE_BYTES).prefault('1MiB').describe('How much of a response is read; beyond it the copy ends.'),
  })
    .transform(({ lag, response, ...rest }) => ({ ...rest, lagBytes: lag, responseBytes: response }))
    .prefault({});
}

function rewrite() {
  return strictMap({ host: hostText('host', 'with port').describe('Host field of the copy; default: that of the request.').optional() })
    .transform((written) => ({ host: written.host }))
    .prefault({});
}
