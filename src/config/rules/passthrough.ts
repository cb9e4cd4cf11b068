// Listeners that pass connections through, beside the rest of the config: what they exclude, where they lead, and which parts of a pool have no
// meaning for connections that nobody reads.

import type { Config, ListenerConfig, PassthroughConfig, PoolConfig } from '../model.ts';
import { leadsOf, passedPools, servingListeners } from '../passthrough.ts';
import type { Path } from '../path.ts';
import { noSuch } from '../suggest.ts';
import { reaches } from './own-addresses.ts';
import type { Review } from './review.ts';

interface Passing {
  readonly listener: ListenerConfig;
  readonly passthrough: PassthroughConfig;
  /** Of the listener. */
  readonly path: Path;
}

function passingOf({ listeners }: Config): readonly Passing[] {
  return listeners.flatMap((listener, index) => {
    const { passthrough } = listener;
    return passthrough === undefined ? [] : [{ listener, passthrough, path: ['listeners', index] }];
  });
}

/** TLS and requests are what such a listener does not read. */
export function passthroughStandsAlone(config: Config, review: Review): void {
  for (const { listener, path } of passingOf(config)) {
    const { name, tls, connect } = listener;
    if (tls !== undefined) review.problem([...path, 'tls'], `listener "${name}" passes connections through, so no TLS ends there`, 'key');
    if (connect.length > 0)
      review.problem([...path, 'connect'], `listener "${name}" passes connections through: it reads no CONNECT`, 'key');
    if (review.written([...path, 'protocols']) !== undefined)
      review.problem([...path, 'protocols'], `listener "${name}" passes connections through, whatever they speak`, 'key');
  }
}

export function passthroughNamesPools(config: Config, review: Review): void {
  const names = new Set(config.pools.map(({ name }) => name));
  for (const { passthrough, path } of passingOf(config)) {
    for (const lead of leadsOf(passthrough)) {
      if (!names.has(lead.pool)) review.problem(writtenPath(review, path, lead.path), noSuch('pool', lead.pool, names));
    }
  }
}

/** A name may be written otherwise than it is compared. */
function writtenPath(review: Review, listener: Path, [key, name]: Path): Path {
  const path = [...listener, 'passthrough', key!];
  if (name === undefined) return path;
  const written = Object.keys((review.written(path) ?? {}) as object);
  return [...path, written.find((each) => each.toLowerCase().replace(/\.$/, '') === name) ?? name];
}

/** By key: the field, and its default, which is passed over, because printed configs hold them all. */
const OF_REQUESTS: readonly (readonly [string, keyof ListenerConfig['limits'], number])[] = [
  ['headerBytes', 'headerBytes', 16_384],
  ['headerCount', 'headerCount', 100],
  ['requestLine', 'requestLineBytes', 8192],
  ['idleTimeout', 'idleTimeoutMs', 60_000],
  ['requestsPerConnection', 'requestsPerConnection', 0],
  ['streams', 'streams', 100],
  ['bodyBytes', 'bodyBytes', 0],
];

export function passedLimitsMeanSomething(config: Config, review: Review): void {
  for (const { listener, path } of passingOf(config)) {
    const why = 'this listener passes connections through';
    for (const [key, field, usual] of OF_REQUESTS) {
      const place = [...path, 'limits', key];
      if (listener.limits[field] !== usual) review.notice(place, `${key} bounds requests, and ${why}`, 'key');
    }
    if (listener.trustedProxies.length === 0 || listener.proxyProtocol) continue;
    review.notice([...path, 'trustedProxies'], `there are no forwarding fields to believe: ${why}, without proxyProtocol`, 'key');
  }
}

export function routesAreServed(config: Config, review: Review): void {
  if (config.routes.length === 0 || servingListeners(config).length > 0) return;
  review.notice(['routes'], 'every listener passes connections through: no route is ever used', 'key');
}

/** What tells requests apart, or copies them, does nothing for connections. */
export function passedPoolsMeanSomething(config: Config, review: Review): void {
  const passed = passedPools(config);
  if (passed.size === 0) return;
  const routed = new Set(config.routes.map(({ action }) => (action.kind === 'pool' ? action.pool : undefined)));
  const secure = new Set(
    passingOf(config)
      .flatMap(({ passthrough }) => (passthrough.kind === 'sni' ? leadsOf(passthrough) : []))
      .map(({ pool }) => pool),
  );
  for (const pool of config.pools) {
    if (passed.has(pool.name) && !routed.has(pool.name)) noticeRequestKeys(pool, review);
    if (secure.has(pool.name)) noticePlainKeys(pool, routed.has(pool.name), review);
  }
}

function noticeRequestKeys({ name, affinity, overrides, mirrors }: PoolConfig, review: Review): void {
  const path = ['pools', name];
  const why = 'connections are passed to this pool, and no route leads to it';
  if (affinity !== undefined && affinity.kind !== 'clientIp')
    review.notice([...path, 'affinity'], `${why}: only clientIp tells clients apart there`, 'key');
  if (overrides.length > 0) review.notice([...path, 'overrides'], `${why}: no override is ever met`, 'key');
  if (mirrors.length > 0) review.notice([...path, 'mirrors'], `${why}: nothing is copied`, 'key');
}

/** Endpoints that end the TLS of clients speak it themselves. */
function noticePlainKeys({ name, health, versions }: PoolConfig, isRouted: boolean, review: Review): void {
  for (const version of versions) {
    if (version.tls === undefined || isRouted) continue;
    const message = 'connections with the TLS of clients are passed to this pool: it would go inside of this one';
    review.notice(['pools', name, 'versions', version.name, 'tls'], message, 'key');
  }
  if (health === undefined || health.protocol === 'tcp' || health.port !== 0 || versions.some(({ tls }) => tls !== undefined)) return;
  const message =
    'connections with the TLS of clients are passed to this pool, and probes ask its endpoints in plain HTTP: write protocol: tcp, or the port of their health check';
  review.notice(['pools', name, 'health'], message, 'key');
}

/** A connection that comes back goes on until the listener has as many as it may have. */
export function passthroughLeadsElsewhere(config: Config, review: Review): void {
  const all = passingOf(config);
  const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
  for (const { listener, passthrough, path } of all) {
    for (const lead of leadsOf(passthrough)) {
      const pool = pools.get(lead.pool);
      if (pool === undefined || !comesBack(listener, pool, all, pools)) continue;
      const message = `an endpoint of pool "${lead.pool}" leads back to listener "${listener.name}": connections would go round until none is left`;
      review.problem(writtenPath(review, path, lead.path), message);
    }
  }
}

/** Looked for where it is certain: at the listener itself, and by way of others that pass all that they get on to one pool. */
function comesBack(listener: ListenerConfig, pool: PoolConfig, all: readonly Passing[], pools: ReadonlyMap<string, PoolConfig>): boolean {
  const seen = new Set([pool]);
  for (const next of seen) {
    for (const { address } of next.versions.flatMap(({ endpoints }) => endpoints)) {
      if (reaches(address, listener.address)) return true;
      const other = all.find((each) => each.passthrough.kind === 'whole' && reaches(address, each.listener.address));
      const behind = other?.passthrough.kind === 'whole' ? pools.get(other.passthrough.pool) : undefined;
      if (behind !== undefined) seen.add(behind);
    }
  }
  return false;
}
