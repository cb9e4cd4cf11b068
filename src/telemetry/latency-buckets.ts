// Buckets of durations that are counted in shared memory: fixed, few, and found with integers alone. Quantiles are within 6.3 % of the truth.

import { bucketOfQuantile, OCTAVE_BUCKETS, octaveBucket, startOf, widthOf } from './octave-buckets.ts';

/** A bucket is an eighth of an octave; below 0.25 ms 31 µs. What takes longer than 65.5 s counts as that. */
const UNITS_PER_MS = 32;

/** How many buckets there are. */
export const LATENCY_BUCKETS = OCTAVE_BUCKETS;

/** Bucket of a duration; what is no time counts as 0. */
export function latencyBucket(durationMs: number): number {
  return octaveBucket(durationMs * UNITS_PER_MS);
}

/** The end of the bucket of a duration, in milliseconds: the same for durations that differ little. */
export function latencyCeiling(durationMs: number): number {
  const bucket = latencyBucket(durationMs);
  return (startOf(bucket) + widthOf(bucket)) / UNITS_PER_MS;
}

/**
 * The duration that the share `part` (0 to 1) of what was counted stays at or below, in milliseconds; undefined when nothing was counted.
 * @param counts by bucket, all of them
 */
export function latencyQuantile(counts: ArrayLike<number>, part: number): number | undefined {
  const bucket = bucketOfQuantile(counts, part);
  return bucket === undefined ? undefined : (startOf(bucket) + widthOf(bucket) / 2) / UNITS_PER_MS;
}
