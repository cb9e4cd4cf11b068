// Latencies of the copies beside each other, as quantiles, and the share of requests in which the candidate was the slower one.

import type { BucketCounts } from '../telemetry/log-histogram.ts';
import { LogHistogram } from '../telemetry/log-histogram.ts';
import type { Interval } from './bets.ts';
import { rateInterval } from './rate-interval.ts';
import type { LatencyTally } from './report-tally.ts';

/** Milliseconds, within 2.2 %; undefined where nothing was timed. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number | undefined;
  readonly p90: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
}

export interface LatencyReport {
  readonly primary: Quantiles;
  readonly candidate: Quantiles;
  readonly second: Quantiles;
  /**
   * Share of requests in which the candidate took longer than the primary, ties left out, with bounds that hold at all times. One half: no
   * difference.
   */
  readonly slower: Interval & { readonly rate: number | undefined };
}

export function describeLatency(tally: LatencyTally, alpha: number): LatencyReport {
  const decided = tally.slower + tally.faster;
  return {
    primary: quantilesOf(tally.primary),
    candidate: quantilesOf(tally.candidate),
    second: quantilesOf(tally.second),
    slower: { rate: decided === 0 ? undefined : tally.slower / decided, ...rateInterval(tally.slower, decided, alpha) },
  };
}

function quantilesOf(counts: BucketCounts): Quantiles {
  const histogram = new LogHistogram();
  histogram.merge(counts);
  return {
    count: histogram.total,
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p99: histogram.quantile(0.99),
    p999: histogram.quantile(0.999),
  };
}
