// Where a config names sources of secrets: every place in the grammar where a header value may be written. Pure.

import type { Config, HeaderChanges, PoolConfig, RouteConfig } from './model.ts';
import type { Path } from './path.ts';
import type { RolloutTemplate } from './rollout-model.ts';
import { isSource } from './secret.ts';
import type { Field, SecretSource } from './secret.ts';

export interface SecretPlace {
  readonly source: SecretSource;
  /** With things in lists by position, and by name. Both end with `env` or `file`. */
  readonly path: Path;
  readonly names: Path;
}

type Found = Omit<SecretPlace, 'names'>;

// A config of many routes mostly names none, and is asked again for every change of pools.
const inRoutes = new WeakMap<Config['routes'], readonly SecretPlace[]>();
const inPool = new WeakMap<PoolConfig, readonly SecretPlace[]>();

/** All of them, in the order pools, routes, rollouts. */
export function secretPlaces({ pools, routes, rollouts }: Config): readonly SecretPlace[] {
  return [...pools.flatMap(placesInPool), ...placesInRoutes(routes), ...rollouts.flatMap(placesInTemplate)];
}

export function placesInPool(pool: PoolConfig): readonly SecretPlace[] {
  let places = inPool.get(pool);
  if (places === undefined) inPool.set(pool, (places = poolPlaces(pool)));
  return places;
}

function poolPlaces({ name, health, mirrors }: PoolConfig): readonly SecretPlace[] {
  const ofHealth = named(inFields(health?.headers ?? [], ['pools', name, 'health', 'headers']));
  const ofMirrors = mirrors.flatMap(({ name: mirror, requestHeaders }, index) =>
    named(inChanges(requestHeaders, ['pools', name, 'mirrors', index, 'requestHeaders']), 3, mirror),
  );
  return [...ofHealth, ...ofMirrors];
}

export function placesInRoutes(routes: Config['routes']): readonly SecretPlace[] {
  let places = inRoutes.get(routes);
  if (places === undefined) inRoutes.set(routes, (places = routes.flatMap(placesInRoute)));
  return places;
}

/** Those of one route alone, which stands at this position. */
export function placesInRoute(route: RouteConfig, index: number): readonly SecretPlace[] {
  const { requestHeaders, responseHeaders } = route;
  // As most are, of many thousands.
  if (route.action.kind !== 'respond' && isPlain(requestHeaders) && isPlain(responseHeaders)) return NONE;
  return named(inRoute(route, index), 1, route.name);
}

function isPlain({ set, add }: HeaderChanges): boolean {
  return set.length === 0 && add.length === 0;
}

function inRoute({ action, requestHeaders, responseHeaders }: RouteConfig, index: number): readonly Found[] {
  const at = ['routes', index];
  return [
    ...inChanges(requestHeaders, [...at, 'requestHeaders']),
    ...inChanges(responseHeaders, [...at, 'responseHeaders']),
    ...(action.kind === 'respond' ? inFields(action.respond.headers, [...at, 'respond', 'headers']) : []),
  ];
}

function placesInTemplate({ name, steps }: RolloutTemplate): readonly SecretPlace[] {
  return steps.flatMap((step, index) => {
    if (step.kind !== 'smoke') return [];
    return step.requests.flatMap(({ headers }, position) =>
      named(inFields(headers, ['rollouts', name, 'steps', index, 'smoke', position, 'headers'])),
    );
  });
}

function inChanges({ set, add }: HeaderChanges, path: Path): readonly Found[] {
  if (set.length + add.length === 0) return NONE;
  return [...inFields(set, [...path, 'set']), ...inFields(add, [...path, 'add'])];
}

const NONE: readonly SecretPlace[] = [];

function inFields(fields: readonly Field[], path: Path): readonly Found[] {
  if (!fields.some(([, value]) => isSource(value))) return NONE;
  return fields.flatMap(([name, value]) => (isSource(value) ? [{ source: value, path: [...path, name, value.kind] }] : []));
}

/** @param depth where in the path the position of the thing stands that has this name */
function named(found: readonly Found[], depth = -1, name = ''): readonly SecretPlace[] {
  return found.map((each) => ({ ...each, names: depth < 0 ? each.path : each.path.with(depth, name) }));
}
