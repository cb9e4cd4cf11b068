// A config with other values where it names sources of secrets: filled in for those who serve it, or names of files made absolute. Pure.
// What names no source stays the same object, and what is changed in the same way again is the same object as before.

import type { Config, HeaderChanges, PoolConfig, RouteConfig } from './model.ts';
import type { Path } from './path.ts';
import { isSource, writtenSecret } from './secret.ts';
import type { Field, FieldText, SecretSource } from './secret.ts';
import { placesInPool, placesInRoute, placesInRoutes } from './secret-places.ts';
import type { SecretPlace } from './secret-places.ts';

/** The config with values in place of their sources. Rollouts look theirs up when they need them. */
export function fillSecrets(config: Config, valueOf: (source: SecretSource) => string): Config {
  return FILLED.change(config, ({ source }) => writtenSecret(valueOf(source)));
}

/** The config with absolute names of files. */
export function withAbsoluteSources(config: Config, absolute: (name: string, path: Path) => string): Config {
  return ABSOLUTE.change(config, ({ source, path }) =>
    source.kind === 'env' ? source : { kind: 'file', name: absolute(source.name, path) },
  );
}

type Change = (place: Pick<SecretPlace, 'source' | 'path'>) => FieldText;
type ChangeSource = (source: SecretSource) => FieldText;

interface Changed<T> {
  /** What stands in place of its sources. */
  readonly values: string;
  readonly thing: T;
}

class SourceChange {
  readonly #pools = new WeakMap<PoolConfig, Changed<PoolConfig>>();
  readonly #routes = new WeakMap<RouteConfig, Changed<RouteConfig>>();
  readonly #lists = new WeakMap<Config['routes'], Changed<Config['routes']>>();

  change(config: Config, change: Change): Config {
    const pools = config.pools.map((pool) => once(this.#pools, pool, placesInPool(pool), change, (to) => changePool(pool, to)));
    const isSame = pools.every((pool, index) => pool === config.pools[index]);
    const { routes } = config;
    const changed = once(this.#lists, routes, placesInRoutes(routes), change, () =>
      routes.map((route, index) => once(this.#routes, route, placesInRoute(route, index), change, (to) => changeRoute(route, to))),
    );
    return { ...config, pools: isSame ? config.pools : pools, routes: changed };
  }
}

const FILLED = new SourceChange();
const ABSOLUTE = new SourceChange();

function once<T extends object>(
  known: WeakMap<T, Changed<T>>,
  thing: T,
  places: readonly SecretPlace[],
  change: Change,
  make: (change: ChangeSource) => T,
): T {
  if (places.length === 0) return thing;
  const after = places.map(change);
  if (after.every((value, index) => isSameSource(value, places[index]!.source))) return thing;
  const values = JSON.stringify(after);
  const before = known.get(thing);
  if (before?.values === values) return before.thing;
  const changed = new Map(places.map(({ source }, index) => [source, after[index]!]));
  const made = make((source) => changed.get(source) ?? source);
  known.set(thing, { values, thing: made });
  return made;
}

function isSameSource(value: FieldText, { kind, name }: SecretSource): boolean {
  return isSource(value) && value.kind === kind && value.name === name;
}

function changePool(pool: PoolConfig, change: ChangeSource): PoolConfig {
  return {
    ...pool,
    health: pool.health && { ...pool.health, headers: changeFields(pool.health.headers, change) },
    mirrors: pool.mirrors.map((mirror) => ({ ...mirror, requestHeaders: changeHeaders(mirror.requestHeaders, change) })),
  };
}

function changeRoute({ action, ...route }: RouteConfig, change: ChangeSource): RouteConfig {
  return {
    ...route,
    action:
      action.kind === 'respond'
        ? { ...action, respond: { ...action.respond, headers: changeFields(action.respond.headers, change) } }
        : action,
    requestHeaders: changeHeaders(route.requestHeaders, change),
    responseHeaders: changeHeaders(route.responseHeaders, change),
  };
}

function changeHeaders({ set, add, remove }: HeaderChanges, change: ChangeSource): HeaderChanges {
  return { set: changeFields(set, change), add: changeFields(add, change), remove };
}

/** Also those of a smoke request. */
export function changeFields(fields: readonly Field[], change: ChangeSource): readonly Field[] {
  return fields.map(([name, value]): Field => [name, isSource(value) ? change(value) : value]);
}
