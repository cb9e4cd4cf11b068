// Buckets of whole numbers that are an eighth of an octave each: found with integers alone, few, and never wider than an eighth of what is in them.

const PER_OCTAVE_BITS = 3;
/** What is greater counts as this. */
const MAX_COUNTED = 2 ** 21 - 1;
/** How many buckets there are. */
export const OCTAVE_BUCKETS = 152;

/** Bucket of a number of units; what is below 1, or no number, counts as 0. */
export function octaveBucket(units: number): number {
  if (!(units >= 1)) return 0;
  const whole = units < MAX_COUNTED ? units | 0 : MAX_COUNTED;
  if (whole < 1 << PER_OCTAVE_BITS) return whole;
  const shift = 31 - PER_OCTAVE_BITS - Math.clz32(whole);
  return (shift << PER_OCTAVE_BITS) + (whole >>> shift);
}

/** The least number of a bucket, in units. */
export function startOf(bucket: number): number {
  const shift = shiftOf(bucket);
  return (bucket - (shift << PER_OCTAVE_BITS)) * 2 ** shift;
}

/** So many units has it. */
export function widthOf(bucket: number): number {
  return 2 ** shiftOf(bucket);
}

/** The bucket that the share `part` (0 to 1) of what was counted stays in or below; undefined when nothing was counted. @param counts by bucket, all of them */
export function bucketOfQuantile(counts: ArrayLike<number>, part: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < OCTAVE_BUCKETS; bucket++) total += counts[bucket]!;
  if (total === 0) return undefined;
  const wanted = Math.max(1, Math.ceil(part * total));
  let below = 0;
  let bucket = 0;
  for (; bucket < OCTAVE_BUCKETS - 1; bucket++) {
    below += counts[bucket]!;
    if (below >= wanted) break;
  }
  return bucket;
}

function shiftOf(bucket: number): number {
  return Math.max(0, (bucket >>> PER_OCTAVE_BITS) - 1);
}
