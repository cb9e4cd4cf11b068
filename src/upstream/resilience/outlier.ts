// How one endpoint fails real attempts, as one worker sees it: when that is enough to eject it, and for how long.
// Pure: time and chance are arguments. It knows neither other endpoints nor other workers.

import type { OutlierConfig } from '../../config/model.ts';
import { FailureWindow } from './failure-window.ts';

/** No ejection is longer, unless a single one is configured to be. */
export const MAX_EJECTION_MS = 300_000;
/** Largest share that chance adds, so that endpoints ejected together do not return together. */
const JITTER = 0.1;
/** A stamp keeps these in its low bits, and a flag; with the milliseconds above them it stays an exact integer (2^53) until the year 2109. */
const TIMES = 1024;

/** `gateway`: it could not be reached, or its response is 502, 503 or 504; `own`: any other failure. */
export type FailureKind = 'gateway' | 'own';

/** What an endpoint was ejected by. `half-open`: it failed again before anything went well since its return. */
export type EjectionRule = 'half-open' | 'consecutive' | 'consecutive-gateway' | 'failure-share';

export class Outlier {
  /**
   * Failures in a row; a success sets it to 0. Below 0 it is half-open, with -1 - `failures` since it returned: one number, so that
   * a success costs one comparison.
   */
  failures = 0;
  /** Ejections in a row: one less for each `interval` without a failure. */
  times = 0;
  /** When the ejection that this worker decided on ends, monotonic milliseconds; 0 = there is none. */
  endsMs = 0;
  /** It was ejected with the rest of its version, because nothing of that can be reached: only as long as another version takes over. */
  isOfWhole = false;
  /** A rule is broken, and the latest failure was a connection that could not be made. */
  #unreachable = false;
  readonly window = new FailureWindow();
  /** Of the failures in a row the last so many. Counted anew with each row, so that a success need not know of it. */
  #gateways = 0;
  #quietSinceMs = 0;

  /** Counts a failure. Returns which rule it breaks, if any. */
  failed(settings: OutlierConfig, kind: FailureKind, atMs: number): EjectionRule | undefined {
    const quiet = Math.max(0, Math.floor((atMs - this.#quietSinceMs) / settings.intervalMs));
    this.times = Math.max(0, this.times - quiet);
    this.#quietSinceMs = atMs;
    if (this.failures === 0 || kind === 'own') this.#gateways = 0;
    if (kind === 'gateway') this.#gateways++;
    // With nothing else to judge by, a failure of another kind is as good as a success.
    if (kind === 'own' && settings.consecutive === 0 && settings.failureShare === 0) {
      this.failures = 0;
      return undefined;
    }
    this.failures += this.failures < 0 ? -1 : 1;
    if (this.failures < 0) return 'half-open';
    if (settings.consecutive > 0 && this.failures >= settings.consecutive) return 'consecutive';
    if (settings.consecutiveGateway > 0 && this.#gateways >= settings.consecutiveGateway) return 'consecutive-gateway';
    return undefined;
  }

  /** Notes, after a failure, whether it cannot be reached: a rule is broken, and by a connection that could not be made. */
  noteUnreachable(unreachable: boolean): void {
    this.#unreachable = unreachable;
  }

  /** Whether it could not be reached lately, and nothing has gone well since. */
  get isUnreachable(): boolean {
    return this.#unreachable && this.failures !== 0;
  }

  /** Failures in a row since the last success or return. */
  get inARow(): number {
    return this.failures < 0 ? -1 - this.failures : this.failures;
  }

  /** Begins an ejection; returns its length in milliseconds. `fraction`: chance, 0 <= x < 1. */
  eject(settings: OutlierConfig, atMs: number, fraction: number): number {
    this.follow(Math.min(this.times + 1, TIMES - 1));
    const longestMs = Math.max(MAX_EJECTION_MS, settings.ejectionMs);
    const lengthMs = Math.ceil(Math.min(settings.ejectionMs * this.times, longestMs) * (1 + JITTER * fraction));
    this.endsMs = atMs + lengthMs;
    return lengthMs;
  }

  /** Another worker ejected it. What comes of attempts under way says nothing new. */
  follow(times: number): void {
    this.failures = 0;
    this.times = times;
  }

  /** Half-open: it may be picked again, and the next failure ejects it again, for longer; a success clears it. */
  returned(atMs: number): void {
    this.failures = -1;
    this.endsMs = 0;
    this.isOfWhole = false;
    this.#unreachable = false;
    this.#quietSinceMs = atMs;
    this.window.forget();
  }
}

/** Whether any rule is on. */
export function ejects({ consecutive, consecutiveGateway, failureShare }: OutlierConfig): boolean {
  return consecutive > 0 || consecutiveGateway > 0 || failureShare > 0;
}

/**
 * An ejection as one number, so that a reader in another thread never sees half of it. `untilMs`: whole milliseconds since the epoch;
 * `isOfWhole`: the whole version goes, and the bound on ejections does not hold.
 */
export function stampOf(untilMs: number, times: number, isOfWhole = false): number {
  return (untilMs * TIMES + times) * 2 + (isOfWhole ? 1 : 0);
}

export function untilOf(stamp: number): number {
  return Math.floor(stamp / (2 * TIMES));
}

export function timesOf(stamp: number): number {
  return Math.floor(stamp / 2) % TIMES;
}

export function isOfWhole(stamp: number): boolean {
  return stamp % 2 === 1;
}
