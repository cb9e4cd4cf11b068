// Figures of a window as the API gives them: rates, and quantiles where anything was counted. Pure.

import type { VersionStatus } from '../api/pools.ts';
import type { EndpointStats, VersionStats } from '../api/stats.ts';
import { latencyQuantile } from '../telemetry/latency-buckets.ts';
import type { VersionWindow } from '../telemetry/traffic-history.ts';

type Rates = Pick<EndpointStats, 'requests' | 'perSecond' | 'errors' | 'errorRate'>;
type Figures = Rates & Pick<VersionStats, 'p50' | 'p90' | 'p99' | 'rescued'>;

/** Of a version, wherever it is shown. */
export function figuresOf(window: VersionWindow | undefined): Figures {
  if (window === undefined) return { ...ratesOf({ requests: 0, errors: 0 }, 0), rescued: 0 };
  const { counted, measuredMs } = window;
  return { ...ratesOf(counted, measuredMs), ...quantilesOf(counted.latency), rescued: counted.fallbacks };
}

/** @param requests of the whole pool */
export function shareOf(
  { share }: VersionStatus,
  window: VersionWindow | undefined,
  requests: number,
): Pick<VersionStats, 'share' | 'measuredShare'> {
  return { share, ...(requests > 0 && { measuredShare: rounded((window?.counted.requests ?? 0) / requests) }) };
}

export function statsOfVersion(version: VersionStatus, window: VersionWindow | undefined, requests: number): VersionStats {
  const firstByte = window && quantilesOf(window.counted.firstByte);
  return {
    name: version.name,
    measuredMs: Math.round(window?.measuredMs ?? 0),
    ...figuresOf(window),
    ...shareOf(version, window, requests),
    inFlight: version.inFlight,
    ...(firstByte !== undefined && { timeToFirstByte: firstByte }),
    ejections: window?.counted.ejections ?? 0,
    endpoints: version.endpoints.map(({ address, inFlight }) => ({ address, ...endpointStats(window, address), inFlight })),
  };
}

/** Of a pool, from those of its versions. */
export function poolRatesOf(versions: readonly Rates[], measuredMs: number): Rates {
  const requests = versions.reduce((sum, version) => sum + version.requests, 0);
  const errors = versions.reduce((sum, version) => sum + version.errors, 0);
  return ratesOf({ requests, errors }, measuredMs);
}

function endpointStats(window: VersionWindow | undefined, address: string): Omit<EndpointStats, 'address' | 'inFlight'> {
  const { measuredMs, counted } = window?.endpoints.get(address) ?? { measuredMs: 0, counted: { requests: 0, errors: 0, ejections: 0 } };
  return { measuredMs: Math.round(measuredMs), ...ratesOf(counted, measuredMs), ejections: counted.ejections };
}

/** Retries are counted later than what they follow: a rate never says more than all. */
function ratesOf({ requests, errors }: { readonly requests: number; readonly errors: number }, measuredMs: number): Rates {
  return {
    requests,
    perSecond: measuredMs === 0 ? 0 : rounded(requests / (measuredMs / 1000)),
    errors,
    ...(requests > 0 && { errorRate: rounded(Math.min(1, errors / requests)) }),
  };
}

function quantilesOf(counts: Uint32Array): { readonly p50: number; readonly p90: number; readonly p99: number } | undefined {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => latencyQuantile(counts, part));
  if (p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
  return { p50: rounded(p50), p90: rounded(p90), p99: rounded(p99) };
}

function rounded(value: number): number {
  return Number(value.toFixed(value < 100 ? 4 : 1));
}
