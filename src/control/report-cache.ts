// Reports of mirrors, each asked for not more often than four times a second, however many want to know: making one can take 0.1 s.

import { mirrorKey } from '../compare/mirror-key.ts';
import type { Clock } from '../lib/clock.ts';

const EVERY_MS = 250;

export class ReportCache<Report> {
  readonly #ask: (pool: string, mirror: string) => Promise<Report>;
  readonly #clock: Pick<Clock, 'after'>;
  /** Those under way, and those that are not older than that. */
  readonly #kept = new Map<string, Promise<Report>>();

  /** @param ask must settle within bounded time */
  constructor(ask: (pool: string, mirror: string) => Promise<Report>, clock: Pick<Clock, 'after'>) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** The one that is under way, the latest one while it is fresh, or a new one. */
  get(pool: string, mirror: string): Promise<Report> {
    const key = mirrorKey(pool, mirror);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(pool, mirror);
    this.#kept.set(key, asked);
    const rested = new Promise<void>((resolve) => void this.#clock.after(EVERY_MS, resolve, { unref: true }));
    void Promise.allSettled([asked, rested]).then(() => {
      if (this.#kept.get(key) === asked) this.#kept.delete(key);
    });
    return asked;
  }

  /** The next question gets a new report. */
  forget(): void {
    this.#kept.clear();
  }
}
