// What a change would mean for the users and the latest requests, before it is made. It asks the workers what they remember.

import type { Config, PoolConfig, VersionConfig } from '../config/model.ts';
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

/** The Table of now, with what is ready now. */
export function sideBefore(table: Table, statuses: readonly PoolStatus[], memory?: SessionMemory & Pick<Side, 'users'>): Side {
  const ready = new Set(statuses.flatMap((pool) => pool.versions.filter((each) => each.ready).map((each) => key(pool.name, each.name))));
  return { table, ready: (pool, version) => ready.has(keyOf(pool, version)), memory, users: (pool) => memory?.users?.(pool) };
}

/** Another one, with what would be ready then: endpoints are as well as they are now, and those that nobody knows yet are well. */
export function sideAfter(table: Table, { pools }: Config, statuses: readonly PoolStatus[], memory?: SessionMemory): Side {
  const known = versionStatuses(statuses);
  const ready = new Set(pools.flatMap((pool) => readyVersions(pool, known)));
  return { table, ready: (pool, version) => ready.has(keyOf(pool, version)), memory };
}

export function versionStatuses(statuses: readonly PoolStatus[]): ReadonlyMap<string, VersionStatus> {
  return new Map(statuses.flatMap((pool) => pool.versions.map((version) => [key(pool.name, version.name), version] as const)));
}

/** Versions of a pool that are ready, each as `pool version`; what is not known is. */
export function readyVersions(pool: PoolConfig, known: ReadonlyMap<string, VersionStatus>): readonly string[] {
  const names = pool.versions.map((version) => [version, key(pool.name, version.name)] as const);
  return names.filter(([version, name]) => wouldBeReady(version, known.get(name))).map(([, name]) => name);
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

function seenRequest({ listener, method, target, authority, fields, client, standsFor }: Observation): SeenRequest {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  return { listener, client, standsFor, request: { method, path, query, authority, block: fields } };
}

function keyOf(pool: PoolTable, version: number): string {
  return key(pool.name, pool.versions[version]?.name ?? '');
}

/** No name holds a blank. */
function key(pool: string, version: string): string {
  return `${pool} ${version}`;
}
