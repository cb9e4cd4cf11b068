// To add and to remove a preview: a version without a share, with the override that leads to it, and the time at which both go. Pure.

import { isMap, own } from '../lib/plain.ts';
import { parseEndpointAddress } from './address.ts';
import { amendmentOf } from './amend.ts';
import type { Amendment } from './amend.ts';
import { isRefused, record, refuse, setOverride, standingValue, versionsOf } from './changes.ts';
import type { Changed, Standing } from './changes.ts';
import { formatDuration } from './duration.ts';
import { isFault } from './fault.ts';
import { readField } from './field.ts';
import type { FieldPath } from './field.ts';
import { samePlain } from './plain.ts';
import type { PoolConfig } from './model.ts';
import { isOpen } from './preview-opening.ts';
import { NAME_PATTERN } from './syntax.ts';

export interface Preview {
  readonly pool: string;
  readonly name: string;
  /** Addresses, as YAML says them. */
  readonly endpoints: readonly string[];
  /** Milliseconds since the epoch at which it goes. */
  readonly untilMs: number;
  readonly ttlMs: number;
  /** What the YAML would say of its override, without name and version; undefined: it has a host. */
  readonly override: Readonly<Record<string, unknown>> | undefined;
  /** Of a route of its own. */
  readonly host: string | undefined;
}

export const DEFAULT_PREVIEWS = { atMost: 10, longestMs: 7 * 86_400_000 } as const;

/** @param inForce the pool as it is served; undefined: there is none */
export function setPreview(standing: Standing, preview: Preview, inForce: PoolConfig | undefined): Changed {
  const { pool, name, endpoints, untilMs, ttlMs, override, host } = preview;
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  const path = ['pools', pool, 'versions', name];
  if (!new RegExp(NAME_PATTERN).test(name))
    return refuse('invalid', path, 'name must be 1 to 100 letters, digits, ".", "_" or "-", and begin with a letter or digit');
  if (versions.includes(name) && !isPreview(standing, pool, name))
    return refuse('invalid', path, `${name} is a version that is no preview`);
  const { atMost, longestMs } = inForce?.previews ?? DEFAULT_PREVIEWS;
  if (ttlMs > longestMs)
    return refuse('invalid', path, `a preview of this pool lasts ${formatDuration(longestMs)} at most, got ${formatDuration(ttlMs)}`);
  const others = versions.filter((each) => each !== name && isPreview(standing, pool, each));
  if (others.length >= atMost) return refuse('invalid', path, `the pool has ${others.length} previews, and may have ${atMost}: remove one`);
  const taken = readField(standingValue(standing), ['pools', pool, 'overrides', name]);
  if (isMap(taken) && own(taken, 'version') !== name)
    return refuse('invalid', ['pools', pool, 'overrides', name], 'there is an override of this name that leads elsewhere');
  const version = { endpoints: [...endpoints], preview: new Date(untilMs).toISOString() };
  const other = host === undefined ? undefined : routeOfHost(standing, host, routeName(pool, name));
  if (other !== undefined) return refuse('invalid', path, `the route ${other} has the host ${host ?? ''} already`);
  // What led to the one that is replaced goes with it.
  const cleared = removePreview(standing, pool, name);
  if (isRefused(cleared)) return cleared;
  const from = { ...standing, amendments: cleared };
  const route = { name: routeName(pool, name), hosts: [host], pool, version: name };
  const added = record(from, [
    amendmentOf(standing.written, path, version),
    ...splitFor(from, pool, versions),
    ...(host === undefined ? [] : [amendmentOf(standing.written, ['routes', route.name], route)]),
  ]);
  if (isRefused(added) || override === undefined) return added;
  return setOverride({ ...standing, amendments: added }, pool, name, { ...override, version: name });
}

/** Of its route. */
export function routeName(pool: string, name: string): string {
  return `preview-${pool}-${name}`;
}

function routesOf(standing: Standing): readonly Readonly<Record<string, unknown>>[] {
  const routes = readField(standingValue(standing), ['routes']);
  return Array.isArray(routes) ? routes.filter(isMap) : [];
}

