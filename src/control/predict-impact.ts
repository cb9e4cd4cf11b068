// What a change would mean for the users and the latest requests, before it is made. It asks the workers what they remember.

import type { PoolConfig, VersionConfig } from '../config/model.ts';
import type { SeenRequest, Side } from '../routing/expected-versions.ts';
import type { SessionMemory } from '../routing/session-reader.ts';
import type { PoolTable, Table } from '../routing/table.ts';
import type { Observation } from '../telemetry/observation.ts';
import type { EndpointStatus, PoolStatus, VersionStatus } from '../api/pools.ts';

/** Requests that are compared at most; the newest. */
const MAX_REQUESTS = 1000;

/** Those that can be decided again: whole, and part of the sample. */
export function seenRequests(exchanges: readonly Observation[]): readonly SeenRequest[] {
  return exchanges
    .filter((each) => each.standsFor > 0 && !each.isCut)
    .sort((one, other) => other.startedAtMs - one.startedAtMs)
    .slice(0, MAX_REQUESTS)
    .map(seenRequest);
}

/** A pool as it is now; undefined when it is not known. */
export type StatusOf = (pool: string) => PoolStatus | undefined;

/** The Table of now, with what is ready now: a pool is looked at when it is asked about. */
export function sideBefore(table: Table, statusOf: StatusOf, memory?: SessionMemory & Pick<Side, 'users'>): Side {
  const ready = oncePerPool((pool) => (statusOf(pool)?.versions ?? []).filter((each) => each.ready).map(({ name }) => name));
  return { table, ready: (pool, version) => isAmong(ready(pool.name), pool, version), memory, users: (pool) => memory?.users?.(pool) };
}

/** Another one, with what would be ready then: endpoints are as well as they are now, and those that nobody knows yet are well. */
export function sideAfter(table: Table, statusOf: StatusOf, memory?: SessionMemory): Side {
  const pools = new Map(table.pools.map(({ config }) => [config.name, config]));
  const ready = oncePerPool((name) => {
    const pool = pools.get(name);
    return pool === undefined ? [] : readyVersions(pool, statusOf(name));
  });
  return { table, ready: (pool, version) => isAmong(ready(pool.name), pool, version), memory };
}

/** Names of the versions of a pool that are ready; what is not known is. */
export function readyVersions(pool: PoolConfig, status: PoolStatus | undefined): readonly string[] {
  const known = new Map(status?.versions.map((version) => [version.name, version]));
  return pool.versions.filter((version) => wouldBeReady(version, known.get(version.name))).map(({ name }) => name);
}

function oncePerPool(find: (pool: string) => readonly string[]): (pool: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (pool) => {
    let names = known.get(pool);
    if (names === undefined) known.set(pool, (names = new Set(find(pool))));
    return names;
  };
}

function isAmong(names: ReadonlySet<string>, pool: PoolTable, version: number): boolean {
  return names.has(pool.versions[version]?.name ?? '');
}

function wouldBeReady(version: VersionConfig, status: VersionStatus | undefined): boolean {
  if (version.drain !== false) return false;
  // Names that were never resolved: they are if the change is made.
  if (version.endpoints.length === 0) return status?.ready ?? true;
  const endpoints = new Map(status?.endpoints.map((each) => [each.address, each]));
  return version.endpoints.some((each) => each.drain === false && each.weight > 0 && isWell(endpoints.get(each.key)));
}

/** A draining endpoint is taken for well: its health is not known. */
function isWell(status: EndpointStatus | undefined): boolean {
  return status?.reason !== 'unhealthy' && status?.reason !== 'ejected';
}

function seenRequest({ protocol, serverName, listener, method, target, authority, fields, client, standsFor }: Observation): SeenRequest {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return {
    listener,
    client,
    standsFor,
    serverName: protocol === '' ? undefined : serverName,
    request: { method, path, query, authority, block: fields },
  };
}
