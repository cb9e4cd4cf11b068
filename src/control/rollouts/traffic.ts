// What a pool does, out of the counters of all its requests: the windows of absolute checks, and the rates that plans are made from.

import { LATENCY_BUCKETS, latencyBucket } from '../../telemetry/latency-buckets.ts';
import type { TrafficHistory } from '../../telemetry/traffic-history.ts';
import type { WindowCounts } from '../../rollout/seen.ts';
import type { PoolTraffic } from './ports.ts';

const RATE_MS = 60_000;
const NOTHING: WindowCounts = { requests: 0, failures: 0, slow: 0 };

type History = Pick<TrafficHistory, 'window' | 'mark' | 'since'>;

export function poolTraffic(history: History, versionsOf: (pool: string) => readonly string[]): PoolTraffic {
  return {
    window(pool, version, { overMs, slowMs, mark }) {
      const window = history.window(pool, version, overMs)?.counted;
      const since = mark && history.since(pool, version, mark);
      // A window begins at a copy, which may be from before the mark: the one with less in it began later.
      const counted = window !== undefined && since !== undefined && since.requests < window.requests ? since : window;
      if (counted === undefined) return NOTHING;
      const { requests, errors, firstByte } = counted;
      return { requests, failures: Math.min(requests, errors), slow: Number.isFinite(slowMs) ? beyond(firstByte, slowMs) : 0 };
    },
    mark: (pool, version) => history.mark(pool, version),
    perSecond(pool) {
      let all = 0;
      for (const version of versionsOf(pool)) {
        const found = history.window(pool, version, RATE_MS);
        if (found !== undefined && found.measuredMs > 0) all += found.counted.requests / (found.measuredMs / 1000);
      }
      return all;
    },
  };
}

/** Counts above the bucket that the bound is in: what may be below it is not slow. */
function beyond(counts: ArrayLike<number>, ms: number): number {
  let slow = 0;
  for (let bucket = latencyBucket(ms) + 1; bucket < LATENCY_BUCKETS; bucket++) slow += counts[bucket]!;
  return slow;
}
