// What a peer may cost for nothing. Each frame of HTTP/2 is legal on its own, and floods are made of legal ones: streams that are reset as soon as
// they are opened, settings and pings that are to be acknowledged, frames that hold nothing. Time and useful work pay for them. Pure: time is given.

/** A stream that the peer reset before its end, or that we had to reset for what the peer did on it. */
export const BAD_STREAM = 0;
/** What is to be acknowledged, and may change windows. */
export const SETTINGS_FRAME = 1;
export const PING_FRAME = 2;
export const WINDOW_UPDATE_FRAME = 3;
/** DATA without content that does not end its stream, or with padding alone. */
export const EMPTY_DATA = 4;
/** A frame that changes nothing: PRIORITY, one of a type that we do not know, or one on a stream that is gone. */
export const WASTED_FRAME = 5;
export type Abuse = 0 | 1 | 2 | 3 | 4 | 5;

/** Why the connection is ended, by kind. */
export const ABUSE_REASONS = [
  'too many streams were reset',
  'too many SETTINGS frames',
  'too many PING frames',
  'too many WINDOW_UPDATE frames',
  'too many empty DATA frames',
  'too many frames that change nothing',
] as const;

/** What a frame of each kind costs. */
const COSTS = [1, 20, 4, 1, 20, 1] as const;

/** A page that is left may end all of its streams, and the next one as well. */
const MAX_BAD_STREAMS = 200;
const BAD_STREAMS_PER_SECOND = 20;
const MAX_FRAME_COST = 1000;
const FRAME_COST_PER_SECOND = 200;
/** What content, or a request, pays for: WINDOW_UPDATE of connection and stream, pings that measure the way. */
const PAID_BY_WORK = 10;

export class AbuseBudget {
  #streams = 0;
  #frames = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Counts one more. False: that is too much, and the connection is to end with ENHANCE_YOUR_CALM. */
  spend(kind: Abuse, nowMs: number): boolean {
    this.#recover(nowMs);
    if (kind === BAD_STREAM) return ++this.#streams <= MAX_BAD_STREAMS;
    this.#frames += COSTS[kind];
    return this.#frames <= MAX_FRAME_COST;
  }

  /** Content was received or sent, or a request begun. */
  worked(): void {
    this.#frames = Math.max(0, this.#frames - PAID_BY_WORK);
  }

  /** A stream has ended well: it pays for one that did not. */
  finished(): void {
    if (this.#streams > 0) this.#streams--;
  }

  #recover(nowMs: number): void {
    const seconds = (nowMs - this.#atMs) / 1000;
    if (seconds <= 0) return;
    this.#atMs = nowMs;
    this.#streams = Math.max(0, this.#streams - seconds * BAD_STREAMS_PER_SECOND);
    this.#frames = Math.max(0, this.#frames - seconds * FRAME_COST_PER_SECOND);
  }
}
