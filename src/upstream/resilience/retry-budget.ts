// Bounds how much load retries may add: a share of the requests seen, plus a small floor so that a quiet version can retry at all.
// A retry is charged when it is decided, not when it is sent. (Linkerd's retry budgets; reliability figure N17.)

/** Retries per second that are always allowed. */
const FLOOR_PER_SECOND = 10;
/** How much unused allowance can be saved up. */
const MAX_SAVED = 100;

export class RetryBudget {
  /** Retries allowed per request, 0 to 1. */
  ratio = 0;
  #saved = 0;
  #floor = FLOOR_PER_SECOND;
  #floorAtMs = 0;

  /** A request was begun. */
  deposit(): void {
    if (this.#saved < MAX_SAVED) this.#saved += this.ratio;
  }

  /** Takes one retry at monotonic time `atMs`; false when there is none left. */
  withdraw(atMs: number): boolean {
    if (this.#saved >= 1) {
      this.#saved--;
      return true;
    }
    this.#floor = Math.min(FLOOR_PER_SECOND, this.#floor + ((atMs - this.#floorAtMs) / 1000) * FLOOR_PER_SECOND);
    this.#floorAtMs = atMs;
    if (this.#floor < 1) return false;
    this.#floor--;
    return true;
  }
}
