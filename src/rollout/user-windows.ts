// What the guards look at where requests have a key: units over the last moments, a user once in each window. Someone whose client fails all the
// time is one of many, however many requests that are.

import { SlidingCounts } from '../analysis/sliding-counts.ts';
import type { GuardWindows, WindowCounts } from './seen.ts';

/** What was counted of each arm: units, and those that failed. */
export type GuardedUnits = Readonly<Record<'baseline' | 'canary', { readonly units: number; readonly failed: number }>>;

/** Parts of a window, at which it may begin. */
const SLOTS = 30;

export class UserWindows {
  readonly #overMs: number;
  readonly #beganMs: number;
  readonly #arms: { readonly baseline: SlidingCounts; readonly canary: SlidingCounts };
  #before: GuardedUnits;

  /** @param before what had been counted when it began; it counts no more */
  constructor(overMs: number, before: GuardedUnits, nowMs: number) {
    this.#overMs = overMs;
    this.#before = before;
    this.#beganMs = nowMs;
    this.#arms = { baseline: new SlidingCounts(overMs, SLOTS), canary: new SlidingCounts(overMs, SLOTS) };
  }

  /** @param units what has been counted by now */
  look(units: GuardedUnits, nowMs: number): GuardWindows {
    for (const arm of ['baseline', 'canary'] as const) {
      const fresh = Math.max(0, units[arm].units - this.#before[arm].units);
      const failed = Math.min(fresh, Math.max(0, units[arm].failed - this.#before[arm].failed));
      this.#arms[arm].add(nowMs, failed, fresh);
    }
    this.#before = units;
    const of = (arm: 'baseline' | 'canary'): WindowCounts => {
      const { differing, total } = this.#arms[arm].sum(nowMs);
      return { requests: total, failures: differing, slow: 0 };
    };
    const start = Math.floor(((nowMs - this.#beganMs) * SLOTS) / this.#overMs);
    return { baseline: of('baseline'), canary: of('canary'), start };
  }
}
