// A pool in the words of the grammar.

import { formatAddress } from './address.ts';
import { formatDuration } from './duration.ts';
import type { AffinityConfig, HealthConfig, OverrideConfig, PoolConfig, VersionConfig } from './model.ts';
import { describeValue } from './print-match.ts';
import { formatSize } from './size.ts';

export function describePool(pool: PoolConfig): object {
  const { outlier, limits, timeouts, retries } = pool;
  return {
    versions: Object.fromEntries(pool.versions.map((version) => [version.name, describeVersion(version)])),
    split: pool.split,
    affinity: pool.affinity && describeAffinity(pool.affinity),
    overrides: pool.overrides.map(describeOverride),
    mirrors: pool.mirrors,
    balancer: pool.balancer,
    health: pool.health && describeHealth(pool.health),
    outlier: {
      consecutive: outlier.consecutive,
      interval: formatDuration(outlier.intervalMs),
      ejection: formatDuration(outlier.ejectionMs),
      maxEjected: outlier.maxEjected,
    },
    limits: { ...limits, headerBytes: formatSize(limits.headerBytes) },
    slowStart: formatDuration(pool.slowStartMs),
    timeouts: {
      connect: formatDuration(timeouts.connectMs),
      response: formatDuration(timeouts.responseMs),
      idle: formatDuration(timeouts.idleMs),
    },
    retries: { attempts: retries.attempts, on: retries.on, perTry: formatDuration(retries.perTryMs), budget: retries.budget },
    fallback: pool.fallback,
  };
}

function describeVersion({ endpoints, tls, protocol, dnsRefreshMs }: VersionConfig): object {
  return {
    endpoints: endpoints.map(({ address, weight, zone }) => ({ address: formatAddress(address), weight, zone })),
    tls: tls ? {} : undefined,
    protocol,
    dns: { refresh: formatDuration(dnsRefreshMs) },
  };
}

function describeAffinity(affinity: AffinityConfig): object {
  switch (affinity.kind) {
    case 'cookie':
      return { cookie: { name: affinity.name, own: affinity.own, maxAge: formatDuration(affinity.maxAgeMs), path: affinity.path } };
    case 'header':
      return { header: affinity.name };
    case 'clientIp':
      return { clientIp: {} };
  }
}

function describeOverride({ name, source, value, version }: OverrideConfig): object {
  return { name, [source.kind]: { name: source.name, value: describeValue(value) }, version };
}

function describeHealth({ intervalMs, timeoutMs, ...rest }: HealthConfig): object {
  return { ...rest, interval: formatDuration(intervalMs), timeout: formatDuration(timeoutMs) };
}
