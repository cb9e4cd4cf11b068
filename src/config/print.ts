// A Config back to the grammar it was written in, with every default filled in. What is printed decodes to the same Config.

import { stringify } from 'yaml';
import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import { escapeVariables } from './environment.ts';
import { maskWritten } from './mask.ts';
import type { AdminConfig, Config, OverloadConfig, PoolConfig } from './model.ts';
import { describeListener, formatMode } from './print-listener.ts';
import { describePool } from './print-pool.ts';
import { describeRollouts } from './print-rollout.ts';
import { describeRoute, maySayValues } from './print-route.ts';
import { withoutUndefined } from './print-match.ts';
import { formatSize } from './size.ts';
import type { Pace } from '../lib/pace.ts';
import { STEP_COUNT } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';

/** Plain data in the grammar of the YAML; keys whose value is undefined are absent. */
export type Written = Readonly<Record<string, unknown>>;

/** JSON of what `describeConfig` returns, in pieces of a moment each. */
export function* configAsJson({ routes, ...config }: Config): Generator<string, void> {
  yield `${JSON.stringify(describeTop(config)).slice(0, -1)},"routes":[`;
  for (let index = 0; index < routes.length; index++) yield `${index === 0 ? '' : ','}${JSON.stringify(describeRoute(routes[index]!))}`;
  yield ']}';
}

/** YAML with all defaults filled in, secrets masked; file paths are absolute. */
export function printConfig(config: Config): string {
  return printWritten(showConfig(config));
}

/** What `describeConfig` returns, with masks in place of secrets: for whatever leaves the process. */
export function showConfig(config: Config): Written {
  return withRoutes(showTop(config), () => onceWhileUsed(shownRoutes, config.routes, () => config.routes.map(showRoute)));
}

