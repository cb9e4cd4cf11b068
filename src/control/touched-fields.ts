// Which fields of the config a change touches, and who may change them by the API: judged by what differs, whichever call it came by. Pure.

import { isNamedList, isNamedThing, itemsOf, readField } from '../config/field.ts';
import type { FieldPath } from '../config/field.ts';
import type { AdminTokenConfig } from '../config/model.ts';
import { formatPath } from '../config/path.ts';
import type { Path } from '../config/path.ts';
import { samePlain } from '../config/plain.ts';
import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';

export type Role = AdminTokenConfig['role'];

/** `file`: no caller of the API, the config file alone. */
type Needed = Role | 'file';

export interface TouchedField {
  readonly path: Path;
  readonly needed: Needed;
}

/** A field of the config that a caller may not change, as `pools.shop.limits.requests`. */
export interface ForbiddenField {
  readonly path: string;
  readonly needed: Needed;
}

/** The nearest entry above a field counts. Names of things are stars. What no entry is above needs the role admin. */
const NEEDED: ReadonlyMap<string, Needed> = new Map([
  // It takes effect at a start, and a start reads the file alone.
  ['state', 'file'],
  // It says what the API may name.
  ['admin files', 'file'],
  ['pools * split', 'operator'],
  ['pools * canary', 'operator'],
  ['pools * affinity', 'operator'],
  ['pools * overrides', 'operator'],
  ['pools * mirrors', 'operator'],
  // Header values can be secrets, and can open doors at who gets them.
  ['pools * mirrors * requestHeaders', 'admin'],
  ['pools * mirrors * rewrite', 'admin'],
  // They say which values of users' data are shown.
  ['pools * mirrors * compare redact', 'admin'],
  ['pools * mirrors * compare examples', 'admin'],
  ['rollouts', 'operator'],
  // They are called from where Sluice runs, with secrets that it holds.
  ['rollouts * hooks', 'admin'],
  ['rollouts * checks * prometheus', 'admin'],
  ['rollouts * checks * webhook', 'admin'],
  ['pools * versions * drain', 'operator'],
  ['pools * versions * salt', 'operator'],
  ['pools * versions * endpoints * drain', 'operator'],
]);

const RANKS: Readonly<Record<Needed, number>> = { viewer: 1, operator: 2, admin: 3, file: 4 };

function mayChange(role: Role, needed: Needed): boolean {
  return RANKS[role] >= RANKS[needed];
}

/** @param path with things in lists by name */
function neededFor(path: Path): Needed {
  for (let length = path.length; length > 0; length--) {
    const needed = NEEDED.get(patternOf(path.slice(0, length)));
    if (needed !== undefined) return needed;
  }
  return 'admin';
}

/** Every field that differs, as deep as it differs. Both as `describeConfig` returns them. */
export function touchedFields(before: Plain, after: Plain): readonly TouchedField[] {
  const found: TouchedField[] = [];
  compare(before, after, [], found);
  return found.map((field) => {
    const isAbove = isTargetOfSecrets(field.path, after) || holdsSecretSteps(field.path, before, after);
    return isAbove ? { ...field, needed: 'admin' } : field;
  });
}

/** Whether steps of a rollout differ in what they send along, or in which values of users' data are shown. */
function holdsSecretSteps(path: Path, before: Plain, after: Plain): boolean {
  if (path[0] !== 'rollouts' || (path.length > 2 && path[2] !== 'steps')) return false;
  const [was, is] = [before, after].map((written) => secretParts(readField(written, [...path.slice(0, 2).map(String), 'steps'])));
  return is!.length > 0 && !samePlain(was, is);
}

function secretParts(steps: unknown): readonly unknown[] {
  return (Array.isArray(steps) ? steps : []).flatMap((step: unknown) => {
    if (!isMap(step)) return [];
    const smoke = step['smoke'];
    const headers = Array.isArray(smoke) ? smoke.map((request) => (isMap(request) ? own(request, 'headers') : undefined)) : [];
    const mirror = step['mirror'];
    const compare = isMap(mirror) ? mirror['compare'] : undefined;
    const shown = isMap(compare) && compare['examples'] !== 'shapes' ? [compare['examples'], compare['redact']] : [];
    return [...headers, ...shown].filter((part) => !isVoid(part));
  });
}

const TARGET: readonly unknown[] = ['pool', 'version'];

