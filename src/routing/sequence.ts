// A sequence of fractions that fills 0 to 1 as evenly as any can. One per worker and pool; outlives Tables.

const MODULUS = 2 ** 52;
/** The golden ratio's fractional part in units of 2^-52, made odd so that the sequence repeats only after 2^52 values. */
const STEP = 2 * Math.floor((((Math.sqrt(5) - 1) / 2) * MODULUS) / 2) + 1;

/**
 * Kronecker sequence of the golden ratio. Of any 1,000 values in a row, the number that falls into an interval differs from
 * 1,000 times its length by less than 2.66; so a share that is a multiple of 0.1 % is never more than 2 off.
 * Integers below 2^53 are exact, so that it never drifts, however long it runs.
 */
export class LowDiscrepancySequence {
  #position: number;

  /** @param start where to begin, 0 <= start < 1; random per worker, lest all workers begin with the same version. */
  constructor(start: number) {
    this.#position = Math.floor(start * MODULUS) % MODULUS;
  }

  /** The next fraction, 0 <= x < 1. */
  next(): number {
    const current = this.#position;
    const moved = current + STEP;
    this.#position = moved >= MODULUS ? moved - MODULUS : moved;
    return current / MODULUS;
  }
}
