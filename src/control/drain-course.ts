// How a drain comes along: what was left when, and when nothing will be left at that pace. Pure; it reads no clock.

export class DrainCourse {
  readonly #beganMs: number;
  #most: number;
  #left: number;
  #seenMs: number;
  /** Of what was left, over the time: what had the chance to end, in milliseconds. */
  #exposureMs = 0;

  /** @param nowMs of any clock that never goes back; @param left when it began */
  constructor(nowMs: number, left: number) {
    this.#beganMs = nowMs;
    this.#seenMs = nowMs;
    this.#most = left;
    this.#left = left;
  }

  get left(): number {
    return this.#left;
  }

  /** What is left now. What comes to it after all was there at the beginning, as far as this knows. */
  see(nowMs: number, left: number): void {
    const passedMs = Math.max(nowMs - this.#seenMs, 0);
    this.#exposureMs += ((this.#left + left) / 2) * passedMs;
    this.#seenMs += passedMs;
    this.#left = left;
    this.#most = Math.max(this.#most, left);
  }

  /**
   * Milliseconds until nothing is left: 0 when nothing is, undefined while nothing has ended. Requests that take about the same time end at
   * a steady pace (a straight line); those of which any may end at any time become fewer ever more slowly (the last of n needs H(n) mean
   * times). How much was left on average says how near the course is to either, and the estimate lies as near.
   */
  get estimateMs(): number | undefined {
    const [most, left, passedMs] = [this.#most, this.#left, this.#seenMs - this.#beganMs];
    const ended = most - left;
    if (left === 0) return 0;
    if (ended <= 0 || passedMs <= 0) return undefined;
    const steady = (left * passedMs) / ended;
    const fading = (harmonic(left) * this.#exposureMs) / ended;
    const [highest, lowest] = [(most + left) / 2, ended / Math.log(most / left)];
    const nearness = Math.min(Math.max((this.#exposureMs / passedMs - lowest) / (highest - lowest), 0), 1);
    return Math.round(steady ** nearness * fading ** (1 - nearness));
  }
}

const EULER = 0.5772156649;

/** 1 + 1/2 + … + 1/n. */
function harmonic(n: number): number {
  if (n > 50) return Math.log(n) + EULER + 1 / (2 * n);
  let sum = 0;
  for (let each = 1; each <= n; each++) sum += 1 / each;
  return sum;
}
