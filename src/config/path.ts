// Where something is in a document: keys and list positions from the root.

import { shorten } from '../lib/shown-text.ts';

export type Path = readonly (string | number)[];

/** `pools.shop.split.v1`, `routes[0].hosts[1]`; a key that is no plain word is quoted: `split["v1.2"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z0-9_-]{1,100}$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(shorten(part, 64))}]`;
  }
  return text;
}

/** The value at a path of plain data; undefined when there is none. Never looks into prototypes. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** A value as it is shown in a message: short, on one line, without control characters. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  return typeof value === 'string' ? JSON.stringify(shorten(value, 60)) : String(value);
}
