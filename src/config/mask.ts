// Secrets of a written config as they are shown: a mask with a short digest, so that a change of a secret is seen as one.
// What is secret is told by the name of its field. The digest has a key that no one else knows: it cannot be guessed at offline.

import { createHmac } from 'node:crypto';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { MASK, isSecretName } from '../lib/mask.ts';
import type { Pace } from '../lib/pace.ts';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { newKey } from '../lib/random.ts';
import { isNamedList, itemsOf, readField } from './field.ts';
import type { FieldPath } from './field.ts';
import type { Path } from './path.ts';

/** Keys of the grammar whose maps hold values by the names of fields. */
const HOLDERS: ReadonlySet<string> = new Set(['headers', 'set', 'add', 'query']);

const FORM = /^\*\*\* \([0-9a-f]{8}\)$/;
const DIGEST_DIGITS = 8;

/** Threads that are started later share it. */
const KEY_NAME = 'sluice.mask';

/** Whether this text is a mask, which can be no secret itself. */
export function isMask(text: string): boolean {
  return FORM.test(text);
}

/** Whether a value at this place of a document is secret: `routes[0].requestHeaders.set.authorization`. */
export function isSecretPlace(path: Path): boolean {
  return path.some((part, depth) => typeof part === 'string' && isSecretName(part) && HOLDERS.has(String(path[depth - 1])));
}

/** A written config, or the part of it that stands at `at`, without the values of secret fields. What holds no secret stays the same object. */
export function maskWritten<T>(written: T, at: FieldPath = []): T {
  return walk(written, placeOf(at), 'nothing', (place, value) => (isMask(value) ? value : maskOf(place, value))) as T;
}

/** A whole written config so, thing by thing, for one that takes longer than a thread may be busy at once. */
export async function maskInTurns(written: unknown, pace: Pace): Promise<unknown> {
  if (!isMap(written)) return maskWritten(written);
  const { pools, routes, ...rest } = written;
  const masked: Record<string, unknown> = { ...written, ...maskWritten(rest) };
  if (isMap(pools)) masked['pools'] = await maskEach(Object.entries(pools), 'pools', pace).then((each) => Object.fromEntries(each));
  if (Array.isArray(routes)) {
    const named = [...itemsOf(routes, ['routes'])].map(([name, route]): readonly [string, unknown] => [String(name), route]);
    masked['routes'] = (await maskEach(named, 'routes', pace)).map(([, route]) => route);
  }
  return masked;
}

async function maskEach(
  things: readonly (readonly [string, unknown])[],
  around: string,
  pace: Pace,
): Promise<(readonly [string, unknown])[]> {
  const masked: (readonly [string, unknown])[] = [];
  for (const [name, thing] of things) {
    masked.push([name, maskWritten(thing, [around, name])]);
    await pace.rest();
  }
  return masked;
}

/** The same without masks, to judge its form before anybody knows what they stand for. */
export function withoutMasks(written: unknown): unknown {
  return walk(written, undefined, 'nothing', (_, value) => (isMask(value) ? 'masked' : value));
}

/** Whose secrets masks stand for, and who sends them. */
export interface InForce {
  /** As `describeConfig` returns it. */
  readonly known: Plain;
  /**
   * Who knows secrets may write them in place of masks. `traffic`: only those that overrides and mirrors look for. Any other counts as a change,
   * also when it is right: else a caller that may not change it could try what it is.
   */
  readonly mayWrite: 'all' | 'traffic';
}

/**
 * The same config, or the part of it that stands at `at`, with secrets in place of their masks. A mask stands for the secret of its own place alone:
 * the same field of the same thing. Any other stays, and the schema refuses it.
 * @param spell returns a secret as it is written there
 */
export function unmaskWritten(written: unknown, { known, mayWrite }: InForce, at: FieldPath = [], spell = asItIs): unknown {
  const secrets = new Map<string, string>();
  walk(at.length === 0 ? known : readField(known, at), placeOf(at), 'nothing', (place, value) => {
    secrets.set(`${textOf(place)} ${maskOf(place, value)}`, value);
    return value;
  });
  return walk(written, placeOf(at), 'nothing', (place, value) => {
    if (!isMask(value)) return mayWrite === 'all' || isOfTraffic(pathOf(place)) ? value : newKey();
    const secret = secrets.get(`${textOf(place)} ${value}`);
    return secret === undefined ? value : spell(secret);
  });
}

/** Threads that are started from now on make the same masks. */
export function shareMaskKey(): void {
  maskKey();
}

function asItIs(secret: string): string {
  return secret;
}

/** What decides which requests an override or a mirror gets; operators set it. */
function isOfTraffic([top, , list, , key]: Path): boolean {
  return top === 'pools' && (list === 'overrides' || (list === 'mirrors' && key === 'match'));
}

/** From the inside to the root: things in lists go by their names, in lists without names all have one place. */
type Place = { readonly around: Place; readonly part: string | number } | undefined;

type Change = (place: Place, value: string) => string;

/** What the values in a map are: of fields by name, the value of one secret field, or nothing of the kind. */
type Within = 'fields' | 'secret' | 'nothing';

function walk(value: unknown, place: Place, within: Within, change: Change): unknown {
  if (typeof value === 'string') return within === 'secret' ? change(place, value) : value;
  if (Array.isArray(value)) return walkList(value, place, change);
  if (!isMap(value)) return value;
  const named = typeof value['name'] === 'string' && isSecretName(value['name']) ? value['name'] : undefined;
  const entries = Object.entries(value).map(([key, inner]) => {
    const part = key === 'value' && named !== undefined ? `value of ${named.toLowerCase()}` : within === 'fields' ? key.toLowerCase() : key;
    return [key, walk(inner, { around: place, part }, withinKey(key, within, named), change)] as const;
  });
  return entries.every(([key, inner]) => inner === value[key]) ? value : Object.fromEntries(entries);
}

function walkList(list: readonly unknown[], place: Place, change: Change): unknown {
  const path = pathOf(place);
  const names = isNamedList(path) ? [...itemsOf(list, path).keys()] : undefined;
  const after = list.map((item, index) => walk(item, { around: place, part: names?.[index] ?? '*' }, 'nothing', change));
  return after.every((item, index) => item === list[index]) ? list : after;
}

function placeOf(path: Path): Place {
  return path.reduce<Place>((around, part) => ({ around, part }), undefined);
}

function pathOf(place: Place): Path {
  const path: (string | number)[] = [];
  for (let at = place; at !== undefined; at = at.around) path.push(at.part);
  return path.reverse();
}

function textOf(place: Place): string {
  return JSON.stringify(pathOf(place));
}

function withinKey(key: string, within: Within, named: string | undefined): Within {
  if (within === 'secret') return key === 'regex' ? within : 'nothing';
  if (key === 'value' && named !== undefined) return 'secret';
  if (within === 'fields') return isSecretName(key) ? 'secret' : 'nothing';
  return HOLDERS.has(key) ? 'fields' : 'nothing';
}

/** Of its place too: who may set one secret cannot find out another by comparing masks. */
function maskOf(place: Place, value: string): string {
  const digest = createHmac('sha256', maskKey())
    .update(`${textOf(place)} ${value}`)
    .digest('hex')
    .slice(0, DIGEST_DIGITS);
  return `${MASK} (${digest})`;
}

function maskKey(): string {
  const known: unknown = getEnvironmentData(KEY_NAME);
  if (typeof known === 'string') return known;
  const key = newKey();
  setEnvironmentData(KEY_NAME, key);
  return key;
}
