// Which responses of a rollout's versions are slow: quantiles of the time until the head over both versions and the window before, so that
// they are known before the requests that are held against them.

import type { CounterRegistry } from '../telemetry/counter-registry.ts';
import { VERSION_FIRST_BYTE } from '../telemetry/counter-layout.ts';
import type { SlowBounds } from '../telemetry/evidence-signals.ts';
import { LATENCY_BUCKETS, latencyCeiling, latencyQuantile } from '../telemetry/latency-buckets.ts';
import type { CountedPair } from './ports.ts';

/** A window with fewer responses goes on: its 99th percentile would be that of one response. */
const MIN_RESPONSES = 100;

export class SlowWindow {
  readonly #counters: Pick<CounterRegistry, 'blocks'>;
  readonly #pair: Pick<CountedPair, 'pool' | 'baseline' | 'canary'>;
  /** The first window has all that the versions did since the process began: a rollout need not wait for bounds. */
  #before: Float64Array = new Float64Array(LATENCY_BUCKETS);

  constructor(counters: Pick<CounterRegistry, 'blocks'>, pair: Pick<CountedPair, 'pool' | 'baseline' | 'canary'>) {
    this.#counters = counters;
    this.#pair = pair;
  }

  /** Bounds from what has ended since the window began, which begins anew; undefined: too little, and it goes on. */
  end(): SlowBounds | undefined {
    const counts = this.#count();
    const window = counts.map((count, bucket) => count - this.#before[bucket]!);
    // Counters of a version that was gone meanwhile began anew.
    const isWhole = window.every((count) => count >= 0);
    const responses = window.reduce((sum, count) => sum + count, 0);
    if (isWhole && responses < MIN_RESPONSES) return undefined;
    this.#before = counts;
    if (!isWhole) return undefined;
    const p99 = latencyQuantile(window, 0.99)!;
    return { p50: latencyQuantile(window, 0.5)!, p90: latencyQuantile(window, 0.9)!, p99, hangMs: latencyCeiling(p99) };
  }

  #count(): Float64Array {
    const counts = new Float64Array(LATENCY_BUCKETS);
    const { pool, baseline, canary } = this.#pair;
    for (const block of this.#counters.blocks('version')) {
      const { labels } = block;
      if (labels['pool'] !== pool || (labels['version'] !== baseline && labels['version'] !== canary)) continue;
      for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) counts[bucket]! += block.total(VERSION_FIRST_BYTE + bucket);
    }
    return counts;
  }
}
