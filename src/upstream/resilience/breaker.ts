// Stops asking somebody who fails again and again: it pauses for a time that grows, then lets one try. Pure: time and chance are arguments.

/** Failures in a row that open it. */
const FAILURES = 5;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;

export class Breaker {
  #failures = 0;
  #pauseMs = 0;
  /** When the pause ends; 0 while it is closed. */
  #untilMs = 0;
  /** One tries, while all others are turned away. */
  #trying = false;

  /** Whether it holds others back, until one that tries succeeds. */
  get isOpen(): boolean {
    return this.#untilMs !== 0;
  }

  /** Whether another may try at monotonic time `atMs`; who may must say how it ended. */
  admits(atMs: number): boolean {
    if (this.#untilMs === 0) return true;
    if (this.#trying || atMs < this.#untilMs) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = 0;
    this.#untilMs = 0;
    this.#trying = false;
  }

  /** @param fraction 0 <= x < 1; spreads the returns of many */
  failed(atMs: number, fraction: number): void {
    this.#failures++;
    if (this.#failures < FAILURES || (this.#untilMs !== 0 && !this.#trying)) return;
    this.#trying = false;
    this.#pauseMs = this.#pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
    this.#untilMs = atMs + this.#pauseMs * (0.9 + 0.2 * fraction);
  }

  /** It ended in a way that says nothing; where it was the one that tried, another may. */
  learned(): void {
    this.#trying = false;
  }
}