/** Plain data in the words of the grammar as YAML; what looks like a variable is written so that it is read back as it is. */
export function printWritten(written: unknown): string {
  return stringify(withoutVariables(written), { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' });
}

/** Plain data as it is written in a config: `${` stands for a variable there. */
export function withoutVariables(written: unknown): unknown {
  if (typeof written === 'string') return escapeVariables(written);
  if (Array.isArray(written)) return written.map(withoutVariables);
  if (typeof written !== 'object' || written === null) return written;
  return Object.fromEntries(Object.entries(written).map(([key, inner]) => [key, withoutVariables(inner)]));
}

type Top = Omit<Config, 'routes'>;
type Routes = readonly Written[];

const describedPools = new WeakMap<PoolConfig, Written>();
const shownPools = new WeakMap<PoolConfig, Written>();
/** Long lists are not kept for the next who asks, but those who ask for both sides of a change get the same. */
const describedRoutes = new WeakMap<Config['routes'], WeakRef<Routes>>();
const shownRoutes = new WeakMap<Config['routes'], WeakRef<Routes>>();

/** The Config as plain data in the words of the grammar, as it would be written, with its secrets. Routes are worked out when they are asked for. */
export function describeConfig({ routes, ...config }: Config): Written {
  return withRoutes(describeTop(config), () => onceWhileUsed(describedRoutes, routes, () => routes.map(describeRoute)));
}

/**
 * Two configs as `describeConfig` returns them, to be compared: without pools that are the same objects in both, and without the routes, the
 * same objects, with which both lists begin and end.
 */
export function* describeBothInSteps(before: Config, after: Config): Steps<readonly [Written, Written]> {
  const [was, is] = withoutSame(before, after);
  yield;
  const [routesBefore, routesAfter] = [yield* describeRoutes(was.routes), yield* describeRoutes(is.routes)];
  yield* describePools(was.pools);
  yield* describePools(is.pools);
  return [
    { ...describeTop(was), routes: routesBefore },
    { ...describeTop(is), routes: routesAfter },
  ];
}

function* describeRoutes(routes: Config['routes']): Steps<Routes> {
  const known = describedRoutes.get(routes)?.deref();
  if (known !== undefined) return known;
  const list: Written[] = [];
  for (const route of routes) {
    list.push(describeRoute(route));
    if (list.length % STEP_COUNT === 0) yield;
  }
  describedRoutes.set(routes, new WeakRef(list));
  return list;
}

function* describePools(pools: Config['pools']): Steps<void> {
  for (let index = 0; index < pools.length; index++) {
    describePoolOnce(pools[index]!);
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
}

function describeBoth(before: Config, after: Config): readonly [Written, Written] {
  const [was, is] = withoutSame(before, after);
  return [
    { ...describeTop(was), routes: was.routes.map(describeRoute) },
    { ...describeTop(is), routes: is.routes.map(describeRoute) },
  ];
}

/** Makes what `describeConfig` returns of the pools, in turns: what is known by then is not made again. */
export async function describeInTurns({ pools }: Config, pace: Pace): Promise<void> {
  for (const pool of pools) {
    describePoolOnce(pool);
    await pace.rest();
  }
}

/** What `describeConfig` returns, with the routes worked out, for who has other things to do in between. */
export function* describeInSteps(config: Config): Steps<Written> {
  yield* describePools(config.pools);
  const routes = yield* describeRoutes(config.routes);
  return { ...describeTop(config), routes };
}

/** The same for `showConfig`. */
export async function showInTurns({ pools }: Config, pace: Pace): Promise<void> {
  for (const pool of pools) {
    showPool(pool);
    await pace.rest();
  }
}

/** Pools that are described at once. */
const GROUP = 50;

/** The same part by part: all but pools, then some pools after the other. Each names what it compares on both sides. */
export function* describeDifferent(before: Config, after: Config): Generator<readonly [Written, Written], void> {
  const [was, is] = withoutSame(before, after);
  yield describeBoth({ ...was, pools: [] }, { ...is, pools: [] });
  const names = [...new Set([...was.pools, ...is.pools].map(({ name }) => name))];
  for (let from = 0; from < names.length; from += GROUP) {
    const group = new Set(names.slice(from, from + GROUP));
    const of = ({ pools }: Config): Written => {
      const some = pools.filter(({ name }) => group.has(name));
      return { pools: Object.fromEntries(some.map((pool) => [pool.name, describePoolOnce(pool)])) };
    };
    yield [of(was), of(is)];
  }
}

/** Both without pools that are the same objects in both, and without the routes, the same objects, with which both lists begin and end. */
export function withoutSame(before: Config, after: Config): readonly [Config, Config] {
  const [had, has] = [new Set(before.pools), new Set(after.pools)];
  const [was, is] = withoutSameRoutes(before.routes, after.routes);
  return [
    { ...before, pools: before.pools.filter((pool) => !has.has(pool)), routes: was },
    { ...after, pools: after.pools.filter((pool) => !had.has(pool)), routes: is },
  ];
}

function withoutSameRoutes(before: Config['routes'], after: Config['routes']): readonly [Config['routes'], Config['routes']] {
  if (before === after) return [before.slice(-1), after.slice(-1)];
  const least = Math.min(before.length, after.length);
  let [start, end] = [0, 0];
  while (start < least && before[start] === after[start]) start++;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  // An empty list would say that there are no routes at all.
  if (start + end === least) {
    if (start > 0) start--;
    else if (end > 0) end--;
  }
  return [before.slice(start, before.length - end), after.slice(start, after.length - end)];
}

function withRoutes(top: Written, make: () => Routes): Written {
  return Object.defineProperty({ ...top }, 'routes', { get: make, enumerable: true });
}

function onceWhileUsed(known: WeakMap<Config['routes'], WeakRef<Routes>>, routes: Config['routes'], make: () => Routes): Routes {
  let list = known.get(routes)?.deref();
  if (list === undefined) known.set(routes, new WeakRef((list = make())));
  return list;
}

function describeTop(config: Top): Written {
  return { ...describeRest(config), pools: poolsOf(config, describePoolOnce), ...describeTemplates(config) };
}

function showTop(config: Top): Written {
  return { ...showSettings(config), pools: poolsOf(config, showPool), ...showTemplates(config) };
}

/** All but pools, routes and rollouts. */
export function showSettings(config: Top): Written {
  return maskWritten(describeRest(config));
}

/** `rollouts`, where there are any. */
export function showTemplates(config: Top): Written {
  return maskWritten(describeTemplates(config));
}

function poolsOf({ pools }: Top, written: (pool: PoolConfig) => Written): Written {
  return Object.fromEntries(pools.map((pool) => [pool.name, written(pool)]));
}

function describePoolOnce(pool: PoolConfig): Written {
  let written = describedPools.get(pool);
  if (written === undefined) describedPools.set(pool, (written = withoutUndefined(describePool(pool)) as Written));
  return written;
}

export function showPool(pool: PoolConfig): Written {
  let written = shownPools.get(pool);
  if (written === undefined) shownPools.set(pool, (written = maskWritten(describePoolOnce(pool), ['pools', pool.name])));
  return written;
}

export function showRoute(route: Config['routes'][number]): Written {
  const written = describeRoute(route);
  return maySayValues(route) ? maskWritten(written, ['routes', route.name]) : written;
}

function describeRest(config: Top): Written {
  return withoutUndefined({
    listeners: config.listeners.map(describeListener),
    admin: describeAdmin(config.admin),
    workers: config.workers === 0 ? 'auto' : config.workers,
    state: config.state.dir === undefined ? 'memory' : { dir: config.state.dir, whenLost: config.state.whenLost },
    drain: { delay: formatDuration(config.drain.delayMs), timeout: formatDuration(config.drain.timeoutMs) },
    overload: { memory: describeMemory(config.overload) },
    accessLog: config.accessLog ?? 'off',
  }) as Written;
}

/** A config without any looks as it always did. */
function describeTemplates({ rollouts }: Top): Written {
  return rollouts.length === 0 ? {} : (withoutUndefined({ rollouts: describeRollouts(rollouts) }) as Written);
}

function describeMemory({ memoryBytes }: OverloadConfig): string {
  if (memoryBytes === 'auto') return 'auto';
  return memoryBytes === 0 ? 'off' : formatSize(memoryBytes);
}

function describeAdmin({ address, mode, files, hosts, probesAddress, probesMode, tls, tokens, links, limits }: AdminConfig): Written {
  return {
    address: formatAddress(address),
    mode: formatMode(mode),
    hosts,
    files,
    probes: probesAddress === undefined ? undefined : { address: formatAddress(probesAddress), mode: formatMode(probesMode) },
    tls,
    auth: { tokens: tokens.map(({ name, role, source }) => ({ name, role, [source.kind]: source.name })) },
    links: links === undefined ? undefined : { url: links.url, for: formatDuration(links.forMs) },
    limits,
  };
}
