// What may go into a test. A number that is none would make all evidence after it meaningless, and quietly: it is refused.

/** Most events that a count holds exactly. */
const MAX_COUNT = 2 ** 53;

/** Throws a RangeError unless `count` is a whole number from 0 to 2^53. */
export function checkCount(count: number, what: string): void {
  if (!(count >= 0 && count <= MAX_COUNT) || !Number.isInteger(count))
    throw new RangeError(`${what} is a whole number from 0, not ${count}.`);
}

/** Throws a RangeError unless `chance` is from 0 to 1. */
export function checkChance(chance: number, what: string): void {
  if (!(chance >= 0 && chance <= 1)) throw new RangeError(`${what} is from 0 to 1, not ${chance}.`);
}

/** Throws a RangeError unless `value` is finite and above `above`. */
export function checkAbove(value: number, above: number, what: string): void {
  if (!(value > above && value < Infinity)) throw new RangeError(`${what} is above ${above}, not ${value}.`);
}

/** Throws a RangeError unless `value` is strictly between 0 and 1, as an alpha or a share of it is. */
export function checkInside(value: number, what: string): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${what} is between 0 and 1, not ${value}.`);
}
