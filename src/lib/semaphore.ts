// Bounds how many probes are under way at once. Who finds no place waits in line.

export class Semaphore {
  #free: number;
  readonly #line = new Set<() => void>();

  /** @param atOnce at least 1 */
  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Calls `begin` now, or as soon as a place is free and it is first in line. Each call of `begin` is followed by one `end`. */
  take(begin: () => void): void {
    if (this.#free === 0) {
      this.#line.add(begin);
      return;
    }
    this.#free--;
    begin();
  }

  /** Leaves the line. False: `begin` has been called already, or was never in line. */
  withdraw(begin: () => void): boolean {
    return this.#line.delete(begin);
  }

  end(): void {
    this.#free++;
    for (const next of this.#line) {
      this.#line.delete(next);
      this.take(next);
      return;
    }
  }
}
