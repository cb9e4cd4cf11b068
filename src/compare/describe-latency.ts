// Latencies of the copies beside each other (until the head came), as quantiles, and the share of requests in which the
// candidate was the slower one.

import type { BucketCounts } from '../lib/log-histogram.ts';
import { LogHistogram } from '../lib/log-histogram.ts';
import type { LatencyReport, Quantiles } from './mirror-report.ts';
import { rateInterval } from '../analysis/rate-interval.ts';
import type { LatencyTally } from './report-tally.ts';

export function describeLatency(tally: LatencyTally, alpha: number): LatencyReport {
  const decided = tally.slower + tally.faster;
  return {
    primary: quantilesOf(tally.primary),
    candidate: quantilesOf(tally.candidate),
    secondary: quantilesOf(tally.secondary),
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
