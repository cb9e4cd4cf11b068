// A change as the journal shows it: plain data, without what opens doors. A whole config is not repeated: the revision has it.

import { isMap } from '../lib/plain.ts';
import { MASK, isSecretName, maskValue } from '../lib/mask.ts';
import type { Change } from './control-api.ts';

/** Deeper than any config. */
const MAX_DEPTH = 32;

export function shownChange(change: Change): Readonly<Record<string, unknown>> {
  switch (change.kind) {
    case 'config':
      return { kind: change.kind };
    case 'override':
      return { ...change, override: mask('', change.override, 0) };
    case 'mirror':
      return { ...change, mirror: mask('', change.mirror, 0) };
    default:
      return { ...change };
  }
}

/** @param name of the field that has this value */
function mask(name: string, value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((each) => mask(name, each, depth + 1));
  if (isMap(value)) {
    // A header or a cookie as a pair: the name of one says what the other is.
    const named = typeof value['name'] === 'string' ? value['name'] : '';
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, key === 'name' ? each : mask(key === 'value' ? named : key, each, depth + 1)]),
    );
  }
  if (typeof value !== 'string') return value;
  return isSecretName(name) ? MASK : maskValue(value);
}
