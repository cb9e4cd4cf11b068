// Plain data, as YAML and JSON bring it: compared and checked. Never looks into prototypes.

import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';

/** As deep as the YAML may nest, so that a function that recurses over plain data returns. */
const MAX_DEPTH = 32;
const MAX_VALUES = 1_000_000;

/** Whether both say the same: the order of keys does not matter, nor do keys whose value is undefined, nor the sign of zero. */
export function samePlain(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => samePlain(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = keysOf(a);
  return keys.length === keysOf(b).length && keys.every((key) => Object.hasOwn(b, key) && samePlain(a[key], b[key]));
}

/** What keeps a value from being plain data that can be stored as JSON and read back the same; undefined when nothing does. */
export function plainFault(value: unknown): string | undefined {
  return new Inspection().fault(value, 0);
}

class Inspection {
  private seen = 0;

  fault(value: unknown, depth: number): string | undefined {
    if (depth > MAX_DEPTH) return `nests deeper than ${MAX_DEPTH} levels`;
    if (++this.seen > MAX_VALUES) return `has more than ${MAX_VALUES} values`;
    if (typeof value === 'number') return Number.isFinite(value) ? undefined : `has the number ${value}, which JSON cannot hold`;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
    if (typeof value !== 'object') return `has a ${typeof value}, which JSON cannot hold`;
    if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) return 'has the key "__proto__", which is not allowed';
    for (const inner of Object.values(value)) {
      if (inner === undefined && !Array.isArray(value)) continue;
      const fault = this.fault(inner, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
}

function keysOf(map: Plain): readonly string[] {
  return Object.keys(map).filter((key) => map[key] !== undefined);
}
