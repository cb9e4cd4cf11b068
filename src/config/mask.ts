// Secrets of a written config as they are shown: a mask with a short digest, so that a change of a secret is seen as one.
// What is secret is told by the name of its field. The digest has a key that no one else knows: it cannot be guessed at offline.

import { createHmac } from 'node:crypto';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { MASK, isSecretName } from '../lib/mask.ts';
import { isMap } from '../lib/plain.ts';
import { newKey } from '../lib/random.ts';
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

/** A written config, or a part of it, without the values of secret fields. What holds no secret stays the same object. */
export function maskWritten<T>(written: T): T {
  return walk(written, 'nothing', (_, value) => (isMask(value) ? value : maskOf(value))) as T;
}

/** The same config with the secrets of `known` in place of their masks. A mask that is not of `known` stays. */
export function unmaskWritten(written: unknown, known: unknown): unknown {
  const secrets = new Map<string, string>();
  walk(known, 'nothing', (name, value) => {
    secrets.set(`${name.toLowerCase()} ${maskOf(value)}`, value);
    return value;
  });
  return walk(written, 'nothing', (name, value) => secrets.get(`${name.toLowerCase()} ${value}`) ?? value);
}

type Change = (name: string, value: string) => string;

/** What the values in a map are: of fields by name, the value of one secret field, or nothing of the kind. */
type Within = 'fields' | 'nothing' | { readonly field: string };

function walk(value: unknown, within: Within, change: Change): unknown {
  if (typeof value === 'string') return typeof within === 'object' ? change(within.field, value) : value;
  if (Array.isArray(value))
    return changed(
      value,
      value.map((item) => walk(item, 'nothing', change)),
    );
  if (!isMap(value)) return value;
  const named = typeof value['name'] === 'string' && isSecretName(value['name']) ? value['name'] : undefined;
  const entries = Object.entries(value).map(([key, inner]) => [key, walk(inner, withinKey(key, within, named), change)] as const);
  return entries.every(([key, inner]) => inner === value[key]) ? value : Object.fromEntries(entries);
}

function withinKey(key: string, within: Within, named: string | undefined): Within {
  if (typeof within === 'object') return key === 'regex' ? within : 'nothing';
  if (key === 'value' && named !== undefined) return { field: named };
  if (within === 'fields') return isSecretName(key) ? { field: key } : 'nothing';
  return HOLDERS.has(key) ? 'fields' : 'nothing';
}

function changed(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}

function maskOf(value: string): string {
  const digest = createHmac('sha256', maskKey()).update(value).digest('hex').slice(0, DIGEST_DIGITS);
  return `${MASK} (${digest})`;
}

function maskKey(): string {
  const known: unknown = getEnvironmentData(KEY_NAME);
  if (typeof known === 'string') return known;
  const key = newKey();
  setEnvironmentData(KEY_NAME, key);
  return key;
}
