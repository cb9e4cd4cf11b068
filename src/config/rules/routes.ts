// Routes must lead somewhere, and to something that exists.

import type { Config, RouteConfig } from '../model.ts';
import { passedPools } from '../passthrough.ts';
import type { Path } from '../path.ts';
import { noSuch } from '../suggest.ts';
import { findHiddenRoutes } from './hidden-routes.ts';
import type { Review } from './review.ts';

const MAX_NAMED = 3;

export function routesNamePools(config: Config, review: Review): void {
  const names = new Set(config.pools.map(({ name }) => name));
  for (const [index, { action }] of config.routes.entries()) {
    if (action.kind !== 'pool' || names.has(action.pool)) continue;
    review.problem(['routes', index, 'pool'], noSuch('pool', action.pool, names));
  }
}

export function routesNameVersions(config: Config, review: Review): void {
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  const namesOf = new Map<string, ReadonlySet<string>>();
  for (const [index, { action }] of config.routes.entries()) {
    if (action.kind !== 'pool' || action.version === undefined) continue;
    const pool = pools.get(action.pool);
    if (pool === undefined) continue;
    const names = namesOf.get(pool.name) ?? new Set(pool.versions.map(({ name }) => name));
    namesOf.set(pool.name, names);
    if (names.has(action.version)) continue;
    review.problem(['routes', index, 'version'], `in pool "${action.pool}" ${noSuch('version', action.version, names)}`);
  }
}

export function routesNameListeners(config: Config, review: Review): void {
  const names = new Set(config.listeners.map(({ name }) => name));
  const passing = new Set(config.listeners.filter(({ passthrough }) => passthrough !== undefined).map(({ name }) => name));
  for (const [index, { listeners }] of config.routes.entries()) {
    for (const [position, name] of listeners.entries()) {
      const path = ['routes', index, 'listeners', position];
      if (!names.has(name)) review.problem(path, noSuch('listener', name, names));
      else if (passing.has(name)) review.problem(path, `listener "${name}" passes connections through: it serves no routes`);
    }
  }
}

/** A matched prefix can only be replaced where every entry matches by prefix. */
export function prefixRewritesNeedPrefixes(config: Config, review: Review): void {
  for (const [index, route] of config.routes.entries()) {
    const path = prefixRewrite(route, index);
    if (path === undefined || route.match.every((entry) => entry.path.kind === 'prefix')) continue;
    review.problem(path, 'replacing a prefix needs a prefix in every entry of match; use full to replace the whole path');
  }
}

export function rewritesNeedPools(config: Config, review: Review): void {
  for (const [index, { action, rewrite }] of config.routes.entries()) {
    if (action.kind === 'pool' || ((rewrite.host ?? rewrite.path) === undefined && !rewrite.location)) continue;
    review.problem(
      ['routes', index, 'rewrite'],
      `a route with ${action.kind} sends nothing upstream, so there is nothing to rewrite`,
      'key',
    );
  }
}

/** A route that others always hide gets no request, wherever it was meant to. */
export function routesAreReachable(config: Config, review: Review): void {
  const hidden = findHiddenRoutes(config);
  const repeated = findRepeated(config.routes);
  for (const [index, { name }] of config.routes.entries()) {
    const same = repeated.get(index);
    const hiders = same === undefined ? hidden.get(index) : [same];
    if (hiders === undefined) continue;
    const how = same === undefined ? (hiders.length === 1 ? 'comes first and takes' : 'come first and take') : undefined;
    const why = how === undefined ? 'matches the same requests' : `${how} all its requests`;
    review.notice(['routes', index], `route "${name}" is never used: ${nameRoutes(config, hiders)} ${why}`);
  }
}

/** By index of each route that matches what one before it matches: the index of the first such. */
function findRepeated(routes: readonly RouteConfig[]): ReadonlyMap<number, number> {
  const repeated = new Map<number, number>();
  // Few routes look alike at all; only of those the whole is compared.
  const alike = new Map<string, number[]>();
  for (const [index, route] of routes.entries()) {
    const look = lookOf(route);
    const others = alike.get(look);
    if (others === undefined) alike.set(look, [index]);
    else others.push(index);
  }
  for (const indices of alike.values()) {
    if (indices.length === 1) continue;
    const seen = new Map<string, number>();
    for (const index of indices) {
      const key = matchedBy(routes[index]!);
      const same = seen.get(key);
      if (same === undefined) seen.set(key, index);
      else repeated.set(index, same);
    }
  }
  return repeated;
}

/** Routes that match the same look alike. */
function lookOf({ hosts, match }: RouteConfig): string {
  let [path, host] = ['', ''];
  for (const entry of match) {
    const text = entry.path.kind === 'regex' ? entry.path.pattern : entry.path.path;
    if (text > path) path = text;
  }
  for (const each of hosts) if (each > host) host = each;
  return `${hosts.length} ${host} ${match.length} ${path}`;
}

function matchedBy({ listeners, hosts, match }: RouteConfig): string {
  return JSON.stringify([[...listeners].sort(), [...hosts].sort(), match.map((entry) => JSON.stringify(entry)).sort()]);
}

function nameRoutes({ routes }: Config, indices: readonly number[]): string {
  const names = indices.slice(0, MAX_NAMED).map((index) => `"${routes[index]?.name ?? ''}"`);
  const more = indices.length > MAX_NAMED ? [`${indices.length - MAX_NAMED} more`] : [];
  return indices.length === 1 ? `route ${names.join('')}` : `routes ${[...names, ...more].join(' and ')} together`;
}

export function poolsAreUsed(config: Config, review: Review): void {
  const routed = config.routes.map(({ action }) => (action.kind === 'pool' ? action.pool : undefined));
  const connected = config.listeners.flatMap(({ connect }) => connect.map(({ pool }) => pool));
  const mirrored = config.pools.flatMap(({ mirrors }) => mirrors.map(({ pool }) => pool));
  const used = new Set([...routed, ...connected, ...passedPools(config), ...mirrored]);
  // A route to a pool that does not exist is a Problem; the pool it was meant for would only look unused.
  const names = new Set(config.pools.map(({ name }) => name));
  if ([...used].some((name) => name !== undefined && !names.has(name))) return;
  for (const { name } of config.pools) {
    if (!used.has(name)) review.notice(['pools', name], 'no route leads to this pool', 'key');
  }
}

function prefixRewrite(route: RouteConfig, index: number): Path | undefined {
  if (route.rewrite.path?.kind === 'prefix') return ['routes', index, 'rewrite', 'path', 'prefix'];
  const { action } = route;
  if (action.kind === 'redirect' && action.redirect.path?.kind === 'prefix') return ['routes', index, 'redirect', 'path', 'prefix'];
  return undefined;
}
