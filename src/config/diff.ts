// What a reload changed, in the words of the YAML, for the log and the journal. It decides nothing.

import type { Pace } from '../lib/pace.ts';
import { isMap, own } from '../lib/plain.ts';
import { shorten } from '../lib/shown-text.ts';
import type { Config } from './model.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import { showPool, showRoute, showSettings, showTemplates, withoutSame } from './print.ts';

export interface Difference {
  /** Named things by name: `pools.shop.split.v1`, `routes.api.timeout`, `pools.shop.versions.v1.endpoints["127.0.0.1:9001"]`. */
  readonly path: string;
  /** As it would be written; undefined when it was not there. */
  readonly before: string | undefined;
  /** As it would be written; undefined when it is gone. */
  readonly after: string | undefined;
}

const MAX_TEXT_LENGTH = 120;

/** In the order of `before`, with what is new at the end of each map. The order of routes counts as a difference of its own. */
export function diffConfigs(before: Config, after: Config): readonly Difference[] {
  return [...differencesOf(before, after)].flat();
}

/** The same in turns, for configs of which a whole comparison takes longer than a thread may be busy at once. */
export async function diffInTurns(before: Config, after: Config, pace: Pace): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const found of differencesOf(before, after)) {
    for (const difference of found) differences.push(difference);
    await pace.rest();
  }
  return differences;
}

/** Thing by thing. */
function* differencesOf(before: Config, after: Config): Generator<readonly Difference[], void> {
  const [was, is] = withoutSame(before, after);
  yield compared(showSettings(was), showSettings(is), []);
  yield* ofThings(byNames(was.pools), byNames(is.pools), ['pools'], showPool);
  yield compared(showTemplates(was), showTemplates(is), []);
  if (before.routes === after.routes) return;
  const [routesBefore, routesAfter] = [byNames(was.routes), byNames(is.routes)];
  const areNamed = routesBefore.size === was.routes.length && routesAfter.size === is.routes.length;
  if (areNamed && routesBefore.size > 0 && routesAfter.size > 0) yield* ofThings(routesBefore, routesAfter, ['routes'], showRoute);
  else yield compared(was.routes.map(showRoute), is.routes.map(showRoute), ['routes']);
  yield orderOf(before, after);
}

function byNames<T extends { readonly name: string }>(things: readonly T[]): ReadonlyMap<string, T> {
  return new Map(things.map((thing) => [thing.name, thing]));
}

function* ofThings<T>(
  was: ReadonlyMap<string, T>,
  is: ReadonlyMap<string, T>,
  around: Path,
  show: (thing: T) => unknown,
): Generator<readonly Difference[], void> {
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const [one, other] = [was.get(name), is.get(name)];
    yield compared(one && show(one), other && show(other), [...around, name]);
  }
}

function orderOf(before: Config, after: Config): readonly Difference[] {
  const [was, is] = [commonRoutes(before, after).join(', '), commonRoutes(after, before).join(', ')];
  return was === is ? [] : [{ path: 'routes (order)', before: shorten(was, MAX_TEXT_LENGTH), after: shorten(is, MAX_TEXT_LENGTH) }];
}

/** `pools.shop.split.v1: 95 -> 90`, `routes.api: added`, `pools.old: removed`. */
export function formatDifference({ path, before, after }: Difference): string {
  if (before === undefined) return `${path}: added ${after ?? ''}`.trimEnd();
  return after === undefined ? `${path}: removed` : `${path}: ${before} -> ${after}`;
}

function compared(was: unknown, is: unknown, path: Path): readonly Difference[] {
  const differences: Difference[] = [];
  compare(was, is, path, differences);
  return differences;
}

function compare(was: unknown, is: unknown, path: Path, differences: Difference[]): void {
  if (was === is) return;
  const [before, after] = [byName(was), byName(is)];
  if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(own(before, key), own(after, key), [...path, key], differences);
    }
    return;
  }
  if (JSON.stringify(before) !== JSON.stringify(after))
    differences.push({ path: formatPath(path), before: textOf(before), after: textOf(after) });
}

/** A list of things with a name or an address as a map, so that an insertion does not look like a change of every item after it. */
function byName(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  const keys = value.map((item) => (isMap(item) ? (item['name'] ?? item['address']) : undefined));
  const distinct = keys.every((key) => typeof key === 'string') && new Set(keys).size === keys.length;
  return distinct ? Object.fromEntries(value.map((item, index) => [keys[index], item])) : value;
}

function commonRoutes(config: Config, other: Config): readonly string[] {
  const names = new Set(other.routes.map(({ name }) => name));
  return config.routes.map(({ name }) => name).filter((name) => names.has(name));
}

function textOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return shorten(typeof value === 'object' ? JSON.stringify(value) : String(value), MAX_TEXT_LENGTH);
}
