// Names that lead nowhere in a document that does not decode as a whole, so that one fault does not hide them. It reads plain data, and where
// what could be named is not known itself, it says nothing.

import { isMap } from '../../lib/plain.ts';
import type { Plain } from '../../lib/plain.ts';
import type { Merged } from '../merge.ts';
import type { Path } from '../path.ts';
import type { Problem } from '../problem.ts';
import { noSuch } from '../suggest.ts';
import { NAME_PATTERN } from '../syntax.ts';
import { EnoughFound, Review } from './review.ts';

export function unknownNames(document: Merged): readonly Problem[] {
  const review = new Review(document);
  try {
    judgePools(document.value, review);
    judgeRoutes(document.value, review);
    judgePassthroughs(document.value, review);
  } catch (error) {
    if (!(error instanceof EnoughFound)) throw error;
  }
  return review.problems;
}

function judgePools({ pools }: Plain, review: Review): void {
  for (const [name, pool] of entriesOf(pools)) {
    const versions = isMap(pool) ? namesIn(pool['versions']) : undefined;
    if (versions === undefined || !isMap(pool)) continue;
    const path = ['pools', name];
    for (const [version] of entriesOf(pool['split'])) judge(version, versions, { review, path: [...path, 'split', version], side: 'key' });
    for (const key of ['overrides', 'mirrors'])
      for (const [index, item] of itemsOf(pool[key]).entries())
        if (isMap(item) && item['pool'] === undefined)
          judge(item['version'], versions, { review, path: [...path, key, index, 'version'], side: 'value' });
  }
}

interface Spot {
  readonly review: Review;
  readonly path: Path;
  readonly side: 'key' | 'value';
}

function judge(version: unknown, versions: readonly string[], { review, path, side }: Spot): void {
  if (isName(version) && !versions.includes(version)) review.problem(path, noSuch('version', version, versions), side);
}

function judgeRoutes({ pools, routes, listeners }: Plain, review: Review): void {
  const names = itemsOf(listeners).map((each) => (isMap(each) ? each['name'] : undefined));
  const listening = names.length > 0 && names.every(isName) ? new Set(names) : undefined;
  const known = namesIn(pools) === undefined || !isMap(pools) ? undefined : pools;
  for (const [index, route] of itemsOf(routes).entries()) {
    if (!isMap(route)) continue;
    if (known !== undefined) judgeLead(known, route, index, review);
    for (const [position, named] of itemsOf(route['listeners']).entries()) {
      if (!isName(named) || listening === undefined || listening.has(named)) continue;
      review.problem(['routes', index, 'listeners', position], noSuch('listener', named, listening));
    }
  }
}

function judgeLead(pools: Plain, { pool, version }: Plain, index: number, review: Review): void {
  if (!isName(pool)) return;
  if (!Object.hasOwn(pools, pool)) return review.problem(['routes', index, 'pool'], noSuch('pool', pool, Object.keys(pools)));
  const written = pools[pool];
  const versions = isMap(written) ? namesIn(written['versions']) : undefined;
  if (!isName(version) || versions === undefined || versions.includes(version)) return;
  review.problem(['routes', index, 'version'], `in pool "${pool}" ${noSuch('version', version, versions)}`);
}

function judgePassthroughs({ pools, listeners }: Plain, review: Review): void {
  const names = namesIn(pools);
  if (names === undefined) return;
  for (const [index, listener] of itemsOf(listeners).entries()) {
    const passthrough = isMap(listener) ? listener['passthrough'] : undefined;
    if (!isMap(passthrough)) continue;
    const path = ['listeners', index, 'passthrough'];
    const named = [
      ...['pool', 'otherwise'].map((key) => [[key], passthrough[key]] as const),
      ...entriesOf(passthrough['sni']).map(([name, pool]) => [['sni', name], pool] as const),
    ];
    for (const [place, pool] of named) {
      if (isName(pool) && !names.includes(pool)) review.problem([...path, ...place], noSuch('pool', pool, names));
    }
  }
}

/** Undefined where they are not known, also where one is written wrongly: it may be the one that was meant. */
function namesIn(map: unknown): readonly string[] | undefined {
  const names = isMap(map) ? Object.keys(map) : undefined;
  return names?.every(isName) === true ? names : undefined;
}

const name = new RegExp(NAME_PATTERN);

function isName(value: unknown): value is string {
  return typeof value === 'string' && name.test(value);
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isMap(value) ? Object.entries(value) : [];
}
