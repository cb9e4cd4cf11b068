// One parsed file: its plain value, and the way back from any path in it to line and column.

import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { showVariables } from './environment.ts';
import { mergedPairs } from './merge-keys.ts';
import type { Path } from './path.ts';

export interface Source {
  /** As it was given. */
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  /** Undefined where the library did not read it. */
  readonly root: YAMLMap | undefined;
  /** Of what `plain-yaml` has read: the position of the deepest node that exists on a path. */
  readonly offsetOf?: (path: Path, side: Side) => number;
  /** Plain data; every key is an own property, and `__proto__` never is one. */
  readonly value: Readonly<Record<string, unknown>>;
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A map entry can be pointed at by its key or by its value. */
export type Side = 'key' | 'value';

const indexes = new WeakMap<YAMLMap, Map<string, Pair>>();

/** Place of the deepest node that exists on the path, in O(depth) (plus one pass over each large map, once). */
export function locate(source: Source, path: Path, side: Side): Place {
  if (source.offsetOf !== undefined) return placeOf(source, source.offsetOf(path, side));
  let node: unknown = source.root;
  let offset = startOf(node) ?? 0;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = source.targets.get(node);
    const last = depth === path.length - 1;
    const pair = isMap(node) ? findPair(source, node, String(part)) : undefined;
    const next = isSeq(node) ? node.items[Number(part)] : pair?.value;
    if (pair === undefined && next === undefined) break;
    const keyOffset = startOf(pair?.key) ?? offset;
    offset = last && side === 'key' && pair !== undefined ? keyOffset : (startOf(next) ?? keyOffset);
    node = next;
  }
  return placeOf(source, offset);
}

/** Line and column of a position in the text; positions past the end mean the end. */
export function placeOf(source: Pick<Source, 'file' | 'text' | 'lines'>, offset: number): Place {
  const { line, col } = source.lines.linePos(Math.min(Math.max(offset, 0), source.text.length));
  return { file: source.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** A scalar key as text; the one definition that values and places share. Keys have no variables. */
export function keyText(key: unknown): string | undefined {
  return isScalar(key) ? showVariables(String(key.value)) : undefined;
}

function findPair({ targets }: Source, map: YAMLMap, key: string): Pair | undefined {
  let index = indexes.get(map);
  if (index === undefined) {
    // What comes later counts: first what is merged, the last of it first, then what the map has itself.
    const pairs = [...mergedPairs(map, targets).toReversed(), ...map.items];
    index = new Map(pairs.map((pair) => [keyText(pair.key) ?? '', pair]));
    indexes.set(map, index);
  }
  return index.get(key);
}

function startOf(node: unknown): number | undefined {
  return (node as Partial<Node> | null | undefined)?.range?.[0];
}
