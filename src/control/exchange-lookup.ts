// Asks the workers what they remember, not more often than they can well afford, however many want to know. What is returned is never older than the
// question, so that a request is there for the one who made it.

import type { Clock } from '../lib/clock.ts';
import type { Recollection } from './ports.ts';

const EVERY_MS = 100;

export class ExchangeLookup {
  readonly #ask: () => Promise<Recollection>;
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>;
  #lastMs = -Infinity;
  /** The asking that has not begun yet. */
  #next: Promise<Recollection> | undefined = undefined;

  constructor(ask: () => Promise<Recollection>, clock: Pick<Clock, 'nowMs' | 'after'>) {
    this.#ask = ask;
    this.#clock = clock;
  }

  recent(): Promise<Recollection> {
    this.#next ??= this.#askSoon();
    return this.#next;
  }

  async #askSoon(): Promise<Recollection> {
    // Not before `#next` is set, which is cleared below.
    await Promise.resolve();
    const waitMs = this.#lastMs + EVERY_MS - this.#clock.nowMs();
    if (waitMs > 0) await new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve));
    this.#lastMs = this.#clock.nowMs();
    this.#next = undefined;
    return this.#ask();
  }
}
