// Rivals, written anew from what their documentation says of their rules; with short intervals, which suits them here.

import type { Decision, Judge, Running, Window } from './judge.ts';

/** Argo Rollouts: each minute the success rate of the canary must be 95 %; more than 3 failed measurements fail, 5 good ones pass. */
export const argo: Judge = {
  name: 'Argo Rollouts',
  begin: () => new Threshold({ everySeconds: 60, windowSeconds: 60, maxRate: 0.05, failures: 4, passes: 5 }),
};

/** Flagger: each 10 s the success rate of the last minute must be 99 %; 5 failed checks, counted up, fail, 10 steps pass. */
export const flagger: Judge = {
  name: 'Flagger',
  begin: () => new Threshold({ everySeconds: 10, windowSeconds: 60, maxRate: 0.01, failures: 5, passes: 10 }),
};

/** The usual test of two rates at 5 %, looked at every 10 s, promoted after 5 minutes. */
export const chiSquare: Judge = { name: 'chi-square, every 10 s', begin: () => new ChiSquare() };

/** Kayenta: Mann-Whitney (98 %, tolerance 0.25) on points of one minute, judged each 5 minutes, passed after 30. */
export const kayenta: Judge = { name: 'Kayenta', begin: () => new MannWhitney() };

interface Rule {
  readonly everySeconds: number;
  readonly windowSeconds: number;
  readonly maxRate: number;
  readonly failures: number;
  readonly passes: number;
}

class Threshold implements Running {
  readonly #rule: Rule;
  readonly #totals: number[] = [];
  readonly #failed: number[] = [];
  #failures = 0;
  #passes = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  failed(): Decision {
    return 'go on';
  }

  tick(second: number, { canary, canaryFailed }: Window): Decision {
    const { everySeconds, windowSeconds, maxRate, failures, passes } = this.#rule;
    this.#totals.push(canary);
    this.#failed.push(canaryFailed);
    if (this.#totals.length > windowSeconds) {
      this.#totals.shift();
      this.#failed.shift();
    }
    if (second % everySeconds !== 0) return 'go on';
    const total = this.#totals.reduce((sum, count) => sum + count, 0);
    if (total === 0) return 'go on';
    const isBad = this.#failed.reduce((sum, count) => sum + count, 0) / total > maxRate;
    if (isBad) this.#failures++;
    else this.#passes++;
    if (this.#failures >= failures) return 'roll back';
    return this.#passes === passes && !isBad ? 'promote' : 'go on';
  }
}

class ChiSquare implements Running {
  readonly #sums = [0, 0, 0, 0];

  failed(): Decision {
    return 'go on';
  }

  tick(second: number, { canary, canaryFailed, baseline, baselineFailed }: Window): Decision {
    [canary, canaryFailed, baseline, baselineFailed].forEach((count, i) => (this.#sums[i]! += count));
    if (second % 10 !== 0) return 'go on';
    const [n, x, m, y] = this.#sums as [number, number, number, number];
    const pooled = (x + y) / (n + m);
    const z = (x / n - y / m) / Math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m));
    if (x + y >= 5 && z > 1.96) return 'roll back';
    return second === 300 ? 'promote' : 'go on';
  }
}

const Z_98 = 2.326;

class MannWhitney implements Running {
  readonly #canary: number[] = [];
  readonly #baseline: number[] = [];
  readonly #sums = [0, 0, 0, 0];

  failed(): Decision {
    return 'go on';
  }

  tick(second: number, { canary, canaryFailed, baseline, baselineFailed }: Window): Decision {
    [canary, canaryFailed, baseline, baselineFailed].forEach((count, i) => (this.#sums[i]! += count));
    if (second % 60 !== 0) return 'go on';
    const [n, x, m, y] = this.#sums as [number, number, number, number];
    this.#canary.push(n === 0 ? 0 : x / n);
    this.#baseline.push(m === 0 ? 0 : y / m);
    this.#sums.fill(0);
    if (second % 300 !== 0) return 'go on';
    if (this.#isHigh()) return 'roll back';
    return second === 1800 ? 'promote' : 'go on';
  }

  /** The lower bound of the shift between the two is above a quarter of its estimate. */
  #isHigh(): boolean {
    const [n, m] = [this.#canary.length, this.#baseline.length];
    const shifts = this.#canary.flatMap((rate) => this.#baseline.map((other) => rate - other)).sort((a, b) => a - b);
    const at = Math.floor((n * m) / 2 - Z_98 * Math.sqrt((n * m * (n + m + 1)) / 12));
    const estimate = shifts[shifts.length >> 1]!;
    return at >= 0 && estimate > 0 && shifts[at]! > 0.25 * Math.abs(estimate);
  }
}
