// Turns a Config into a Table. Every string that serving would have to parse is parsed here.

import { compoundKey } from '../lib/compound-key.ts';
import { hashString } from '../lib/hash.ts';
import { STEP_COUNT, finish } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { compileChanges } from './compile-changes.ts';
import { compileConnects } from './connect-table.ts';
import type { Config, PoolConfig, RespondConfig, RouteConfig } from '../config/model.ts';
import { revealed } from '../config/secret.ts';
import { compileAffinity } from './affinity.ts';
import { Matcher } from './match.ts';
import { compileMirrors } from './mirror.ts';
import { compileOverride } from './overrides.ts';
import { compilePassthroughs } from './passthrough.ts';
import { compileSessionRule } from './session-rule.ts';
import type { VersionTable } from './choice.ts';
import { ACTION_POOL, ACTION_REDIRECT, ACTION_RESPOND } from './route-table.ts';
import type { FixedResponse, RouteTable } from './route-table.ts';
import type { Destination, PoolTable, Table } from './table.ts';

const SEED = 0x51_0c_e5_ed;

/** The compiled form of one list of routes. */
interface Compiled extends Pick<Table, 'routes' | 'matchers'> {
  /** Names of the listeners that it was made for. */
  readonly listeners: string;
  /** The different places that routes lead to, each by its first route, and which of them each route leads to; -1: none. */
  readonly targets: readonly RouteConfig[];
  readonly targetOf: Int32Array;
}

const compiled = new WeakMap<Config['routes'], Compiled>();

/**
 * A list of routes is compiled once for each set of listeners, so that a change of pools alone costs little however many routes there are.
 * @throws an Error on a Config that its rules would have refused: an unknown pool or version, a bad pattern or field name
 */
export function compileTable(config: Config, revision: number): Table {
  return finish(compileInSteps(config, revision));
}

/** The same for who has other things to do in between. */
export function* compileInSteps(config: Config, revision: number): Steps<Table> {
  const pools = yield* compilePools(config.pools);
  const { routes, matchers, targets, targetOf } = yield* compileRoutes(config);
  const places = findDestinations(targets, pools);
  const connects = compileConnects(config.listeners, pools);
  const passthroughs = compilePassthroughs(config.listeners, pools);
  const destinations = Array.from(targetOf, (target) => places[target]);
  return { revision, pools, routes, matchers, connects, passthroughs, destinations };
}

