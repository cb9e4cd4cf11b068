// What the API changed, laid over what the file says. The file wins for a field that it changed itself. Pure; never changes what it is given.

import { compoundKey } from '../lib/compound-key.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { Draft } from './draft.ts';
import type { Fault } from './fault.ts';
import { isFault } from './fault.ts';
import { readField } from './field.ts';
import type { FieldPath } from './field.ts';
import { formatPath } from './path.ts';
import { plainFault, samePlain } from './plain.ts';

/** One field that the API set over the file; plain JSON, so that it can be stored. */
export interface Amendment {
  /** In the words of the grammar, things in lists by name: ['pools', 'shop', 'split'], ['pools', 'shop', 'overrides', 'qa'], ['routes']. */
  readonly path: FieldPath;
  /** Plain data in the grammar; absent = the field is removed. */
  readonly value?: unknown;
  /** What the file said there when this was first recorded; absent = nothing. */
  readonly base?: unknown;
}

export interface SupersededAmendment {
  readonly amendment: Amendment;
  /** Why the file wins: `the file changed pools.shop.split itself`. */
  readonly reason: string;
}

export interface Amended {
  /** What is to be decoded. */
  readonly value: Plain;
  /** Those still in force, in order. */
  readonly amendments: readonly Amendment[];
  readonly superseded: readonly SupersededAmendment[];
}

export const MAX_AMENDMENTS = 10_000;
/** ['pools', pool, 'versions', version, 'endpoints', address, 'drain'] and one more. */
const MAX_PATH_LENGTH = 8;

/**
 * Lays the amendments over the plain data of the file, in order. Of several for one path the last one counts, with the base of the first;
 * one for a whole (a pool) replaces those before it for its parts. One that says what the file says by now is dropped.
 */
export function amend(written: Plain, amendments: readonly Amendment[]): Amended {
  const settled = settle(amendments);
  const kept = settled.slice(0, MAX_AMENDMENTS);
  const late = settled.slice(MAX_AMENDMENTS);
  const superseded: SupersededAmendment[] = late.map((amendment) => ({
    amendment,
    reason: `there are more than ${MAX_AMENDMENTS} changes`,
  }));
  const draft = new Draft(written);
  const inForce = new Map<string, Amendment>();
  for (const amendment of kept) {
    const { path, value } = amendment;
    const said = readField(written, path);
    if (samePlain(said, value) && !hasPrefix(path, inForce)) continue;
    const reason = reasonAgainst(amendment, said, draft) ?? draft.set(path, value)?.fault;
    if (reason === undefined) inForce.set(compoundKey(...path), amendment);
    else superseded.push({ amendment, reason });
  }
  return { value: draft.finish(), amendments: [...inForce.values()], superseded };
}

/** An amendment for a path; what the file says there by now becomes its base. */
export function amendmentOf(written: Plain, path: FieldPath, value: unknown): Amendment {
  const base = readField(written, path);
  return { path, ...(value !== undefined && { value }), ...(base !== undefined && { base }) };
}

/** Whether the path lies in what the amendment set. */
export function covers({ path }: Pick<Amendment, 'path'>, other: readonly (string | number)[]): boolean {
  return path.length <= other.length && path.every((part, depth) => part === other[depth]);
}

/** Amendments as they were stored, checked: nothing in them is trusted. */
export function readAmendments(stored: unknown): readonly Amendment[] | Fault {
  if (!Array.isArray(stored)) return { fault: 'must be a list of amendments' };
  if (stored.length > MAX_AMENDMENTS) return { fault: `must have ${MAX_AMENDMENTS} amendments at most, got ${stored.length}` };
  const wrong = plainFault(stored);
  if (wrong !== undefined) return { fault: wrong };
  const amendments = stored.map(readAmendment);
  const index = amendments.findIndex(isFault);
  if (index >= 0) return { fault: `[${index}]: ${(amendments[index] as Fault).fault}` };
  return amendments as readonly Amendment[];
}

function readAmendment(stored: unknown): Amendment | Fault {
  if (!isMap(stored)) return { fault: 'an amendment must be a map' };
  const path = own(stored, 'path');
  if (!Array.isArray(path) || !path.every((part) => typeof part === 'string')) return { fault: 'path must be a list of texts' };
  if (!isPath(path)) return { fault: `path must have 1 to ${MAX_PATH_LENGTH} parts, none of them "__proto__"` };
  const [value, base] = [own(stored, 'value'), own(stored, 'base')];
  return { path, ...(value !== undefined && { value }), ...(base !== undefined && { base }) };
}

function reasonAgainst({ path, base }: Amendment, said: unknown, draft: Draft): string | undefined {
  if (!isPath(path)) return `${formatPath(path)} is no path of a config`;
  const gone = draft.missing(path);
  if (gone !== undefined) return `${gone} any more`;
  return samePlain(said, base) ? undefined : `the file changed ${formatPath(path)} itself`;
}

function isPath(path: FieldPath): boolean {
  return path.length > 0 && path.length <= MAX_PATH_LENGTH && !path.includes('__proto__');
}

/** One per path, where the first of them stood; none that a later one for the whole has replaced. */
function settle(amendments: readonly Amendment[]): readonly Amendment[] {
  const later = new Map<string, Amendment>();
  const lasting = amendments
    .toReversed()
    .filter((amendment) => !hasPrefix(amendment.path, later) && later.set(compoundKey(...amendment.path), amendment))
    .toReversed();
  const settled = new Map<string, Amendment>();
  for (const { path, value, ...rest } of lasting) {
    const { base } = settled.get(compoundKey(...path)) ?? rest;
    settled.set(compoundKey(...path), { path, ...(value !== undefined && { value }), ...(base !== undefined && { base }) });
  }
  return [...settled.values()];
}

/** Whether a whole that this path is a part of is among them. */
function hasPrefix(path: FieldPath, among: ReadonlyMap<string, Amendment>): boolean {
  for (let length = 1; length < path.length; length++) if (among.has(compoundKey(...path.slice(0, length)))) return true;
  return false;
}
