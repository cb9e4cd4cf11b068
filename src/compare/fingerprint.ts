// Fingerprints of JSON values: equal for values that compare as equal, whatever the order of their keys. 32 bits: they sort items into groups and
// prove nothing. Each object and list is visited once per comparison, so nesting costs nothing extra.

import { hashString, mix } from '../lib/hash.ts';
import type { FieldNode } from './field-node.ts';
import type { Finds } from './findings.ts';
import type { JsonObject } from './json-type.ts';
import { ExactNumber } from './parse-json.ts';

const SEED = 0x51_1c_e5;
const TOLERANT = 1;
const CUT = 2;
const LIST = 3;
const OBJECT = 5;

export class Fingerprints {
  readonly #finds: Finds;
  readonly #known = new Map<object, number>();

  constructor(finds: Finds) {
    this.#finds = finds;
  }

  /** Of a value at `node`; ignored fields do not count, and numbers with a tolerance are all alike. */
  of(value: unknown, node: FieldNode, depth: number): number {
    if (typeof value === 'object' && value !== null && !(value instanceof ExactNumber)) {
      const known = this.#known.get(value);
      if (known !== undefined) return known;
      const print = this.#finds.mayVisit(depth) ? this.#compute(value, node, depth) : CUT;
      this.#known.set(value, print);
      return print;
    }
    if (typeof value === 'string') return hashString(value, SEED);
    const isNumber = typeof value === 'number' || value instanceof ExactNumber;
    if (isNumber && node.number !== undefined) return TOLERANT;
    return mix(hashString(value instanceof ExactNumber ? value.text : String(value), ~SEED));
  }

  #compute(value: object, node: FieldNode, depth: number): number {
    if (Array.isArray(value)) return this.#ofList(value, node, depth);
    let print = OBJECT;
    for (const key of Object.keys(value)) {
      const child = node.key(key);
      // A sum, because the order of keys means nothing.
      if (!child.isIgnored) print = (print + mix(hashString(key, SEED) ^ mix(this.of((value as JsonObject)[key], child, depth + 1)))) | 0;
    }
    return mix(print);
  }

  #ofList(list: readonly unknown[], node: FieldNode, depth: number): number {
    const item = node.item();
    let print = LIST;
    if (item.isIgnored) return print;
    const prints = list.map((value) => this.of(value, item, depth + 1));
    const counted = node.list?.as === 'set' ? new Set(prints) : prints;
    for (const one of counted) print = node.list === undefined ? mix((Math.imul(print, 31) + one) | 0) : (print + mix(one ^ LIST)) | 0;
    return mix(print);
  }
}

/** Whether two lists have the same items, in whatever order. */
export function haveSameItems(left: readonly number[], right: readonly number[]): boolean {
  const counts = new Map<number, number>();
  for (const print of left) counts.set(print, (counts.get(print) ?? 0) + 1);
  for (const print of right) {
    const count = counts.get(print);
    if (count === undefined || count === 0) return false;
    counts.set(print, count - 1);
  }
  return left.length === right.length;
}
