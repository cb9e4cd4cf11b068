// Lets one line of a kind into the log in a while, and counts the others.

const PACE_MS = 1000;

export class LogPace {
  #dueMs = -Infinity;
  #silent = 0;

  /** How many were left out since the last line, when one may be written at `nowMs`; -1 when it may not. */
  take(nowMs: number): number {
    if (nowMs < this.#dueMs) {
      this.#silent++;
      return -1;
    }
    const silent = this.#silent;
    this.#dueMs = nowMs + PACE_MS;
    this.#silent = 0;
    return silent;
  }
}
