// Bounds what handshakes of TLS may cost a thread, so that a flood of those that are never finished slows nobody down for long. One takes some
// 0.4 ms and 50 KiB from its turn until its client has done its part; one that waits for its turn takes little.
// A turn of the event loop begins one, and more where others take as much of it. So many are under way at once, of which the oldest gives way
// when it had time enough for a distant client; until then the others wait.

import type { Clock } from '../lib/clock.ts';
import { after, nextTurn, nowMs } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';

export interface HandshakesOptions {
  readonly maxUnderWay: number;
  readonly maxWaiting: number;
}

export interface HandshakesDeps extends Pick<Clock, 'nowMs' | 'after'> {
  readonly nextTurn: (fn: () => void) => void;
}

/** Begun in one turn at most. */
const MAX_PER_TURN = 4;
/** For a client to do its part: a round trip to the other side of the earth over a poor network, and its own work. */
const GRACE_MS = 500;
/** Where somebody waits longer the last comes first: at least those are served at once, and who waits may have left, or be no client. */
const FAIR_MS = 1000;

export interface HandshakeTaker {
  /** Its turn has come: the handshake begins. */
  onHandshakeTurn(): void;
  /** It ends, for others want its place. */
  giveWay(): void;
}

/** What a connection has while it waits, or is under way. One for each. */
export class HandshakePlace {
  readonly taker: HandshakeTaker;
  list: PlaceList | undefined = undefined;
  before: HandshakePlace | undefined = undefined;
  after: HandshakePlace | undefined = undefined;
  /** When it began to wait, or to be under way. */
  sinceMs = 0;

  constructor(taker: HandshakeTaker) {
    this.taker = taker;
  }
}

/** In the order in which they came. */
class PlaceList {
  first: HandshakePlace | undefined = undefined;
  last: HandshakePlace | undefined = undefined;
  size = 0;

  append(place: HandshakePlace, atMs: number): void {
    place.list = this;
    place.sinceMs = atMs;
    place.before = this.last;
    if (this.last === undefined) this.first = place;
    else this.last.after = place;
    this.last = place;
    this.size++;
  }

  remove(place: HandshakePlace): void {
    const { before, after: next } = place;
    if (before === undefined) this.first = next;
    else before.after = next;
    if (next === undefined) this.last = before;
    else next.before = before;
    place.list = place.before = place.after = undefined;
    this.size--;
  }
}

export class Handshakes {
  readonly #options: HandshakesOptions;
  readonly #deps: HandshakesDeps;
  readonly #underWay = new PlaceList();
  readonly #waiting = new PlaceList();
  #isScheduled = false;
  #hasBegun = false;
  /** When the last turn ended that began some. */
  #leftMs = 0;
  #timer: Timer | undefined = undefined;
  readonly #onTurn = (): void => this.#turn();

  constructor(options: HandshakesOptions, deps: HandshakesDeps = { nowMs, after, nextTurn }) {
    this.#options = options;
    this.#deps = deps;
  }

  /** `onHandshakeTurn` follows, now or in a later turn, unless it ends before. */
  take(place: HandshakePlace): void {
    if (this.#waiting.size === 0 && !this.#hasBegun && this.#hasRoom()) {
      this.#hasBegun = true;
      this.#schedule();
      this.#start(place);
      this.#leftMs = this.#deps.nowMs();
      return;
    }
    if (this.#waiting.size >= this.#options.maxWaiting) this.#waiting.first!.taker.giveWay();
    this.#waiting.append(place, this.#deps.nowMs());
    this.#schedule();
  }

  /** It is over, or will not begin. */
  end(place: HandshakePlace): void {
    const { list } = place;
    if (list === undefined) return;
    list.remove(place);
    if (list === this.#underWay && this.#waiting.size > 0) this.#schedule();
  }

  #start(place: HandshakePlace): void {
    this.#underWay.append(place, this.#deps.nowMs());
    place.taker.onHandshakeTurn();
  }

  /** Whether one more may be under way; the oldest may have to go for it. */
  #hasRoom(): boolean {
    if (this.#underWay.size < this.#options.maxUnderWay) return true;
    const oldest = this.#underWay.first!;
    const leftMs = oldest.sinceMs + GRACE_MS - this.#deps.nowMs();
    if (leftMs > 0) {
      this.#timer ??= this.#deps.after(leftMs, () => this.#onRoom(), { unref: true });
      return false;
    }
    oldest.taker.giveWay();
    return true;
  }

  /** Whether nobody has waited for too long. */
  #isFair(nowMs: number): boolean {
    const { first } = this.#waiting;
    return first === undefined || nowMs - first.sinceMs < FAIR_MS;
  }

  #onRoom(): void {
    this.#timer = undefined;
    this.#turn();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#deps.nextTurn(this.#onTurn);
  }

  #turn(): void {
    this.#isScheduled = this.#hasBegun = false;
    const beganMs = this.#deps.nowMs();
    const othersMs = beganMs - this.#leftMs;
    let isFull = false;
    for (let begun = 0; begun < MAX_PER_TURN && this.#waiting.size > 0; begun++) {
      if (begun > 0 && this.#deps.nowMs() - beganMs > othersMs) break;
      isFull = !this.#hasRoom();
      if (isFull) break;
      const next = this.#isFair(beganMs) ? this.#waiting.first! : this.#waiting.last!;
      this.#waiting.remove(next);
      this.#start(next);
    }
    this.#leftMs = this.#deps.nowMs();
    // Who leaves, or the timer, makes room.
    if (this.#waiting.size > 0 && !isFull) this.#schedule();
  }
}
