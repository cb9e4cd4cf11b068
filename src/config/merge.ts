// Several Sources seen as one document: lists are joined, pools and rollouts are put side by side, everything else may stand in one file only.
// Names that lists repeat are left to the rules, which see all files.

import { compoundKey } from '../lib/compound-key.ts';
import { isMap } from '../lib/plain.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import { locate } from './source.ts';
import type { Place, Side, Source } from './source.ts';

export interface Merged {
  /** Plain data, as if it stood in one file. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Place of the deepest node that exists on a path of `value`. */
  place(path: Path, side: Side): Place;
  /** The path within the file that it stands in, for messages; absent where that is the same. */
  pathInFile?(path: Path): Path;
  readonly problems: readonly Problem[];
}

/** Of each joined part, which Source it came from and where it stood there. */
interface Origin {
  readonly source: Source;
  readonly path: Path;
}

const NAMED_LISTS = ['listeners', 'routes'];
/** With what one thing in it is called. */
const NAMED_MAPS: Readonly<Record<string, string>> = { pools: 'pool', rollouts: 'rollout' };

/** At least one Source. The order of files is the order of their routes. */
export function mergeSources(sources: readonly [Source, ...Source[]]): Merged {
  const [first, ...others] = sources;
  if (others.length === 0) return { value: first.value, place: (path, side) => locate(first, path, side), problems: [] };
  const merge = new Merge(first);
  for (const source of sources) merge.add(source);
  return merge;
}

class Merge implements Merged {
  readonly value: Record<string, unknown> = {};
  readonly problems: Problem[] = [];
  private readonly origins = new Map<string, Origin>();
  private readonly first: Source;

  constructor(first: Source) {
    this.first = first;
  }

  add(source: Source): void {
    for (const [key, value] of Object.entries(source.value)) {
      if (NAMED_LISTS.includes(key) && Array.isArray(value)) this.addList(source, key, value);
      else if (Object.hasOwn(NAMED_MAPS, key) && isMap(value)) this.addNamed(source, key, value);
      else this.addOnly(source, key, value);
    }
  }

  place(path: Path, side: Side): Place {
    for (const depth of [2, 1]) {
      const origin = path.length >= depth ? this.origins.get(compoundKey(...path.slice(0, depth))) : undefined;
      if (origin !== undefined) return locate(origin.source, [...origin.path, ...path.slice(depth)], side);
    }
    return locate(this.first, path, side);
  }

  pathInFile(path: Path): Path {
    const origin = path.length < 2 ? undefined : this.origins.get(compoundKey(...path.slice(0, 2)));
    return origin === undefined ? path : [...origin.path, ...path.slice(2)];
  }

  private addList(source: Source, key: string, items: readonly unknown[]): void {
    if (!this.claim(source, key, Array.isArray)) return;
    const joined = (this.value[key] ??= []) as unknown[];
    for (const [index, item] of items.entries()) {
      this.origins.set(compoundKey(key, joined.length), { source, path: [key, index] });
      joined.push(item);
    }
  }

  private addNamed(source: Source, key: string, things: Readonly<Record<string, unknown>>): void {
    if (!this.claim(source, key, isMap)) return;
    const joined = (this.value[key] ??= {}) as Record<string, unknown>;
    for (const [name, thing] of Object.entries(things)) {
      const known = this.origins.get(compoundKey(key, name));
      if (known !== undefined) this.collide({ source, path: [key, name] }, known, `${NAMED_MAPS[key] ?? key} "${name}"`);
      else this.origins.set(compoundKey(key, name), { source, path: [key, name] });
      if (known === undefined) joined[name] = thing;
    }
  }

  private addOnly(source: Source, key: string, value: unknown): void {
    const known = this.origins.get(compoundKey(key));
    if (known !== undefined) return this.collide({ source, path: [key] }, known, `key "${key}"`);
    this.origins.set(compoundKey(key), { source, path: [key] });
    this.value[key] = value;
  }

  /** False when an earlier file gave this key a value that nothing can be joined to. */
  private claim(source: Source, key: string, fits: (value: unknown) => boolean): boolean {
    const known = this.origins.get(compoundKey(key));
    if (known !== undefined && !fits(this.value[key])) return (this.addOnly(source, key, undefined), false);
    if (known === undefined) this.origins.set(compoundKey(key), { source, path: [key] });
    return true;
  }

  private collide(origin: Origin, known: Origin, what: string): void {
    const there = locate(known.source, known.path, 'key');
    const here = locate(origin.source, origin.path, 'key');
    const message = `${what} is already defined at ${there.file}:${there.line}:${there.column}`;
    this.problems.push({ ...here, path: '', message });
  }
}
