// How many requests a version may work on at once, where its pool says that it is found out (`AdaptiveLimit`); unbounded where not.

import { nowMs, wallMs } from '../../lib/clock.ts';
import type { VersionCounters } from '../../telemetry/counters.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';

export class Concurrency {
  readonly #workers: number;
  readonly #counters: VersionCounters;
  #limit: AdaptiveLimit | undefined = undefined;
  #shown = 0;

  /** @param workers of the instance */
  constructor(workers: number, counters: VersionCounters) {
    this.#workers = workers;
    this.#counters = counters;
  }

  get isFollowed(): boolean {
    return this.#limit !== undefined;
  }

  configure(isFollowed: boolean): void {
    // Threads count their time from different moments; the wall clock is the one that they share.
    if (isFollowed) this.#limit ??= new AdaptiveLimit(this.#workers, wallMs() - nowMs());
    else this.#limit = undefined;
    this.#show(this.#limit?.limit ?? 0);
  }

  /** @param admitted requests that it works on; the same for the methods below */
  admits(admitted: number): boolean {
    return this.#limit === undefined || this.#limit.admits(admitted);
  }

  room(admitted: number): number {
    return this.#limit === undefined ? Infinity : this.#limit.limit - admitted;
  }

  /** The head of a response came `latencyMs` after its attempt began, at monotonic time `atMs`. */
  observed(latencyMs: number, admitted: number, atMs: number): void {
    if (this.#limit === undefined) return;
    this.#limit.sampled(latencyMs, admitted, atMs);
    this.#show(this.#limit.limit);
  }

  /** An attempt that began at `sinceMs` is given up: its time is over, or the client has gone. */
  gaveUp(sinceMs: number, why: 'late' | 'unwanted', admitted: number): void {
    if (this.#limit === undefined) return;
    const atMs = nowMs();
    if (why === 'late') this.#limit.timedOut(atMs - sinceMs, admitted, atMs);
    else this.#limit.abandoned(atMs - sinceMs, admitted, atMs);
    this.#show(this.#limit.limit);
  }

  #show(limit: number): void {
    if (limit === this.#shown) return;
    this.#shown = limit;
    this.#counters.concurrencyLimited(limit);
  }
}
