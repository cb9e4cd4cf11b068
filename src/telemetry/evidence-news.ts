// Tells the control thread that a canary has done something bad, at once and not too often: one message while none is pending, and a moment
// between two, a longer one where they do not end: a message costs both threads more than many requests. What comes meanwhile is told then.

import { after, nowMs } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import type { SignalsReader } from './evidence-signals.ts';

/** Between two messages of one worker. */
export const NEWS_GAP_MS = 2;
/** The same for a worker that has told so many in a row. */
export const STEADY_GAP_MS = 50;
export const MAX_IN_A_ROW = 10;

export class EvidenceNews {
  readonly #post: (pool: string) => void;
  readonly #clock: Pick<Clock, 'nowMs' | 'after'>;
  /** Of rollouts whose news waits. */
  readonly #late: SignalsReader[] = [];
  #nextMs = -Infinity;
  #toldMs = -Infinity;
  /** Messages that may follow each other soon; one more for each steady gap. */
  #left = MAX_IN_A_ROW;

  /** @param post wakes the control thread for the rollout of this pool */
  constructor(post: (pool: string) => void, clock: Pick<Clock, 'nowMs' | 'after'> = { nowMs, after }) {
    this.#post = post;
    this.#clock = clock;
  }

  raise(signals: SignalsReader): void {
    if (signals.hasNews || this.#late.includes(signals)) return;
    const leftMs = this.#nextMs - this.#clock.nowMs();
    if (leftMs <= 0 && this.#late.length === 0) return this.#tell(signals);
    this.#late.push(signals);
    if (this.#late.length === 1) this.#clock.after(Math.max(leftMs, 0), () => this.#tellLate(), { unref: true });
  }

  #tellLate(): void {
    for (const signals of this.#late.splice(0)) this.#tell(signals);
  }

  #tell(signals: SignalsReader): void {
    if (!signals.raiseNews()) return;
    const atMs = this.#clock.nowMs();
    this.#left = Math.min(MAX_IN_A_ROW, this.#left + (atMs - this.#toldMs) / STEADY_GAP_MS) - 1;
    this.#toldMs = atMs;
    this.#nextMs = atMs + (this.#left >= 1 ? NEWS_GAP_MS : STEADY_GAP_MS);
    this.#post(signals.pool);
  }
}
