// A small source of chance that can be repeated: the same seed gives the same numbers. Guessable, so nothing for keys.

/** sfc32 of PractRand (Chris Doty-Humphrey, public domain): 128 bits of state, of which 32 count the steps, so that no period is below 2^32. */
export class Sfc32 {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** @param seed three words of 32 bits; of others the low bits count */
  constructor(seed: readonly [number, number, number]) {
    this.#a = seed[0] | 0;
    this.#b = seed[1] | 0;
    this.#c = seed[2] | 0;
    this.#counter = 1;
    // As its author has it: by then every bit of the seed has reached every word.
    for (let i = 0; i < 12; i++) this.#word();
  }

  /** A fraction, 0 <= x < 1, in steps of 2^-53. */
  next(): number {
    const high = this.#word() >>> 5;
    return (high * 0x400_0000 + (this.#word() >>> 6)) / 2 ** 53;
  }

  #word(): number {
    const word = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word;
  }
}
