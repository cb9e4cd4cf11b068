// Whose turn it is among the client connections of a worker. A connection that has sent many requests at once, to all of which Sluice
// responds itself, would keep the thread busy for as long as there are some: the others would wait. So requests behind the first of a read are
// bounded in one turn of the event loop, over all connections, and what is left waits for a later turn, one connection after the other.

import { nextTurn, nowMs } from '../lib/clock.ts';

/** Requests that were sent early and are served in one turn of the event loop, and the time that they may take together. */
export const MAX_TURN_REQUESTS = 32;
const MAX_TURN_MS = 1;

/** A connection that waits for its turn. */
export interface TurnTaker {
  /** It may serve one request, and others as `mayServe` says. */
  onTurn(): void;
}

export class Turns {
  readonly #waiting: TurnTaker[] = [];
  /** In this turn of the event loop. */
  #served = 0;
  #sinceMs = 0;
  #scheduled = false;
  readonly #onTurn = (): void => this.#begin();

  /** Whether one more request that came early may be served now; it counts as served then. */
  mayServe(): boolean {
    if (this.#served === 0) {
      this.#sinceMs = nowMs();
      this.#schedule();
    } else if (this.#served >= MAX_TURN_REQUESTS || nowMs() - this.#sinceMs >= MAX_TURN_MS) return false;
    this.#served++;
    return true;
  }

  /** `onTurn` of `taker` follows, after that of those who wait already. */
  wait(taker: TurnTaker): void {
    this.#waiting.push(taker);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTurn(this.#onTurn);
  }

  #begin(): void {
    this.#scheduled = false;
    this.#served = 0;
    while (this.#waiting.length > 0 && this.mayServe()) this.#waiting.shift()!.onTurn();
    if (this.#waiting.length > 0) this.#schedule();
  }
}
