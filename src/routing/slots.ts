// Which of the requests in a row belong to a share: stratified random slots. Exact as a fixed pattern is, and nothing that recurs can fall
// in step with it. Chance is passed in.
//
// For a share w the line of requests, one unit each, is cut into strata of length 1 / w, and in each a point is drawn uniformly: the request
// that it falls into is a slot. A request that lies across the border of two strata could get both points. Whether it gets the first is known
// by then, so the second is drawn under that condition: never both, and still each request is a slot with the chance w, neither more nor less,
// wherever it stands. Strata of whole requests would not do: with a share of 2/5 they have 3 and 2, and a client that comes back to the same
// place after 5 requests would meet chances of 1/3 and 1/2 for ever.

/** Length of a stratum in steps. Sums of steps stay integers below 2^53, so that nothing drifts, however long it runs. */
const STRATUM = 2 ** 52;

/**
 * Of n requests in a row the number of slots differs from n times the share by less than 2; where that product is an integer, by 1 at most.
 * One per worker and use; outlives Tables. It begins at a random place of a random stratum.
 */
export class Slots {
  readonly #random: () => number;
  /** Length of a request: the share of a stratum that it has. */
  readonly #step: number;
  /** The larger part has what the smaller one leaves. */
  readonly #isLarger: boolean;
  /** Whole requests after the first one of a stratum, when that lies within it, and what is left over then. */
  readonly #whole: number;
  readonly #rest: number;
  /** Requests until the one in which the next stratum begins. */
  #left: number;
  /** Requests until the slot; below 0 after it. */
  #slot: number;
  /** The part of that request that lies before the border. */
  #before: number;

  /**
   * @param share between 0 and 1, both excluded
   * @param random a fraction, 0 <= x < 1, at each call
   */
  constructor(share: number, random: () => number) {
    const step = Math.max(1, Math.round(Math.min(share, 1 - share) * STRATUM));
    this.#random = random;
    this.#step = step;
    this.#isLarger = share > 0.5;
    this.#whole = Math.floor(STRATUM / step) - 1;
    this.#rest = STRATUM % step;
    const passed = Math.floor(random() * STRATUM);
    this.#left = Math.floor((STRATUM - passed) / step);
    this.#before = (STRATUM - passed) % step;
    const point = Math.floor(random() * STRATUM) - passed;
    this.#slot = point < 0 ? -1 : Math.floor(point / step);
  }

  /** Whether the next request belongs to the share. */
  next(): boolean {
    if (this.#left === 0) return this.#begin() !== this.#isLarger;
    this.#left--;
    return (this.#slot-- === 0) !== this.#isLarger;
  }

  /** The request across the border, or, where there is none, the first one after it. */
  #begin(): boolean {
    const step = this.#step;
    const isTaken = this.#slot === 0;
    const first = step - this.#before;
    let after = this.#rest + this.#before;
    this.#left = this.#whole;
    if (after >= step) {
      after -= step;
      this.#left++;
    }
    const point = this.#random() * (STRATUM - (isTaken ? step : this.#before));
    this.#before = after;
    if (!isTaken && point < first) {
      this.#slot = -1;
      return true;
    }
    // A fraction of all that follows the first request, whichever way it came about.
    const further = (isTaken ? point : point - first) / (STRATUM - step);
    const last = after > 0 ? this.#left : this.#left - 1;
    this.#slot = Math.min(last, Math.floor((further * (STRATUM - first)) / step));
    return isTaken;
  }
}
