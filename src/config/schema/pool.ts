// Schema of a pool: its versions, their split, and how they are reached.

import { z } from 'zod';
import type { AffinityConfig, PoolConfig, VersionConfig, VersionTlsConfig } from '../model.ts';
import { drained, endpoint } from './endpoint.ts';
import { MAX_LIMIT, dnsServer, duration, filePath, hostText, salt, share, size, weightOrPercent } from './scalar.ts';
import { addProblem, flag, nonEmptyList, list, nameOf, named, oneOf, rare, strictMap, integer } from './strict-map.ts';
import { mirror } from './mirror.ts';
import { affinity, override } from './affinity.ts';
import { previews, previewTime } from './previews.ts';
import { health, outlier, retries } from './resilience.ts';

const MIB = 1024 * 1024;

type PoolBody = Omit<PoolConfig, 'name' | 'affinity'> & { readonly affinity: AffinityConfig | undefined };

/**
 * Pools by name, as a list in the order of the file.
 * @param ofVersions for pools in which versions do not stand as they are written
 */
export function pools(ofVersions: z.ZodType<readonly VersionConfig[]> = versions()) {
  return named('pool', pool(ofVersions)).transform((written): PoolConfig[] =>
    Object.entries(written).map(([name, body]) => ({ name, ...body, affinity: nameCookie(name, body.affinity) })),
  );
}

