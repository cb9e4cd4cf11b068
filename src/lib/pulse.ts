// Periodic tasks of a thread: often while there is work, seldom while there is none, so that an idle thread sleeps.

import { every } from './clock.ts';
import type { Timer } from './clock.ts';

/** While the thread rests, everything is done this often. */
const REST_MS = 10_000;

export interface Beat {
  readonly everyMs: number;
  readonly run: () => void;
}

/** Begins awake. */
export class Pulse {
  readonly #beats: readonly Beat[];
  #timers: readonly Timer[] = [];
  #stopped = false;

  constructor(beats: readonly Beat[]) {
    this.#beats = beats;
    this.pace(true);
  }

  /** Before a pulse rests, everything is done once more. */
  pace(awake: boolean): void {
    if (this.#stopped) return;
    this.#stopTimers();
    if (awake) this.#timers = this.#beats.map(({ everyMs, run }) => every(everyMs, run));
    else {
      this.#runAll();
      this.#timers = [every(REST_MS, () => this.#runAll())];
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimers();
  }

  #runAll(): void {
    for (const { run } of this.#beats) run();
  }

  #stopTimers(): void {
    for (const timer of this.#timers) timer.stop();
    this.#timers = [];
  }
}
