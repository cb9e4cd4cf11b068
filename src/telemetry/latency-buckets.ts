// Buckets of durations that are counted in shared memory: fixed, few, and found with integers alone. Quantiles are within 6.3 % of the truth.

/** A bucket is an eighth of an octave; below 0.25 ms 31 µs. */
const PER_OCTAVE_BITS = 3;
const UNITS_PER_MS = 32;
/** 65.5 s; what takes longer counts as this. */
const MAX_UNITS = 2 ** 21 - 1;

/** How many buckets there are. */
export const LATENCY_BUCKETS = 152;

/** Bucket of a duration; what is no time counts as 0. */
export function latencyBucket(durationMs: number): number {
  const units = durationMs * UNITS_PER_MS;
  if (!(units >= 1)) return 0;
  const whole = units < MAX_UNITS ? units | 0 : MAX_UNITS;
  if (whole < 1 << PER_OCTAVE_BITS) return whole;
  const shift = 31 - PER_OCTAVE_BITS - Math.clz32(whole);
  return (shift << PER_OCTAVE_BITS) + (whole >>> shift);
}

/** The end of the bucket of a duration, in milliseconds: the same for durations that differ little. */
export function latencyCeiling(durationMs: number): number {
  return endOf(latencyBucket(durationMs));
}

/**
 * The duration that the share `part` (0 to 1) of what was counted stays at or below, in milliseconds; undefined when nothing was counted.
 * @param counts by bucket, all of them
 */
export function latencyQuantile(counts: ArrayLike<number>, part: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) total += counts[bucket]!;
  if (total === 0) return undefined;
  const wanted = Math.max(1, Math.ceil(part * total));
  let below = 0;
  let bucket = 0;
  for (; bucket < LATENCY_BUCKETS - 1; bucket++) {
    below += counts[bucket]!;
    if (below >= wanted) break;
  }
  return middleOf(bucket);
}

function middleOf(bucket: number): number {
  return endOf(bucket) - 2 ** (shiftOf(bucket) - 1) / UNITS_PER_MS;
}

function endOf(bucket: number): number {
  const shift = shiftOf(bucket);
  const least = (bucket - (shift << PER_OCTAVE_BITS)) * 2 ** shift;
  return (least + 2 ** shift) / UNITS_PER_MS;
}

function shiftOf(bucket: number): number {
  return Math.max(0, (bucket >>> PER_OCTAVE_BITS) - 1);
}
