// A pool in the words of the grammar.

import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import type { AffinityConfig, Drained, HealthConfig, KeySource, OverrideConfig, PoolConfig, VersionConfig } from './model.ts';
import { describeValue } from './print-match.ts';
import { describeMirror } from './print-mirror.ts';
import { describeFields } from './secret.ts';
import { formatSize } from './size.ts';

export function describePool(pool: PoolConfig): object {
  const { outlier, limits, timeouts, retries } = pool;
  return {
    versions: Object.fromEntries(pool.versions.map((version) => [version.name, describeVersion(version)])),
    split: pool.split,
    canary: pool.canary,
    affinity: pool.affinity && describeAffinity(pool.affinity),
    overrides: pool.overrides.map(describeOverride),
    mirrors: pool.mirrors.map(describeMirror),
    balancer: pool.balancer,
    health: pool.health && describeHealth(pool.health),
    outlier: {
      consecutive: outlier.consecutive,
      consecutiveGateway: outlier.consecutiveGateway,
      failures: outlier.failureShare,
      minRequests: outlier.minRequests,
      interval: formatDuration(outlier.intervalMs),
      ejection: formatDuration(outlier.ejectionMs),
      maxEjected: outlier.maxEjected,
    },
    limits: { ...limits, headerBytes: formatSize(limits.headerBytes) },
    slowStart: formatDuration(pool.slowStartMs),
    zones: pool.zones,
    panic: pool.panic,
    hold: formatDuration(pool.holdMs),
    drain: { timeout: formatDuration(pool.drainTimeoutMs) },
    timeouts: describeTimeouts(timeouts),
    retries: {
      attempts: retries.attempts,
      on: retries.on,
      perTry: formatDuration(retries.perTryMs),
      budget: retries.budget,
      acrossVersions: retries.acrossVersions,
    },
    fallback: pool.fallback,
    previews: pool.previews && describePreviews(pool.previews),
  };
}

function describeTimeouts({ connectMs, responseMs, stallMs, idleMs, tunnelMs }: PoolConfig['timeouts']): object {
  return {
    connect: formatDuration(connectMs),
    response: formatDuration(responseMs),
    stall: formatDuration(stallMs),
    idle: formatDuration(idleMs),
    tunnel: formatDuration(tunnelMs),
  };
}

function describeVersion({
  endpoints,
  endpointsFile,
  tls,
  protocol,
  proxyProtocol,
  dns,
  drain,
  slowStartMs,
  salt,
  previewUntilMs,
}: VersionConfig): object {
  const listed = endpoints.map(({ address, weight, zone, drain: drained }) => {
    return { address: formatAddress(address), weight, zone, drain: describeDrained(drained) };
  });
  return {
    endpoints: listed.length === 0 ? undefined : listed,
    endpointsFile,
    tls,
    protocol,
    proxyProtocol,
    dns: { refresh: formatDuration(dns.refreshMs), servers: dns.servers },
    drain: describeDrained(drain),
    slowStart: formatDuration(slowStartMs),
    salt: salt === '' ? undefined : salt,
    preview: previewUntilMs === undefined ? undefined : new Date(previewUntilMs).toISOString(),
  };
}

function describePreviews({ endpoints, hosts, atMost, longestMs }: NonNullable<PoolConfig['previews']>): object {
  return { endpoints, hosts, atMost, longest: formatDuration(longestMs) };
}

function describeDrained(drain: Drained): boolean | string {
  return typeof drain === 'number' ? formatDuration(drain) : drain;
}

function describeAffinity(affinity: AffinityConfig): object {
  const { remember } = affinity;
  if (remember === undefined) return describeKeySource(affinity);
  const [time, quiet] = [formatDuration(remember.timeMs), formatDuration(remember.quietMs)];
  return { ...describeKeySource(affinity), remember: { time, quiet, users: remember.users } };
}

function describeKeySource(affinity: KeySource): object {
  switch (affinity.kind) {
    case 'cookie':
      return {
        cookie: {
          name: affinity.name,
          own: affinity.own,
          maxAge: formatDuration(affinity.maxAgeMs),
          path: affinity.path,
          sameSite: affinity.sameSite,
          secure: affinity.secure,
          domain: affinity.domain,
          partitioned: affinity.partitioned,
        },
      };
    case 'header':
      return { header: affinity.name };
    case 'clientIp':
      return { clientIp: {} };
  }
}

function describeOverride({ name, source, value, version }: OverrideConfig): object {
  return { name, [source.kind]: { name: source.name, value: describeValue(value) }, version };
}

function describeHealth({ intervalMs, idleIntervalMs, timeoutMs, headers, ...rest }: HealthConfig): object {
  return {
    ...rest,
    headers: describeFields(headers),
    interval: formatDuration(intervalMs),
    idleInterval: formatDuration(idleIntervalMs),
    timeout: formatDuration(timeoutMs),
  };
}
