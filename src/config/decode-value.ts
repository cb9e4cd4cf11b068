// Plain data to a Config by the schema, pool by pool and route by route: what was decoded before is not decoded again, and however much is
// wrong, there is an end. Never throws.

import { z } from 'zod';
import { isMap } from '../lib/plain.ts';
import type { Plain } from '../lib/plain.ts';
import type { Config, PoolConfig, RouteConfig, VersionConfig } from './model.ts';
import type { Path } from './path.ts';
import { pools as poolsSchema, versions as versionsSchema } from './schema/pool.ts';
import { schema } from './schema/root.ts';
import { plainRoute } from './schema/plain-route.ts';
import { route as routeSchema } from './schema/route.ts';

type Issue = z.core.$ZodIssue;

/** Faults are not looked for any more when there are so many. */
const MAX_ISSUES = 1_000;
/** Of one map or list within a pool, a route or another key at the top. */
const MAX_ENTRIES = 10_000;
const MAX_ROUTES = 100_000;
const MAX_POOLS = 20_000;

export type DecodedValue =
  { readonly config: Config; readonly issues?: undefined } | { readonly config?: undefined; readonly issues: readonly Issue[] };

/** What a part meant, by its plain data, which nobody changes. A pool also by its name, which its cookie takes, and a version by its own. */
const knownRoutes = new WeakMap<object, RouteConfig>();
const knownPools = new WeakMap<object, PoolConfig>();
const knownVersions = new WeakMap<object, VersionConfig>();
/** The whole list, so that it stays the same object while it says the same. */
const knownLists = new WeakMap<object, Config['routes']>();

const pool = poolsSchema();
/** For a pool whose versions are decoded already. */
const poolAround = poolsSchema(z.custom<readonly VersionConfig[]>());
const versions = versionsSchema();
const route = routeSchema();

export function decodeValue(value: Plain): DecodedValue {
  const { routes, pools, ...others } = value;
  const listed = Array.isArray(routes) ? (routes as readonly unknown[]) : undefined;
  const named = isMap(pools) ? pools : undefined;
  const issues: Issue[] = [];
  const base = decodePart(
    schema,
    [],
    {
      ...others,
      ...(listed === undefined && routes !== undefined && { routes }),
      ...(named === undefined && pools !== undefined && { pools }),
    },
    issues,
  );
  const decodedPools = named === undefined ? base?.pools : decodePools(named, issues);
  const decodedRoutes = listed === undefined ? base?.routes : decodeRoutes(listed, issues);
  if (base === undefined || issues.length > 0) return { issues };
  return { config: { ...base, pools: decodedPools ?? [], routes: decodedRoutes ?? [] } };
}

/** What was decoded elsewhere is not decoded again. @param config without faults, of this value */
export function rememberDecoded(value: Plain, config: Pick<Config, 'routes' | 'pools'>): void {
  const { routes, pools } = value;
  if (Array.isArray(routes) && routes.length === config.routes.length) {
    knownLists.set(routes, config.routes);
  }
  if (!isMap(pools)) return;
  for (const decoded of config.pools) {
    const written = pools[decoded.name];
    if (isMap(written)) rememberPool(written, decoded);
  }
}

function rememberPool(written: Plain, decoded: PoolConfig): void {
  knownPools.set(written, decoded);
  const { versions: parts } = written;
  if (!isMap(parts)) return;
  for (const version of decoded.versions) {
    const part = parts[version.name];
    if (isMap(part)) knownVersions.set(part, version);
  }
}

function decodeRoutes(routes: readonly unknown[], issues: Issue[]): Config['routes'] {
  const known = knownLists.get(routes);
  if (known !== undefined) return known;
  if (routes.length > MAX_ROUTES) issues.push(complaint(['routes'], `must have at most ${MAX_ROUTES} routes, got ${routes.length}`));
  const decoded: RouteConfig[] = [];
  for (let index = 0; index < routes.length && issues.length < MAX_ISSUES; index++) {
    const written = routes[index];
    const config = plainRoute(written) ?? decodeRoute(written, index, issues);
    if (config !== undefined) decoded.push(config);
  }
  if (issues.length === 0) knownLists.set(routes, decoded);
  return decoded;
}

