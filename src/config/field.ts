// Fields of a written config by the names of things: ['pools', 'shop', 'overrides', 'qa'], ['pools', 'shop', 'versions', 'v1', 'drain'].
// Things in lists go by their name, endpoints by their address, so that a path still means the same when something else was inserted.

import { isMap, own } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import { formatAddress, parseEndpointAddress } from './address.ts';
import { isFault } from './fault.ts';
import type { Path } from './path.ts';

/** Never empty. */
export type FieldPath = readonly string[];

/** Items by name, in order; those without a name of their own by their position. */
export type Items = ReadonlyMap<string | number, unknown>;

const ENDPOINTS = 'pools * versions * endpoints';
const LISTS = new Set(['listeners', 'routes', 'admin auth tokens', 'pools * overrides', 'pools * mirrors', 'rollouts * checks', ENDPOINTS]);
const MAPS = new Set(['pools', 'pools * versions', 'rollouts']);

const indexes = new WeakMap<readonly unknown[], Items>();

/** Whether at this path stands a list whose items go by name. */
export function isNamedList(path: Path): boolean {
  return LISTS.has(patternOf(path));
}

/** Whether what stands at this path has a name of its own: it must be there before anything in it can be set. */
export function isNamedThing(path: Path): boolean {
  const around = patternOf(path.slice(0, -1));
  return path.length > 0 && (LISTS.has(around) || MAPS.has(around));
}

/** The value at a path; undefined when there is none. */
export function readField(written: Plain, path: FieldPath): unknown {
  let value: unknown = written;
  for (const [depth, part] of path.entries()) {
    const around = path.slice(0, depth);
    const container = inFull(value, around);
    if (Array.isArray(container)) value = isNamedList(around) ? itemsOf(container, around).get(part) : undefined;
    else value = isMap(container) ? own(container, part) : undefined;
  }
  return value;
}

/** Items of the list at `path`; made once for each list. */
export function itemsOf(list: readonly unknown[], path: Path): Items {
  let items = indexes.get(list);
  if (items === undefined) {
    const named = new Map<string | number, unknown>();
    for (const [index, item] of list.entries()) {
      const name = itemName(item, path);
      named.set(name === undefined || named.has(name) ? index : name, item);
    }
    indexes.set(list, (items = named));
  }
  return items;
}

/** An endpoint that is written as an address alone, as the map that it stands for; everything else as it is. */
export function inFull(value: unknown, path: Path): unknown {
  return typeof value === 'string' && patternOf(path.slice(0, -1)) === ENDPOINTS ? { address: value } : value;
}

/** The one spelling of an endpoint's address that Config and paths use; the text itself when it is no address. */
export function endpointKey(text: string): string {
  const address = parseEndpointAddress(text);
  return isFault(address) ? text : formatAddress(address);
}

/** A path of positions in `value` as one of names; positions in lists that have none stay. */
export function toNames(value: Plain, path: Path): Path {
  return translate(value, path, (list, around, part) => [...itemsOf(list, around).keys()][Number(part)]);
}

/** A path of names as one of positions in `value`; it ends where nothing more of it is there. */
export function toPositions(value: Plain, path: Path): Path {
  return translate(value, path, (list, around, part) => {
    const position = [...itemsOf(list, around).keys()].indexOf(part);
    return position < 0 ? undefined : position;
  });
}

type Name = (list: readonly unknown[], around: Path, part: string | number) => string | number | undefined;

function translate(root: Plain, path: Path, name: Name): Path {
  const translated: (string | number)[] = [];
  const names: (string | number)[] = [];
  let value: unknown = root;
  for (const part of path) {
    let found: string | number | undefined = part;
    if (Array.isArray(value) && isNamedList(names)) found = name(value, names, part);
    if (found === undefined) break;
    translated.push(found);
    names.push(Array.isArray(value) && typeof part === 'number' ? found : part);
    value = child(value, typeof part === 'number' ? part : found);
  }
  return translated;
}

function child(value: unknown, part: string | number): unknown {
  if (Array.isArray(value)) return value[Number(part)];
  return isMap(value) ? own(value, String(part)) : undefined;
}

function itemName(item: unknown, path: Path): string | undefined {
  const map = inFull(item, [...path, '']);
  if (!isMap(map)) return undefined;
  if (patternOf(path) !== ENDPOINTS) return text(own(map, 'name'));
  const address = text(own(map, 'address'));
  return address === undefined ? undefined : endpointKey(address);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Names of pools, versions and rollouts are stars. */
function patternOf(path: Path): string {
  const hasNames = path[0] === 'pools' || path[0] === 'rollouts';
  return path.map((part, depth) => (hasNames && (depth === 1 || (depth === 3 && path[2] === 'versions')) ? '*' : part)).join(' ');
}
