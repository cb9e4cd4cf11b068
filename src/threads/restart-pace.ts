// How soon a thread that died is replaced: at once, and slowly when threads keep dying.

/** Who dies more often than this within the window is replaced more slowly. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 60_000;
const SLOW_RESTART_MS = 10_000;
export const FAST_RESTART_MS = 50;

export class RestartPace {
  readonly #crashesMs: number[] = [];

  /** One has died. Returns how long to wait before another takes its place, in milliseconds. */
  next(nowMs: number): number {
    this.#crashesMs.push(nowMs);
    while (this.#crashesMs[0]! < nowMs - CRASH_WINDOW_MS) this.#crashesMs.shift();
    return this.#crashesMs.length > MAX_CRASHES ? SLOW_RESTART_MS : FAST_RESTART_MS;
  }
}
