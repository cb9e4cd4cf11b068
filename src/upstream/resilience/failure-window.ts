// The share of attempts on one endpoint that failed, within one interval: what sums of all workers have grown by since it began.
// Pure: it begins with a failure, ends with the interval, and then the next failure begins another. No timer, nothing while all is well.

import type { OutlierConfig } from '../../config/model.ts';

/** Sums that only grow. */
export interface AttemptRecord {
  /** Attempts that ended. */
  readonly attempts: number;
  /** Of these, the failures. */
  readonly faults: number;
}

/** Shares that a binary fraction cannot hold: 0.1 of 50 attempts is reached by 5 failures. */
const ROUNDING = 1e-9;

export class FailureWindow {
  /** Monotonic milliseconds; there is no window before the first failure. */
  #beganMs = -Infinity;
  #attempts = 0;
  #faults = 0;
  #attemptsAtBegin = 0;
  #faultsAtBegin = 0;

  /** Attempts of the window when it was last judged, and the failures among them. */
  get seen(): AttemptRecord {
    return { attempts: this.#attempts, faults: this.#faults };
  }

  /** To be asked after each failure, with that failure in `sums`. The one that begins a window is not counted: it would bend the share. */
  isExceeded(settings: OutlierConfig, sums: AttemptRecord, atMs: number): boolean {
    if (atMs - this.#beganMs > settings.intervalMs) {
      this.#beganMs = atMs;
      this.#attemptsAtBegin = sums.attempts;
      this.#faultsAtBegin = sums.faults;
    }
    this.#attempts = sums.attempts - this.#attemptsAtBegin;
    this.#faults = sums.faults - this.#faultsAtBegin;
    if (this.#attempts < Math.max(1, settings.minRequests)) return false;
    return this.#faults >= this.#attempts * settings.failureShare - ROUNDING;
  }

  /** What was seen is no longer true of it: the next failure begins a window. */
  forget(): void {
    this.#beganMs = -Infinity;
  }
}
