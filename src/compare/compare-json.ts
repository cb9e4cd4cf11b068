// Compares two JSON values field by field. Linear in their size, bounded in depth, values and finds; recursion never passes the depth bound.

import type { ComparisonLimits } from './comparison-rules.ts';
import type { FieldNode } from './field-node.ts';
import { Fingerprints, haveSameItems } from './fingerprint.ts';
import { Finds } from './findings.ts';
import type { JsonObject } from './json-type.ts';
import { typeOf } from './json-type.ts';
import { matchItems } from './match-items.ts';
import { ExactNumber } from './parse-json.ts';

/** All differences between two values at the root of `fields`. */
export function compareJson(primary: unknown, other: unknown, fields: FieldNode, limits: ComparisonLimits): Finds {
  const finds = new Finds(limits);
  const walk: Walk = { finds, prints: new Fingerprints(finds) };
  compareValues(walk, fields, [primary, other], 0);
  return finds;
}

interface Walk {
  readonly finds: Finds;
  readonly prints: Fingerprints;
}

type Pair<T> = readonly [primary: T, other: T];

function compareValues(walk: Walk, node: FieldNode, pair: Pair<unknown>, depth: number): void {
  const [primary, other] = pair;
  if (primary === other || node.isIgnored) return;
  if (!walk.finds.mayVisit(depth)) return;
  const type = typeOf(primary);
  if (type !== typeOf(other)) return walk.finds.add(node, 'type', primary, other);
  switch (type) {
    case 'object':
      return compareObjects(walk, node, pair as Pair<JsonObject>, depth);
    case 'array':
      return compareLists(walk, node, pair as Pair<readonly unknown[]>, depth);
    case 'number':
      if (!areNear(node, primary, other)) walk.finds.add(node, 'value', primary, other);
      return;
    case 'null':
      return;
    case 'boolean':
    case 'string':
      return walk.finds.add(node, 'value', primary, other);
  }
}

function compareObjects(walk: Walk, node: FieldNode, [primary, other]: Pair<JsonObject>, depth: number): void {
  const keys = Object.keys(primary);
  let shared = 0;
  for (const key of keys) {
    if (walk.finds.isCutShort) return;
    // Own fields alone: a candidate that lacks `constructor` must not be credited with Object's.
    const isShared = Object.hasOwn(other, key);
    if (isShared) shared++;
    const value = primary[key];
    if (isShared && value === other[key]) continue;
    const child = node.key(key);
    if (isShared) compareValues(walk, child, [value, other[key]], depth + 1);
    else if (!child.isIgnored) walk.finds.add(child, 'missing', value, undefined);
  }
  const others = Object.keys(other);
  if (others.length === shared) return;
  for (const key of others) {
    if (walk.finds.isCutShort) return;
    if (Object.hasOwn(primary, key)) continue;
    const child = node.key(key);
    if (!child.isIgnored) walk.finds.add(child, 'extra', undefined, other[key]);
  }
}

function compareLists(walk: Walk, node: FieldNode, pair: Pair<readonly unknown[]>, depth: number): void {
  if (node.list !== undefined) return compareUnordered(walk, node, pair, depth);
  const [primary, other] = pair;
  const item = node.item();
  if (item.isIgnored) return;
  if (primary.length !== other.length) return walk.finds.add(node, 'length', primary, other);
  const before = walk.finds.count;
  let isChecked = false;
  for (let i = 0; i < primary.length; i++) {
    compareValues(walk, item, [primary[i], other[i]], depth + 1);
    if (walk.finds.isCutShort) return;
    if (isChecked || walk.finds.count === before) continue;
    // The first item that differs: are they only in another order?
    isChecked = true;
    if (!isReordered(walk, item, pair, depth)) continue;
    walk.finds.rewind(before);
    return walk.finds.add(node, 'order', primary, other);
  }
}

function isReordered(walk: Walk, item: FieldNode, [primary, other]: Pair<readonly unknown[]>, depth: number): boolean {
  const printsOf = (list: readonly unknown[]): number[] => list.map((value) => walk.prints.of(value, item, depth + 1));
  return primary.length > 1 && haveSameItems(printsOf(primary), printsOf(other));
}

function compareUnordered(walk: Walk, node: FieldNode, pair: Pair<readonly unknown[]>, depth: number): void {
  const item = node.item();
  if (item.isIgnored || node.list === undefined) return;
  const matched = matchItems(pair[0], pair[1], node.list, (value) => walk.prints.of(value, item, depth + 1));
  // Also those with the same fingerprint: it leaves out what has a tolerance, and may err.
  for (const [left, right] of matched.pairs) compareValues(walk, item, [left, right], depth + 1);
  for (const value of matched.missing) walk.finds.add(item, 'missing', value, undefined);
  for (const value of matched.extra) walk.finds.add(item, 'extra', undefined, value);
}

function areNear(node: FieldNode, primary: unknown, other: unknown): boolean {
  const [left, right] = [textOf(primary), textOf(other)];
  if (left === right) return true;
  if (node.number === undefined) return false;
  const [a, b] = [Number(left), Number(right)];
  const distance = Math.abs(a - b);
  return distance <= node.number.absolute || distance <= node.number.relative * Math.max(Math.abs(a), Math.abs(b));
}

/** -0 and 0 are one number; 1e999 is not 2e999. */
function textOf(value: unknown): string {
  return value instanceof ExactNumber ? value.text : String(value);
}
