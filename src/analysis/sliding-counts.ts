// Events and units of the last moments, in fixed memory: a ring of slots, of which the oldest is forgotten when a new one begins.

import type { Hits } from './rate-interval.ts';
import { checkHits } from './harmless.ts';
import { checkAbove, checkCount } from './numbers.ts';

export class SlidingCounts {
  readonly #slotMs: number;
  readonly #hits: Float64Array;
  readonly #totals: Float64Array;
  #newest = 0;

  /** Covers the last `windowMs`, less up to one of `slots` parts of it. */
  constructor(windowMs: number, slots: number) {
    checkAbove(windowMs, 0, 'A window');
    checkCount(slots, 'The number of slots');
    checkAbove(slots, 0, 'The number of slots');
    this.#slotMs = windowMs / slots;
    this.#hits = new Float64Array(slots);
    this.#totals = new Float64Array(slots);
  }

  /** `nowMs` never goes back; where it does, what comes counts as of the latest moment. */
  add(nowMs: number, differing: number, total: number): void {
    checkHits({ differing, total });
    const slot = this.#turn(nowMs);
    this.#hits[slot]! += differing;
    this.#totals[slot]! += total;
  }

  sum(nowMs: number): Hits {
    this.#turn(nowMs);
    return { differing: this.#hits.reduce(plus, 0), total: this.#totals.reduce(plus, 0) };
  }

  #turn(nowMs: number): number {
    if (!Number.isFinite(nowMs)) throw new RangeError(`A moment is a finite number, not ${nowMs}.`);
    const now = Math.floor(nowMs / this.#slotMs);
    const slots = this.#hits.length;
    if (now > this.#newest) {
      const stale = Math.min(slots, now - this.#newest);
      for (let i = 0; i < stale; i++) {
        this.#hits[mod(now - i, slots)] = 0;
        this.#totals[mod(now - i, slots)] = 0;
      }
      this.#newest = now;
    }
    return mod(this.#newest, slots);
  }
}

function plus(a: number, b: number): number {
  return a + b;
}

function mod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
