// Durations in buckets that grow by a fixed ratio: quantiles within 2.2 % of the truth, in fixed memory. One thread's own; merged by counts.

const LEAST_MS = 2 ** -6;
const PER_OCTAVE = 16;
const OCTAVES = 26;
export const BUCKETS = OCTAVES * PER_OCTAVE;

/** Counts by bucket, empty buckets left out. Plain JSON. */
export type BucketCounts = readonly (readonly [bucket: number, count: number])[];

export class LogHistogram {
  #total = 0;
  readonly #counts = new Float64Array(BUCKETS);

  get total(): number {
    return this.#total;
  }

  /** Counts one; what is no time is ignored, what is out of range (15 µs to 17 minutes) falls in the bucket at that end. */
  add(durationMs: number): void {
    if (!(durationMs >= 0)) return;
    this.#total++;
    this.#counts[bucketOf(durationMs)]!++;
  }

  /** Adds what `counts` returned; what is no bucket or no count is ignored. */
  merge(counts: BucketCounts): void {
    for (const [bucket, count] of counts) {
      if (!(count > 0) || this.#counts[bucket] === undefined) continue;
      this.#counts[bucket] += count;
      this.#total += count;
    }
  }

  /** The duration that the share `part` (0 to 1) of all stays at or below, in milliseconds; undefined when nothing was counted. */
  quantile(part: number): number | undefined {
    if (this.#total === 0) return undefined;
    const wanted = Math.max(1, Math.ceil(part * this.#total));
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket]!;
      if (below >= wanted) return middleOf(bucket);
    }
    return middleOf(BUCKETS - 1);
  }

  counts(): BucketCounts {
    const counts: (readonly [number, number])[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) if (this.#counts[bucket]! > 0) counts.push([bucket, this.#counts[bucket]!]);
    return counts;
  }
}

/** Bucket of a duration; what is out of range falls in the one at that end. */
export function bucketOf(durationMs: number): number {
  if (durationMs <= LEAST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(durationMs / LEAST_MS) * PER_OCTAVE));
}

/** The duration that stands for all of a bucket, in milliseconds. */
export function middleOf(bucket: number): number {
  return LEAST_MS * 2 ** ((bucket + 0.5) / PER_OCTAVE);
}