function* compileRoutes(config: Config): Steps<Compiled> {
  const listeners = JSON.stringify(config.listeners.map(({ name }) => name));
  const known = compiled.get(config.routes);
  if (known?.listeners === listeners) return known;
  const routes: RouteTable[] = [];
  for (const [index, route] of config.routes.entries()) {
    routes.push(compileRoute(route, index));
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  const matchers = yield* compileMatchers(config, routes);
  const made = { routes, matchers, listeners, ...findTargets(config.routes) };
  yield;
  compiled.set(config.routes, made);
  return made;
}

function findTargets(routes: readonly RouteConfig[]): Pick<Compiled, 'targets' | 'targetOf'> {
  const known = new Map<string, number>();
  const targets: RouteConfig[] = [];
  const targetOf = new Int32Array(routes.length).fill(-1);
  for (let index = 0; index < routes.length; index++) {
    const route = routes[index]!;
    if (route.action.kind !== 'pool') continue;
    const { pool, version } = route.action;
    const place = version === undefined ? pool : compoundKey(pool, version);
    let target = known.get(place);
    if (target === undefined) known.set(place, (target = targets.push(route) - 1));
    targetOf[index] = target;
  }
  return { targets, targetOf };
}

/** Routes that lead to the same place share it. */
function findDestinations(targets: readonly RouteConfig[], pools: readonly PoolTable[]): readonly (Destination | undefined)[] {
  const whole = new Map(pools.map((pool): [string, Destination] => [pool.name, { pool, version: undefined }]));
  return targets.map(({ name, action }) => {
    if (action.kind !== 'pool') return undefined;
    const destination = whole.get(action.pool);
    if (destination === undefined) throw new Error(`route ${name} names the unknown pool ${action.pool}`);
    const { pool } = destination;
    return action.version === undefined ? destination : { pool, version: namedVersion(pool.versions, action.version, pool.name) };
  });
}

function* compilePools(configs: readonly PoolConfig[]): Steps<readonly PoolTable[]> {
  const pools: Unmirrored[] = [];
  for (const [index, config] of configs.entries()) {
    pools.push(compilePoolOnce(config, index));
    if (index % STEP_COUNT === STEP_COUNT - 1) yield;
  }
  yield;
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const find = (name: string): PoolTable => {
    const pool = byName.get(name);
    if (pool === undefined) throw new Error(`a mirror leads to the unknown pool ${name}`);
    return pool;
  };
  // A mirror may lead to a pool that comes later; these Tables are in no other hands yet.
  for (const pool of pools) if (pool.config.mirrors.length > 0) pool.mirrors = compileMirrors(pool.config, find);
  return pools;
}

const compiledPools = new WeakMap<PoolConfig, Unmirrored>();

/** A pool with mirrors depends on others. */
function compilePoolOnce(config: PoolConfig, index: number): Unmirrored {
  if (config.mirrors.length > 0) return compilePool(config, index);
  const known = compiledPools.get(config);
  if (known?.index === index) return known;
  const made = compilePool(config, index);
  compiledPools.set(config, made);
  return made;
}

type Unmirrored = Omit<PoolTable, 'mirrors'> & { mirrors: PoolTable['mirrors'] };

function compilePool(config: PoolConfig, index: number): Unmirrored {
  const versions = config.versions.map((version, position): VersionTable => ({ index: position, name: version.name }));
  const weights = Float64Array.from(versions, ({ name }) => (Object.hasOwn(config.split, name) ? (config.split[name] ?? 0) : 0));
  const weightTotal = weights.reduce((sum, weight) => sum + weight, 0);
  const poolSeed = hashString(config.name, SEED);
  return {
    index,
    name: config.name,
    versions,
    weights,
    weightTotal,
    canary: versions.findIndex(({ name }) => name === config.canary),
    seeds: Int32Array.from(config.versions, (version) => seedOf(version, poolSeed)),
    affinity: config.affinity === undefined ? undefined : compileAffinity(config.affinity),
    sessions: config.affinity?.remember === undefined ? undefined : compileSessionRule(config.affinity.remember, versions),
    overrides: config.overrides.map((override) => compileOverride(override, namedVersion(versions, override.version, config.name))),
    mirrors: undefined,
    fallback: config.fallback.whenNoneReady,
    holds: config.holdMs > 0,
    hasSlowStart: config.versions.some(({ slowStartMs }) => slowStartMs > 0),
    balancer: config.balancer,
    config,
  };
}

function seedOf({ name, salt }: PoolConfig['versions'][number], poolSeed: number): number {
  const seed = hashString(name, poolSeed);
  return salt === '' ? seed : hashString(salt, seed);
}

function compileRoute(config: RouteConfig, index: number): RouteTable {
  const { action } = config;
  return {
    index,
    name: config.name,
    action: action.kind === 'pool' ? ACTION_POOL : action.kind === 'redirect' ? ACTION_REDIRECT : ACTION_RESPOND,
    redirect: action.kind === 'redirect' ? action.redirect : undefined,
    respond: action.kind === 'respond' ? compileResponse(action.respond) : undefined,
    timeoutMs: config.timeoutMs,
    rewriteHost: config.rewrite.host,
    rewritePath: config.rewrite.path,
    rewritesLocation: config.rewrite.location,
    requestHeaders: compileChanges(config.requestHeaders),
    responseHeaders: compileChanges(config.responseHeaders),
    config,
  };
}

/** Listeners that serve all routes share one Matcher. */
function* compileMatchers(config: Config, routes: readonly RouteTable[]): Steps<ReadonlyMap<string, Matcher>> {
  const isShared = routes.every((route) => route.config.listeners.length === 0);
  const shared = isShared ? yield* Matcher.make(routes) : undefined;
  const matchers = new Map<string, Matcher>();
  for (const { name } of config.listeners) {
    matchers.set(name, shared ?? (yield* Matcher.make(routes.filter((route) => serves(route, name)))));
  }
  return matchers;
}

function serves(route: RouteTable, listener: string): boolean {
  const { listeners } = route.config;
  return listeners.length === 0 || listeners.includes(listener);
}

function namedVersion(versions: readonly VersionTable[], name: string, pool: string): VersionTable {
  const version = versions.find((candidate) => candidate.name === name);
  if (version === undefined) throw new Error(`pool ${pool} has no version ${name}`);
  return version;
}

function compileResponse({ status, headers, body }: RespondConfig): FixedResponse {
  return { status, fields: headers.map(([name, value]) => `${name}: ${revealed(value)}\r\n`).join(''), body };
}
