// Schema of a pool: its versions, their split, and how they are reached.

import { z } from 'zod';
import { formatAddress } from '../address.ts';
import type { AffinityConfig, EndpointConfig, OutlierConfig, PoolConfig, VersionConfig } from '../model.ts';
import { duration, endpointAddress, share, size, someText, weight } from './scalar.ts';
import { fullList, list, named, oneWord, shape, whole } from './shape.ts';
import { affinity, mirror, override } from './steering.ts';
import { health, retries } from './care.ts';

const MIB = 1024 * 1024;
const MOST = 1_000_000_000;

type PoolBody = Omit<PoolConfig, 'name' | 'affinity'> & { readonly affinity: AffinityConfig | undefined };

/** Pools by name, as a list in the order of the file. */
export function pools() {
  return named('pool', pool()).transform((written): PoolConfig[] =>
    Object.entries(written).map(([name, body]) => ({ name, ...body, affinity: nameCookie(name, body.affinity) })),
  );
}

function pool() {
  return shape({
    versions: versions().describe('Deployable revisions of this pool, by name.'),
    split: named('version', weight()).describe('Weight per version; required when there is more than one.').optional(),
    affinity: affinity().describe('Same key, same version.').optional(),
    overrides: list(override()).default([]).describe('Requests that name their version outright.'),
    mirrors: list(mirror()).default([]).describe('Versions that get copies of requests.'),
    balancer: balancer().describe('Picks one endpoint of a version.'),
    health: health().describe('Active health checks.').optional(),
    outlier: outlier().describe('Ejects endpoints that fail real requests.'),
    limits: limits().describe('Bounds per version.'),
    slowStart: duration().prefault('0s').describe('How long a fresh endpoint takes to get its full share.'),
    timeouts: timeouts().describe('Of the upstream side.'),
    retries: retries().describe('When and how often an exchange is tried again.'),
    fallback: fallback().describe('What answers when a version has no ready endpoint.'),
  }).transform(({ slowStart, split, ...rest }): PoolBody => ({
    ...rest,
    split: fillSplit(rest.versions, split),
    affinity: rest.affinity,
    health: rest.health,
    slowStartMs: slowStart,
  }));
}

/** Every version gets an entry; a sole version without a split gets all. Names that no version has are dropped here and found by a rule. */
function fillSplit(list: readonly VersionConfig[], split: Readonly<Record<string, number>> | undefined): Record<string, number> {
  const sole = split === undefined && list.length === 1 ? 1 : 0;
  return Object.fromEntries(list.map(({ name }) => [name, split !== undefined && Object.hasOwn(split, name) ? (split[name] ?? 0) : sole]));
}

function nameCookie(pool: string, affinity: AffinityConfig | undefined): AffinityConfig | undefined {
  return affinity?.kind === 'cookie' && affinity.name === '' ? { ...affinity, name: `sluice-${pool}` } : affinity;
}

function versions() {
  return named('version', version())
    .refine((written) => Object.keys(written).length > 0, { error: 'must be a map with at least one version' })
    .transform((written): VersionConfig[] => Object.entries(written).map(([name, body]) => ({ name, ...body })));
}

function version() {
  return shape({
    endpoints: fullList('endpoint', endpoint()).describe('Addresses that serve this version.'),
    tls: shape({}).describe('Present: the upstream side speaks TLS.').optional(),
    protocol: oneWord('protocol', ['http1', 'http2', 'auto']).default('http1').describe('What the upstream speaks.'),
    dns: shape({ refresh: duration(1).prefault('5s').describe('How often names are resolved again.') })
      .prefault({})
      .describe('How names are resolved.'),
  }).transform(({ endpoints, tls, protocol, dns }) => ({ endpoints, tls: tls !== undefined, protocol, dnsRefreshMs: dns.refresh }));
}

function endpoint() {
  const full = shape({
    address: endpointAddress().describe('host:port, "[v6]:port", unix:/path or srv:_service._tcp.name.'),
    weight: weight().default(1).describe('Share among the endpoints of the version.'),
    zone: someText('zone').describe('Where it is.').optional(),
  });
  return z
    .union([endpointAddress(), full], { error: 'endpoint must be an address or a map with an address' })
    .transform((written): EndpointConfig => {
      if ('kind' in written) return { address: written, key: formatAddress(written), weight: 1, zone: undefined };
      return { address: written.address, key: formatAddress(written.address), weight: written.weight, zone: written.zone };
    });
}

function balancer() {
  return oneWord('balancer', ['round-robin', 'least-request', 'peak-ewma', 'ring-hash', 'random']).default('least-request');
}

function outlier() {
  return shape({
    consecutive: whole('consecutive', 0, 1_000_000).default(5).describe('Failures in a row that eject; 0 = off.'),
    interval: duration(1).prefault('10s').describe('How often ejections are reviewed.'),
    ejection: duration(1).prefault('30s').describe('How long the first ejection lasts.'),
    maxEjected: share().prefault('50%').describe('Largest share of endpoints that may be ejected.'),
  })
    .transform(({ consecutive, interval, ejection, maxEjected }): OutlierConfig => ({
      consecutive,
      intervalMs: interval,
      ejectionMs: ejection,
      maxEjected,
    }))
    .prefault({});
}

function limits() {
  return shape({
    connections: whole('connections', 0, MOST).default(1024).describe('Open connections; 0 = no limit.'),
    pending: whole('pending', 0, MOST).default(1024).describe('Requests that wait for a connection; 0 = no limit.'),
    requests: whole('requests', 0, MOST).default(0).describe('Requests in flight; 0 = no limit.'),
    headerBytes: size(256, MIB).prefault('32KiB').describe('Largest head of an answer.'),
    headerCount: whole('headerCount', 1, 10_000).default(200).describe('Most header fields of an answer.'),
  }).prefault({});
}

function timeouts() {
  return shape({
    connect: duration(1).prefault('1s').describe('Until a connection is open.'),
    response: duration().prefault('15s').describe('Until the head of the answer arrives; 0s = none.'),
    idle: duration(1).prefault('60s').describe('How long an unused connection is kept.'),
  })
    .transform(({ connect, response, idle }) => ({ connectMs: connect, responseMs: response, idleMs: idle }))
    .prefault({});
}

function fallback() {
  return shape({
    whenNoneReady: oneWord('whenNoneReady', ['split', 'fail']).default('split').describe('split: another version answers; fail: 503.'),
  }).prefault({});
}
