// A change as the journal shows it: plain data, without what opens doors. A whole config is not repeated: the revision has it.

import { MASK, isSecretName, maskValue } from './mask.ts';
import type { Change } from './control-api.ts';

/** Deeper than any config. */
const MAX_DEPTH = 32;

export function shownChange(change: Change): Readonly<Record<string, unknown>> {
  if (change.kind === 'config') return { kind: change.kind };
  return mask('', { ...change }, 0) as Readonly<Record<string, unknown>>;
}

function mask(name: string, value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((each) => mask(name, each, depth + 1));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mask(key, each, depth + 1)]));
  if (typeof value !== 'string') return value;
  return isSecretName(name) ? MASK : maskValue(value);
}