function decodeRoute(written: unknown, index: number, issues: Issue[]): RouteConfig | undefined {
  const before = typeof written === 'object' && written !== null ? knownRoutes.get(written) : undefined;
  const config = before ?? decodePart(route, ['routes', index], written, issues);
  if (before === undefined && config !== undefined) knownRoutes.set(written as object, config);
  return config;
}

function decodePools(pools: Plain, issues: Issue[]): Config['pools'] {
  const names = Object.keys(pools);
  if (names.length > MAX_POOLS) issues.push(complaint(['pools'], `must have at most ${MAX_POOLS} pools, got ${names.length}`));
  const decoded: PoolConfig[] = [];
  for (const name of names) {
    if (issues.length >= MAX_ISSUES) break;
    const written = pools[name];
    const before = isMap(written) ? knownPools.get(written) : undefined;
    if (before?.name === name) {
      decoded.push(before);
      continue;
    }
    const config = decodeAround(name, written) ?? decodePart(pool, ['pools'], { [name]: written }, issues)?.[0];
    if (config === undefined) continue;
    decoded.push(config);
    if (isMap(written)) rememberPool(written, config);
  }
  return decoded;
}

/** A pool some of whose versions were decoded before: the others, and what stands around them. Undefined where it has none, or a fault. */
function decodeAround(name: string, written: unknown): PoolConfig | undefined {
  const parts = isMap(written) ? written['versions'] : undefined;
  const known = isMap(parts) ? decodeOthers(parts) : undefined;
  return known && decodePart(poolAround, [], { [name]: { ...(written as Plain), versions: known } }, [])?.[0];
}

function decodeOthers(parts: Plain): readonly VersionConfig[] | undefined {
  const names = Object.keys(parts);
  const found = new Map<string, VersionConfig>();
  for (const name of names) {
    const part = parts[name];
    const known = isMap(part) ? knownVersions.get(part) : undefined;
    if (known?.name === name) found.set(name, known);
  }
  if (found.size === 0 || names.length > MAX_ENTRIES) return undefined;
  const others = Object.fromEntries(names.filter((name) => !found.has(name)).map((name) => [name, parts[name]]));
  const decoded = found.size === names.length ? [] : decodePart(versions, [], others, []);
  for (const version of decoded ?? []) found.set(version.name, version);
  return decoded && names.map((name) => found.get(name)!);
}

function decodePart<T>(part: z.ZodType<T>, path: Path, written: unknown, issues: Issue[]): T | undefined {
  const crowd = findCrowd(written, []);
  if (crowd !== undefined) {
    issues.push(complaint([...path, ...crowd], `must have at most ${MAX_ENTRIES} entries`));
    return undefined;
  }
  try {
    const decoded = part.safeParse(written);
    if (decoded.success) return decoded.data;
    for (const issue of decoded.error.issues.slice(0, MAX_ISSUES)) issues.push({ ...issue, path: [...path, ...issue.path] });
  } catch (error) {
    // The library spreads its issues over a call's arguments, of which there is a most.
    if (!(error instanceof RangeError)) throw error;
    issues.push(complaint(path, 'has more faults than can be told'));
  }
  return undefined;
}

function complaint(path: Path, message: string): Issue {
  return { code: 'custom', path: [...path], message, params: { complete: true }, input: undefined };
}

/** Where a map or list has too many entries; undefined when none has. It nests as deeply as YAML may. */
function findCrowd(value: unknown, path: Path): Path | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    if (value.length > MAX_ENTRIES) return path;
    for (let index = 0; index < value.length; index++) {
      const inner: unknown = value[index];
      const found = typeof inner === 'object' && inner !== null ? findCrowd(inner, [...path, index]) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_ENTRIES) return path;
  for (const [key, inner] of entries) {
    const found = typeof inner === 'object' && inner !== null ? findCrowd(inner, [...path, key]) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
