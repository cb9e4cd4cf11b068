// What a reload changed, in the words of the YAML, for the log and the journal. It decides nothing.

import { isMap, own } from '../lib/plain.ts';
import { shorten } from '../lib/shown-text.ts';
import type { Config } from './model.ts';
import { formatPath } from './path.ts';
import type { Path } from './path.ts';
import { showBoth } from './print.ts';

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
  const differences: Difference[] = [];
  const [was, is] = showBoth(before, after);
  compare(was, is, [], differences);
  if (before.routes === after.routes) return differences;
  const [orderBefore, orderAfter] = [commonRoutes(before, after), commonRoutes(after, before)];
  if (orderBefore.join(' ') !== orderAfter.join(' ')) {
    differences.push({
      path: 'routes (order)',
      before: shorten(orderBefore.join(', '), MAX_TEXT_LENGTH),
      after: shorten(orderAfter.join(', '), MAX_TEXT_LENGTH),
    });
  }
  return differences;
}

/** `pools.shop.split.v1: 95 -> 90`, `routes.api: added`, `pools.old: removed`. */
export function formatDifference({ path, before, after }: Difference): string {
  if (before === undefined) return `${path}: added ${after ?? ''}`.trimEnd();
  return after === undefined ? `${path}: removed` : `${path}: ${before} -> ${after}`;
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
