// A token bucket per key: how often each author or address may do something. The number of keys is bounded, because clients choose them.

interface Bucket {
  left: number;
  atMs: number;
}

const MAX_KEYS = 1024;

export class TokenBucket {
  readonly #nowMs: () => number;
  /** In the order of last use, oldest first. */
  readonly #buckets = new Map<string, Bucket>();
  #perSecond: number;
  #burst: number;

  constructor(nowMs: () => number, perSecond: number, burst: number) {
    this.#nowMs = nowMs;
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Sets other bounds; what was used up stays used up. */
  configure(perSecond: number, burst: number): void {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Whether one more is allowed now; if so, it counts. */
  take(key: string): boolean {
    const now = this.#nowMs();
    const bucket = this.#buckets.get(key) ?? { left: this.#burst, atMs: now };
    bucket.left = Math.min(this.#burst, bucket.left + ((now - bucket.atMs) / 1000) * this.#perSecond);
    bucket.atMs = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_KEYS) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  /** Whole seconds after which `take` may succeed, at least 1. */
  get retryAfter(): number {
    return Math.max(1, Math.ceil(1 / this.#perSecond));
  }
}
