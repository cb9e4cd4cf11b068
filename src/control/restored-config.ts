// What a caller gets back of a revision, as a whole config in the words of the grammar: an operator what shifts traffic, an admin everything but
// who may call the admin API and what the config file alone says. Pure.

import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import type { Role } from './touched-fields.ts';

export interface RestoreScope {
  readonly role: Role;
  /** Only what shifts traffic in these pools; undefined = all that the role may restore. */
  readonly pools?: readonly string[] | undefined;
}

/** Never restored: a revision from before tokens were set must not open the door again. */
const NEVER = ['admin', 'state'] as const;

type Restored = { readonly document: Plain } | { readonly lost: string };

/**
 * Both as `describeConfig` returns them.
 * @returns a pool of which no version is left that had a share then: it cannot be restored
 */
export function restoredConfig(then: Plain, now: Plain, scope: RestoreScope): Restored {
  return finish(restoreInSteps(then, now, scope));
}

/** The same for who has other things to do in between. */
export function* restoreInSteps(then: Plain, now: Plain, { role, pools }: RestoreScope): Steps<Restored> {
  if (role === 'admin' && pools === undefined)
    return { document: { ...then, ...Object.fromEntries(NEVER.map((key) => [key, own(now, key)])) } };
  const present = mapOf(own(now, 'pools'));
  const shifted: Record<string, unknown> = { ...present };
  for (const [name, was] of Object.entries(mapOf(own(then, 'pools')))) {
    const is = own(present, name);
    if (!isMap(is) || !isMap(was) || pools?.includes(name) === false) continue;
    const pool = poolAsThen(was, is, role);
    if (hasShares(was) && !hasShares(pool)) return { lost: name };
    shifted[name] = pool;
    yield;
  }
  return { document: { ...now, pools: shifted } };
}

/** The pool of now with what shifts its traffic as it was then; versions and endpoints stay. */
function poolAsThen(then: Plain, now: Plain, role: Role): Plain {
  const { affinity: _, ...rest } = now;
  const affinity = own(then, 'affinity');
  const [was, is] = [mapOf(own(then, 'versions')), mapOf(own(now, 'versions'))];
  const shares = mapOf(own(then, 'split'));
  const names = Object.keys(is);
  return {
    ...rest,
    ...(affinity !== undefined && { affinity }),
    split: Object.fromEntries(names.map((name) => [name, own(shares, name) ?? 0])),
    // Previews come and go by themselves, with what leads to them.
    overrides: [
      ...listOf(own(then, 'overrides')).filter((each) => !leadsToPreview(each, was)),
      ...listOf(own(now, 'overrides')).filter((each) => leadsToPreview(each, is)),
    ],
    mirrors: mirrorsOf(then, now, role).filter((each) => own(each, 'pool') !== undefined || !leadsToPreview(each, was)),
    versions: Object.fromEntries(names.map((name) => [name, drainedAs(mapOf(own(was, name)), mapOf(own(is, name)))])),
  };
}

function leadsToPreview(thing: Plain, versions: Plain): boolean {
  return own(mapOf(own(versions, String(own(thing, 'version')))), 'preview') !== undefined;
}

/** An operator chooses no header values: those of a mirror that is there stay. */
function mirrorsOf(then: Plain, now: Plain, role: Role): readonly Plain[] {
  const present = new Map(listOf(own(now, 'mirrors')).map((mirror) => [own(mirror, 'name'), mirror]));
  return listOf(own(then, 'mirrors')).map((mirror) => {
    const is = present.get(own(mirror, 'name'));
    if (role === 'admin' || is === undefined) return mirror;
    return { ...mirror, requestHeaders: own(is, 'requestHeaders'), rewrite: own(is, 'rewrite') };
  });
}

function drainedAs(then: Plain, now: Plain): Plain {
  const was = new Map(listOf(own(then, 'endpoints')).map((endpoint) => [own(endpoint, 'address'), endpoint]));
  const endpoints = own(now, 'endpoints');
  const drained = (thing: Plain | undefined, present: Plain): Plain => ({
    ...present,
    drain: (thing === undefined ? undefined : own(thing, 'drain')) ?? own(present, 'drain') ?? false,
  });
  const version = saltedAs(then, drained(then, now));
  if (!Array.isArray(endpoints)) return version;
  return { ...version, endpoints: listOf(endpoints).map((endpoint) => drained(was.get(own(endpoint, 'address')), endpoint)) };
}

/** Users come back to the versions that they had. One that was not there then keeps what it has. */
function saltedAs(then: Plain, now: Plain): Plain {
  if (Object.keys(then).length === 0) return now;
  const { salt: _, ...rest } = now;
  const salt = own(then, 'salt');
  return salt === undefined ? rest : { ...rest, salt };
}

function hasShares(pool: Plain): boolean {
  return Object.values(mapOf(own(pool, 'split'))).some((weight) => Number(weight) > 0);
}

function mapOf(value: unknown): Plain {
  return isMap(value) ? value : {};
}

function listOf(value: unknown): readonly Plain[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}
