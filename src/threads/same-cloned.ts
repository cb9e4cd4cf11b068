// Whether two structured clones of plain data say the same. Exact, and much faster than what compares everything there is.

import { isMap } from '../lib/plain.ts';

/** As samePlain, but keys have to come in the same order, and those whose value is undefined count. */
export function sameCloned(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return Object.is(a, b);
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!sameCloned(a[index], b[index])) return false;
    return true;
  }
  if (!isMap(a) || !isMap(b)) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  if (keys.length !== others.length) return false;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (key !== others[index] || !sameCloned(a[key], b[key])) return false;
  }
  return true;
}
