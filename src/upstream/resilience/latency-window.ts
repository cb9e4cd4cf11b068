// Latencies and requests in flight over a stretch of time, in a histogram of fixed size. What began before the stretch tells how much is
// served in it, but not how long that takes now.

import { BUCKETS, bucketOf, middleOf } from '../../lib/log-histogram.ts';

/** Bounds how many unseen ones a sample counts for. */
const LEAST_SEEN = 0.25;

export class LatencyWindow {
  sinceMs = -Infinity;
  /** All that ended. */
  ended = 0;
  /** Those of them that began in it, too. */
  samples = 0;
  /** Those of the samples that were given up. */
  late = 0;
  peakInFlight = 0;
  #inFlightSum = 0;
  /** When the first of the samples began. */
  #firstMs = Infinity;
  readonly #counts = new Uint32Array(BUCKETS);
  #lowest = BUCKETS;
  #highest = -1;

  get meanInFlight(): number {
    return this.ended === 0 ? 0 : this.#inFlightSum / this.ended;
  }

  restart(atMs: number): void {
    if (this.#highest >= 0) this.#counts.fill(0, this.#lowest, this.#highest + 1);
    this.sinceMs = atMs;
    this.ended = 0;
    this.samples = 0;
    this.late = 0;
    this.peakInFlight = 0;
    this.#inFlightSum = 0;
    this.#firstMs = Infinity;
    this.#lowest = BUCKETS;
    this.#highest = -1;
  }

  /** Counts one that took `latencyMs` until `atMs`, with `inFlight` then; returns whether it is a sample. */
  add(latencyMs: number, inFlight: number, atMs: number): boolean {
    this.ended++;
    this.#inFlightSum += inFlight;
    if (inFlight > this.peakInFlight) this.peakInFlight = inFlight;
    const startMs = atMs - latencyMs;
    if (this.sinceMs === -Infinity) this.sinceMs = startMs;
    if (startMs < this.sinceMs) return false;
    if (startMs < this.#firstMs) this.#firstMs = startMs;
    const bucket = bucketOf(latencyMs);
    this.#counts[bucket]!++;
    if (bucket < this.#lowest) this.#lowest = bucket;
    if (bucket > this.#highest) this.#highest = bucket;
    this.samples++;
    return true;
  }

  /**
   * Mean of the middle half of the samples, at the end of the window: it sees a queue that most requests meet, and neither rare slow ones
   * nor rare fast ones. Of what takes long a short window sees the fewer the longer it takes; they count for those that it cannot see.
   */
  midMeanMs(atMs: number): number {
    const spanMs = atMs - this.#firstMs;
    let all = 0;
    for (let bucket = this.#lowest; bucket <= this.#highest; bucket++) all += this.#weight(bucket, spanMs);
    const from = all / 4;
    const to = all - from;
    let below = 0;
    let sum = 0;
    for (let bucket = this.#lowest; bucket <= this.#highest && below < to; bucket++) {
      const weight = this.#weight(bucket, spanMs);
      const taken = Math.min(below + weight, to) - Math.max(below, from);
      if (taken > 0) sum += taken * middleOf(bucket);
      below += weight;
    }
    return sum / (to - from);
  }

  #weight(bucket: number, spanMs: number): number {
    return this.#counts[bucket]! / Math.max(1 - middleOf(bucket) / spanMs, LEAST_SEEN);
  }
}