function pool(ofVersions: z.ZodType<readonly VersionConfig[]>) {
  return strictMap({
    versions: ofVersions.describe('Deployable revisions of this pool, by name.'),
    split: named('version', weightOrPercent())
      .describe('Weight per version, as numbers or as percents of 100; required when there is more than one.')
      .optional(),
    canary: nameOf('version').describe('The version under test; a rollout sets it.').optional(),
    affinity: affinity().describe('Same key, same version.').optional(),
    overrides: list(rare(override)).default([]).describe('Requests that name their version outright.'),
    mirrors: list(rare(mirror)).default([]).describe('Versions that get copies of requests.'),
    balancer: balancer().describe('Picks one endpoint of a version.'),
    health: health().describe('Active health checks.').optional(),
    outlier: outlier().describe('Ejects endpoints that fail real requests.'),
    limits: limits().describe('Bounds per version.'),
    slowStart: duration().prefault('0s').describe('How long an endpoint that comes new or returns takes to get its full share.'),
    zones: zones().describe('Zones of endpoints in the order in which they are used; the next takes over as far as one is not ready.'),
    panic: share().prefault('0%').describe('Below this share of ready endpoints all are used, ready or not; 0% = never.'),
    hold: duration().prefault('0s').describe('How long a request waits while no endpoint is ready; 0s = it gets 503 at once.'),
    drain: strictMap({ timeout: duration().prefault('0s').describe('After it connections in use are cut; 0s = never.') })
      .prefault({})
      .describe('How long an endpoint that leaves may finish what it has.'),
    timeouts: timeouts().describe('Of the upstream side.'),
    retries: retries().describe('When and how often an exchange is tried again.'),
    fallback: fallback().describe('Which version responds when the chosen one has no ready endpoint.'),
    previews: previews().describe('Which previews the API may add.').optional(),
  }).transform(({ slowStart, hold, drain, split, ...rest }): PoolBody => ({
    ...rest,
    split: fillSplit(rest.versions, split),
    canary: rest.canary,
    affinity: rest.affinity,
    health: rest.health,
    previews: rest.previews,
    slowStartMs: slowStart,
    holdMs: hold,
    drainTimeoutMs: drain.timeout,
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

export function versions() {
  return named('version', version())
    .refine((written) => Object.keys(written).length > 0, { error: 'must be a map with at least one version' })
    .transform((written): VersionConfig[] => Object.entries(written).map(([name, body]) => ({ name, ...body })));
}

function version() {
  return strictMap({
    endpoints: nonEmptyList('endpoint', endpoint()).describe('Addresses that serve this version.').optional(),
    endpointsFile: filePath('endpointsFile').describe('A YAML or JSON list of further endpoints; it is watched.').optional(),
    tls: versionTls().describe('Present: its endpoints speak TLS.').optional(),
    protocol: oneOf('protocol', ['http1', 'http2', 'auto']).default('http1').describe('What the upstream speaks.'),
    proxyProtocol: oneOf('proxyProtocol', ['v1', 'v2'])
      .describe('Present: connections begin with a PROXY header of this version, which names the client; none serves two clients.')
      .optional(),
    dns: dns().describe('How names are resolved.'),
    drain: drained().describe('true: it gets nothing new, and finishes what it has; a duration: within that time.'),
    slowStart: duration().prefault('0s').describe('How long this version takes to get its full share of the split when it comes into use.'),
    salt: salt().default('').describe('Goes into the hash of keyed users: another salt, other users. A rollout draws one.'),
    preview: previewTime().describe('Present: a preview, which never has a weight; the time at which it goes. The API sets it.').optional(),
  }).transform(({ endpoints = [], slowStart, preview, ...rest }, context) => {
    const { endpointsFile, tls, proxyProtocol } = rest;
    if (endpoints.length === 0 && endpointsFile === undefined) addProblem(context, 'a version needs endpoints or an endpointsFile');
    return { ...rest, endpoints, endpointsFile, tls, proxyProtocol, slowStartMs: slowStart, previewUntilMs: preview };
  });
}

function versionTls() {
  return strictMap({
    caFile: filePath('caFile')
      .describe('Authorities that sign certificates of endpoints, PEM; default: those that come with Node.')
      .optional(),
    serverName: hostText('serverName', 'without port')
      .describe('Whom all endpoints must prove to be; default: each the host of its address as it is written.')
      .optional(),
    verify: flag().default(true).describe('Whether endpoints must prove who they are.'),
    minVersion: z
      .enum(['1.2', '1.3'], { error: 'minVersion must be "1.2" or "1.3" (in quotes)' })
      .default('1.2')
      .describe('Oldest TLS version.'),
    certificate: strictMap({
      certFile: filePath('certFile').describe('Certificate chain, PEM.'),
      keyFile: filePath('keyFile').describe('Private key, PEM.'),
    })
      .describe('What is shown to endpoints that ask for a certificate.')
      .optional(),
  }).transform((written): VersionTlsConfig => ({
    ...written,
    caFile: written.caFile,
    serverName: written.serverName,
    certificate: written.certificate,
  }));
}

function dns() {
  return strictMap({
    refresh: duration(1).prefault('5s').describe('Longest time until names are resolved again; a shorter TTL shortens it.'),
    servers: list(dnsServer()).default([]).describe('Servers to ask, such as 10.0.0.53 or 127.0.0.1:8600; default: those of the system.'),
  })
    .transform(({ refresh, servers }) => ({ refreshMs: refresh, servers }))
    .prefault({});
}

function zones() {
  return list(nameOf('zone'))
    .superRefine((written, context) => {
      if (new Set(written).size < written.length) addProblem(context, 'a zone is named twice');
    })
    .default([]);
}

function balancer() {
  return oneOf('balancer', ['round-robin', 'least-request', 'peak-ewma', 'ring-hash', 'random']).default('least-request');
}

function limits() {
  return strictMap({
    connections: integer('connections', 0, MAX_LIMIT).default(1024).describe('Open connections; 0 = no limit.'),
    streams: integer('streams', 1, MAX_LIMIT).default(100).describe('Requests at once on one connection of HTTP/2.'),
    pending: integer('pending', 0, MAX_LIMIT).default(1024).describe('Requests that wait for a connection; 0 = no limit.'),
    requests: integer('requests', 0, MAX_LIMIT).default(0).describe('Requests in flight; 0 = no limit.'),
    adaptive: flag().default(false).describe('Bound requests in flight by what latency says that the version can take.'),
    headerBytes: size(256, MIB).prefault('32KiB').describe('Largest head of a response.'),
    headerCount: integer('headerCount', 1, 10_000).default(200).describe('Most header fields of a response.'),
  }).prefault({});
}

function timeouts() {
  return strictMap({
    connect: duration(1).prefault('1s').describe('Until a connection is open.'),
    response: duration()
      .prefault('15s')
      .describe('From the end of the request until the head of the response arrives; the time of an upload does not count; 0s = none.'),
    stall: duration().prefault('5m').describe('How long an exchange may stand still in the middle of a body, of either side; 0s = none.'),
    idle: duration(1).prefault('60s').describe('How long an unused connection is kept.'),
    tunnel: duration().prefault('1h').describe('How long a tunnel (WebSocket, CONNECT) or a stream of events may stand still; 0s = none.'),
  })
    .transform(({ connect, response, stall, idle, tunnel }) => ({
      connectMs: connect,
      responseMs: response,
      stallMs: stall,
      idleMs: idle,
      tunnelMs: tunnel,
    }))
    .prefault({});
}

function fallback() {
  return strictMap({
    whenNoneReady: oneOf('whenNoneReady', ['split', 'fail']).default('split').describe('split: another version responds; fail: 503.'),
  }).prefault({});
}
