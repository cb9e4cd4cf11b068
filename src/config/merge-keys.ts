// Merge keys of YAML 1.1, which YAML 1.2 has left out and people still write: `<<: *name`.

import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, YAMLMap } from 'yaml';

/** Quoted it is a key like any other. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

/** What the aliases of a text stand for. */
export type Targets = ReadonlyMap<Alias, Node>;

/** The entries that `<<` brings into a map, in the order in which they count. Terminates: an alias never stands inside its own anchor. */
export function mergedPairs(map: YAMLMap, targets: Targets): readonly Pair[] {
  return map.items
    .filter(({ key }) => isMergeKey(key))
    .flatMap(({ value }) => mapsOf(value, targets).flatMap((each) => pairsOf(each, targets)));
}

function pairsOf(map: YAMLMap, targets: Targets): readonly Pair[] {
  return [...map.items.filter(({ key }) => !isMergeKey(key)), ...mergedPairs(map, targets)];
}

function mapsOf(node: unknown, targets: Targets): readonly YAMLMap[] {
  const found = isAlias(node) ? targets.get(node) : node;
  if (isMap(found)) return [found as YAMLMap];
  return isSeq(found) ? found.items.flatMap((item) => mapsOf(item, targets)) : [];
}