/** Whether it says where a mirror sends header values: a caller that may not set them may not send them elsewhere. */
function isTargetOfSecrets(path: Path, after: Plain): boolean {
  if (path[0] !== 'pools' || path[2] !== 'mirrors' || path.length !== 5 || !TARGET.includes(path[4])) return false;
  const changes = readField(after, [...path.slice(0, 4).map(String), 'requestHeaders']);
  return isMap(changes) && !(isVoid(own(changes, 'set')) && isVoid(own(changes, 'add')));
}

/**
 * The fields that are above a role. Header values of a mirror that are again what the file says are not: nobody chose them.
 * @param alone returns what the file says without the API; undefined when that is not known
 */
export function fieldsAbove(
  role: Role,
  touched: readonly TouchedField[],
  after: Plain,
  alone: () => Plain | undefined,
): readonly ForbiddenField[] {
  const mayTakeFromFile = (path: Path): boolean => path[2] === 'mirrors' && mayChange(role, 'operator') && isOfFile(path, after, alone());
  return touched
    .filter(({ path, needed }) => !mayChange(role, needed) && !mayTakeFromFile(path))
    .map(({ path, needed }) => ({ path: formatPath(path), needed }));
}

function isOfFile(path: Path, after: Plain, alone: Plain | undefined): boolean {
  const names = path.map(String);
  // A mirror that the file does not have says nothing there: what goes from it is not as in the file.
  if (alone === undefined || readField(alone, names.slice(0, 4)) === undefined) return false;
  const isSame = (field: FieldPath): boolean => samePlain(readField(after, field), readField(alone, field));
  // Header values go where the file sends them, and values are shown with what the file hides of them, or not at all.
  const together = TOGETHER.find((group) => group.some(([key]) => key === names[4])) ?? [];
  return [names, ...together.map((field) => [...names.slice(0, 4), ...field])].every(isSame);
}

const TOGETHER: readonly (readonly FieldPath[])[] = [
  [['pool'], ['version'], ['requestHeaders']],
  [
    ['compare', 'examples'],
    ['compare', 'redact'],
  ],
];

function compare(was: unknown, is: unknown, path: Path, found: TouchedField[]): void {
  if (was === is) return;
  const [before, after] = [partsOf(was, path), partsOf(is, path)];
  // What is gone took all that was in it along; what is new is judged by what it says.
  const isNew = was === undefined && after !== undefined && isOpen(path);
  if ((before === undefined && !isNew) || after === undefined) {
    if (!samePlain(was, is)) found.push({ path, needed: neededFor(path) });
    return;
  }
  const names = new Set([...(before?.keys() ?? []), ...after.keys()]);
  for (const name of names) {
    const [one, other] = [before?.get(name), after.get(name)];
    if (!(isNew && (isVoid(other) || isHarmless(name, other)))) compare(one, other, [...path, name], found);
  }
  if (Array.isArray(is) && !sameOrder(before, after)) found.push({ path, needed: neededFor(path) });
}

type Parts = ReadonlyMap<string | number, unknown>;

/** Undefined: it is compared as a whole. */
function partsOf(value: unknown, path: Path): Parts | undefined {
  if (Array.isArray(value)) return isNamedList(path) ? itemsOf(value, path) : undefined;
  return isMap(value) ? new Map(Object.keys(value).map((key) => [key, own(value, key)])) : undefined;
}

function sameOrder(before: Parts | undefined, after: Parts): boolean {
  const lasting = [...(before?.keys() ?? [])].filter((name) => after.has(name));
  return samePlain(
    lasting,
    [...after.keys()].filter((name) => before?.has(name) === true),
  );
}

/** Whether some field in a new thing of this path may need more than the thing itself: operators add mirrors, and what these compare. */
function isOpen(path: Path): boolean {
  return OPEN.has(patternOf(path));
}

const OPEN: ReadonlySet<string> = new Set([
  'pools * mirrors *',
  'pools * mirrors * compare',
  'rollouts',
  'rollouts *',
  'rollouts * checks',
  'rollouts * checks *',
]);

/** Of a comparison that is new: no values are shown, and then none need be hidden. */
function isHarmless(name: string | number, value: unknown): boolean {
  return (name === 'examples' && value === 'shapes') || name === 'redact';
}

function isVoid(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || (isMap(value) && Object.values(value).every(isVoid));
}

/** Names of things as stars: `pools * versions * endpoints *`. */
function patternOf(path: Path): string {
  return path.map((part, depth) => (isNamedThing(path.slice(0, depth + 1)) ? '*' : part)).join(' ');
}