/** Name of another route that has this very host. */
function routeOfHost(standing: Standing, host: string, except: string): string | undefined {
  const found = routesOf(standing).find((route) => {
    const hosts = own(route, 'hosts');
    return own(route, 'name') !== except && Array.isArray(hosts) && hosts.some((each) => String(each).toLowerCase() === host);
  });
  return found && String(own(found, 'name'));
}

/** With its override. What is gone already counts as removed. */
export function removePreview(standing: Standing, pool: string, name: string): Changed {
  const versions = versionsOf(standing, pool);
  if (isRefused(versions)) return versions;
  const path = ['pools', pool, 'versions', name];
  if (!versions.includes(name)) return standing.amendments;
  if (!isPreview(standing, pool, name)) return refuse('invalid', path, `${name} is a version that is no preview`);
  const gone = [path, ...leadingTo(standing, pool, name)].map((field) => amendmentOf(standing.written, field, undefined));
  return record(standing, [...gone, ...splitWithout(standing, pool, name)]);
}

/** Everything that names it, mirrors of other pools too: nothing that is left may lead to a version that is gone. */
function leadingTo(standing: Standing, pool: string, name: string): readonly FieldPath[] {
  const value = standingValue(standing);
  const named = (path: FieldPath, home: string): readonly FieldPath[] => {
    const found = readField(value, path);
    const its = (Array.isArray(found) ? found.filter(isMap) : []).filter(
      (each) => own(each, 'version') === name && (own(each, 'pool') ?? home) === pool,
    );
    return its.map((each) => [...path, String(own(each, 'name'))]);
  };
  const pools = readField(value, ['pools']);
  const mirrors = Object.keys(isMap(pools) ? pools : {}).flatMap((each) => named(['pools', each, 'mirrors'], each));
  const canary = readField(value, ['pools', pool, 'canary']) === name ? [['pools', pool, 'canary']] : [];
  return [...named(['routes'], pool), ...mirrors, ...named(['pools', pool, 'overrides'], pool), ...canary];
}

/** A split that somebody set may name it, with weight 0. */
function splitWithout(standing: Standing, pool: string, name: string): readonly Amendment[] {
  const path = ['pools', pool, 'split'];
  const said = readField(standing.written, path);
  const split = readField(standingValue(standing), path);
  if (!isMap(split)) return [];
  const { [name]: _, ...rest } = split;
  const isAlone = said === undefined && Object.keys(rest).length === 1;
  return [amendmentOf(standing.written, path, isAlone || samePlain(said, rest) ? said : rest)];
}

function isPreview(standing: Standing, pool: string, name: string): boolean {
  const version = readField(standingValue(standing), ['pools', pool, 'versions', name]);
  return isMap(version) && own(version, 'preview') !== undefined;
}

/** The key of `previews` that would have to open a preview before operators may make it; undefined: they may. */
export function closedBy(
  pool: PoolConfig | undefined,
  { endpoints, host }: Pick<Preview, 'endpoints' | 'host'>,
): 'endpoints' | 'hosts' | undefined {
  const hosts = pool?.previews?.hosts ?? [];
  const isHostOpen = host === undefined || hosts.some((each) => each === host || (each.startsWith('*.') && host.endsWith(each.slice(1))));
  if (!isHostOpen) return 'hosts';
  const areOpen = endpoints.every((text) => {
    const address = parseEndpointAddress(text);
    return !isFault(address) && isOpen(pool?.previews?.endpoints ?? [], address);
  });
  return areOpen ? undefined : 'endpoints';
}

/** A sole version needs no split as long as it is alone. */
function splitFor(standing: Standing, pool: string, versions: readonly string[]): readonly Amendment[] {
  const split = ['pools', pool, 'split'];
  const [sole] = versions;
  if (sole === undefined || readField(standingValue(standing), split) !== undefined) return [];
  return [amendmentOf(standing.written, split, { [sole]: 100 })];
}
