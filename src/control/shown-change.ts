// A change as the journal shows it: plain data, without what opens doors. A whole config is not repeated: the revision has it.

import { isMap } from '../lib/plain.ts';
import { MASK, isSecretName, maskValue } from '../lib/mask.ts';
import type { Change, PoolShift } from './control-api.ts';

/** Deeper than any config. */
const MAX_DEPTH = 32;

export function shownChange(change: Change): Readonly<Record<string, unknown>> {
  switch (change.kind) {
    case 'config':
      return { kind: change.kind };
    case 'override':
      return { ...change, override: mask({ key: '', secret: false }, change.override, 0) };
    case 'mirror':
      return { ...change, mirror: mask({ key: '', secret: false }, change.mirror, 0) };
    case 'preview':
      return { ...change, override: change.override && mask({ key: '', secret: false }, change.override, 0) };
    case 'shift':
      return { kind: change.kind, ...shownShift(change) };
    case 'shifts':
      return { ...change, pools: change.pools.map(shownShift) };
    default:
      return { ...change };
  }
}

/** Keys of maps that hold a header, a cookie or a parameter as a pair: the name of one says what its value is. */
const PAIRS: ReadonlySet<string> = new Set(['header', 'cookie', 'query']);

interface Within {
  readonly key: string;
  /** All below the value of a secret field is, however it is written: `{ regex: … }`. */
  readonly secret: boolean;
}

function shownShift(shift: PoolShift): PoolShift {
  return { ...shift, overrides: maskAll(shift.overrides), mirrors: maskAll(shift.mirrors) };
}

/** By name, which says nothing of what is in it. */
function maskAll(things: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, mask({ key: '', secret: false }, thing, 0)]));
}

function mask(within: Within, value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((each) => mask(within, each, depth + 1));
  if (isMap(value)) {
    const named = PAIRS.has(within.key) && typeof value['name'] === 'string' ? value['name'] : undefined;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        if (named !== undefined && key === 'name') return [key, each];
        const secret = named === undefined ? within.secret || isSecretName(key) : isSecretName(named);
        return [key, mask({ key, secret }, each, depth + 1)];
      }),
    );
  }
  if (within.secret) return typeof value === 'boolean' ? value : MASK;
  return typeof value === 'string' ? maskValue(value) : value;
}
