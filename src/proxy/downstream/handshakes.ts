// Bounds what handshakes of TLS may cost a worker. Each takes some 0.3 ms of its thread and 50 KiB while it is under way: a few are begun in
// one turn of the event loop, so that those who have a connection wait for none of them for long, and so many are under way at once.
// When all places are taken the one that has waited for its client longest gives way: a client that means it needs one round trip.

import { nextTurn } from '../../lib/clock.ts';

/** Begun in one turn of the event loop. */
const MAX_PER_TURN = 4;
/** Under way at once, of one worker. */
const MAX_UNDER_WAY = 1024;
/** Have sent their first message, and wait for a turn; a turn takes about a millisecond when there are as many. */
const MAX_WAITING = 4096;

export interface HandshakeTaker {
  /** Its turn has come: the handshake begins. */
  onHandshakeTurn(): void;
  /** It ends, for others want its place. */
  giveWay(): void;
}

export class Handshakes {
  /** The one that began first comes first. */
  readonly #underWay = new Set<HandshakeTaker>();
  readonly #waiting = new Set<HandshakeTaker>();
  #begun = 0;
  #scheduled = false;
  readonly #onTurn = (): void => this.#begin();

  /** `onHandshakeTurn` follows, now or in a later turn, unless it ends before. */
  take(taker: HandshakeTaker): void {
    if (this.#waiting.size === 0 && this.#begun < MAX_PER_TURN) return this.#start(taker);
    if (this.#waiting.size >= MAX_WAITING) this.#oldest(this.#waiting)?.giveWay();
    this.#waiting.add(taker);
    this.#schedule();
  }

  /** It is over, or will not begin. */
  end(taker: HandshakeTaker): void {
    if (!this.#underWay.delete(taker)) this.#waiting.delete(taker);
  }

  #start(taker: HandshakeTaker): void {
    this.#begun++;
    this.#schedule();
    if (this.#underWay.size >= MAX_UNDER_WAY) this.#oldest(this.#underWay)?.giveWay();
    this.#underWay.add(taker);
    taker.onHandshakeTurn();
  }

  #oldest(takers: ReadonlySet<HandshakeTaker>): HandshakeTaker | undefined {
    for (const taker of takers) return taker;
    return undefined;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTurn(this.#onTurn);
  }

  #begin(): void {
    this.#scheduled = false;
    this.#begun = 0;
    for (const taker of this.#waiting) {
      if (this.#begun === MAX_PER_TURN) break;
      this.#waiting.delete(taker);
      this.#start(taker);
    }
    if (this.#waiting.size > 0) this.#schedule();
  }
}
