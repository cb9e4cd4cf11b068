// A Config back to the grammar it was written in, with every default filled in. What is printed decodes to the same Config.

import { stringify } from 'yaml';
import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import { escapeVariables } from './environment.ts';
import { maskWritten } from './mask.ts';
import type { AdminConfig, Config, ListenerConfig, OverloadConfig, RouteConfig } from './model.ts';
import { describeChanges, describeMatch, describePathRewrite } from './print-match.ts';
import { describePool } from './print-pool.ts';
import { describeRollouts } from './print-rollout.ts';
import { formatSize } from './size.ts';

/** Plain data in the grammar of the YAML; keys whose value is undefined are absent. */
export type Written = Readonly<Record<string, unknown>>;

const routesAsJson = new WeakMap<object, string>();

/** What `describeConfig` returned, as JSON; routes that stay are printed once. */
export function writtenAsJson({ routes, ...top }: Written): string {
  if (!Array.isArray(routes)) return JSON.stringify({ ...top, routes });
  let text = routesAsJson.get(routes);
  if (text === undefined) routesAsJson.set(routes, (text = JSON.stringify(routes)));
  const rest = JSON.stringify(top).slice(0, -1);
  return `${rest}${rest === '{' ? '' : ','}"routes":${text}}`;
}

/** YAML with all defaults filled in, secrets masked; file paths are absolute. */
export function printConfig(config: Config): string {
  return printWritten(showConfig(config));
}

const shown = new WeakMap<object, unknown>();

/** What `describeConfig` returns, with masks in place of secrets: for whatever leaves the process. Routes that stay are looked at once. */
export function showConfig(config: Config): Written {
  const { routes, ...top } = describeConfig(config);
  return maskedOnce(describeConfig(config), () => ({
    ...maskWritten(top),
    routes: maskedOnce(routes as object, () => maskWritten(routes, ['routes'])),
  }));
}

function maskedOnce<T>(of: object, mask: () => T): T {
  const known = shown.get(of);
  if (known !== undefined) return known as T;
  const masked = mask();
  shown.set(of, masked);
  return masked;
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

const described = new WeakMap<Config, Written>();
const describedRoutes = new WeakMap<Config['routes'], readonly Written[]>();

/** The Config as plain data in the words of the grammar, as it would be written, with its secrets: for the store. Made once for each Config, and for each list of routes. */
export function describeConfig(config: Config): Written {
  let written = described.get(config);
  if (written === undefined) described.set(config, (written = describe(config)));
  return written;
}

function describe(config: Config): Written {
  const top = withoutUndefined({
    listeners: config.listeners.map(describeListener),
    admin: describeAdmin(config.admin),
    workers: config.workers === 0 ? 'auto' : config.workers,
    state: config.state.dir === undefined ? 'memory' : { dir: config.state.dir, whenLost: config.state.whenLost },
    drain: { delay: formatDuration(config.drain.delayMs), timeout: formatDuration(config.drain.timeoutMs) },
    overload: { memory: describeMemory(config.overload) },
    accessLog: config.accessLog ?? 'off',
    pools: Object.fromEntries(config.pools.map((pool) => [pool.name, describePool(pool)])),
    // A config without any looks as it always did.
    rollouts: config.rollouts.length === 0 ? undefined : describeRollouts(config.rollouts),
  }) as Written;
  return { ...top, routes: describeRoutes(config.routes) };
}

function describeRoutes(routes: Config['routes']): readonly Written[] {
  let written = describedRoutes.get(routes);
  if (written === undefined)
    describedRoutes.set(routes, (written = routes.map((route) => withoutUndefined(describeRoute(route)) as Written)));
  return written;
}

function describeMemory({ memoryBytes }: OverloadConfig): string {
  if (memoryBytes === 'auto') return 'auto';
  return memoryBytes === 0 ? 'off' : formatSize(memoryBytes);
}

function describeListener({ address, limits, ...rest }: ListenerConfig): Written {
  return {
    name: rest.name,
    address: formatAddress(address),
    mode: formatMode(rest.mode),
    tls: rest.tls,
    protocols: rest.protocols,
    trustedProxies: rest.trustedProxies,
    proxyProtocol: rest.proxyProtocol,
    limits: {
      headerBytes: formatSize(limits.headerBytes),
      headerCount: limits.headerCount,
      requestLine: formatSize(limits.requestLineBytes),
      headerTimeout: formatDuration(limits.headerTimeoutMs),
      idleTimeout: formatDuration(limits.idleTimeoutMs),
      requestsPerConnection: limits.requestsPerConnection,
      connections: limits.connections,
      bodyBytes: formatSize(limits.bodyBytes),
    },
  };
}

function formatMode(mode: number | undefined): string | undefined {
  return mode === undefined ? undefined : `0${mode.toString(8).padStart(3, '0')}`;
}

function describeAdmin({ address, mode, files, hosts, probesAddress, probesMode, tokens, limits }: AdminConfig): Written {
  return {
    address: formatAddress(address),
    mode: formatMode(mode),
    hosts,
    files,
    probes: probesAddress === undefined ? undefined : { address: formatAddress(probesAddress), mode: formatMode(probesMode) },
    auth: { tokens: tokens.map(({ name, role, source }) => ({ name, role, [source.kind]: source.name })) },
    limits,
  };
}

function describeRoute({ action, timeoutMs, rewrite, ...route }: RouteConfig): Written {
  return {
    name: route.name,
    listeners: route.listeners,
    hosts: route.hosts,
    match: route.match.map(describeMatch),
    ...describeAction(action),
    timeout: formatDuration(timeoutMs),
    rewrite: { host: rewrite.host, path: describePathRewrite(rewrite.path), location: rewrite.location },
    requestHeaders: describeChanges(route.requestHeaders),
    responseHeaders: describeChanges(route.responseHeaders),
  };
}

function describeAction(action: RouteConfig['action']): Written {
  switch (action.kind) {
    case 'pool':
      return { pool: action.pool, version: action.version };
    case 'redirect':
      return { redirect: { ...action.redirect, path: describePathRewrite(action.redirect.path) } };
    case 'respond':
      return { respond: action.respond };
  }
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutUndefined(inner)]));
}
