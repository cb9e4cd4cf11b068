import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LATENCY_BUCKETS, latencyBucket, latencyQuantile } from '../../../src/telemetry/latency-buckets.ts';

function counted(durationsMs: readonly number[]): Uint32Array {
  const counts = new Uint32Array(LATENCY_BUCKETS);
  for (const ms of durationsMs) counts[latencyBucket(ms)]!++;
  return counts;
}

describe('buckets of latency', () => {
  test('hold any number, and rise with it', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), (a, b) => {
        const [one, two] = [latencyBucket(Math.min(a, b)), latencyBucket(Math.max(a, b))];
        expect(Number.isInteger(one) && one >= 0 && one < LATENCY_BUCKETS).toBe(true);
        if (!Number.isNaN(a + b)) expect(one).toBeLessThanOrEqual(two);
      }),
    );
    expect([0, -1, NaN].map(latencyBucket)).toEqual([0, 0, 0]);
    expect(latencyBucket(Infinity)).toBe(LATENCY_BUCKETS - 1);
  });

  test('give each duration back within 6.3 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.25, max: 65_000, noNaN: true }), (ms) => {
        expect(Math.abs(latencyQuantile(counted([ms]), 0.5)! - ms) / ms).toBeLessThanOrEqual(0.063);
      }),
    );
  });

  test('find quantiles by rank', () => {
    const counts = counted([...Array<number>(90).fill(10), ...Array<number>(9).fill(100), 1000]);
    const [p50, p90, p91, p99, p100] = [0.5, 0.9, 0.91, 0.99, 1].map((part) => latencyQuantile(counts, part)!);
    for (const [found, real] of [
      [p50, 10],
      [p90, 10],
      [p91, 100],
      [p99, 100],
      [p100, 1000],
    ] as const)
      expect(Math.abs(found! - real) / real).toBeLessThan(0.063);
  });

  test('say nothing where nothing was counted', () => {
    expect(latencyQuantile(counted([]), 0.99)).toBeUndefined();
  });
});
