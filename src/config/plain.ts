// Plain data, as YAML and JSON bring it: compared and checked. Never looks into prototypes.

import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { STEP_COUNT } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';

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

/** The same for who has other things to do in between: of a config a pool or a route after the other. */
export function* samePlainInSteps(a: unknown, b: unknown, depth = 2): Steps<boolean> {
  const [one, other] = [partsOf(a), partsOf(b)];
  if (depth === 0 || a === b || one === undefined || other === undefined) return samePlain(a, b);
  if (one.length !== other.length || Array.isArray(a) !== Array.isArray(b)) return false;
  const there = Array.isArray(a) ? undefined : new Map(other);
  for (let index = 0; index < one.length; index++) {
    const [key, value] = one[index]!;
    if (there !== undefined && !there.has(key)) return false;
    const against = there === undefined ? other[index]![1] : there.get(key);
    if (!(yield* samePlainInSteps(value, against, depth - 1))) return false;
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  return true;
}

type Part = readonly [key: string, value: unknown];

/** Undefined: a value alone. Keys whose value is undefined are left out of maps. */
function partsOf(value: unknown): readonly Part[] | undefined {
  if (Array.isArray(value)) return value.map((item): Part => ['', item]);
  return isMap(value) ? keysOf(value).map((key): Part => [key, value[key]]) : undefined;
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
