// Bounds that hold no matter how often somebody looks: counted over many simulated runs that are looked at after every step.

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { logEvidence, meanInterval } from '../../../src/analysis/bets.ts';
import { rateInterval } from '../../../src/analysis/rate-interval.ts';

const ALPHA = 0.05;
const RUNS = 600;
/** Six sigma above alpha. */
const MOST = ALPHA * RUNS + 6 * Math.sqrt(RUNS * ALPHA * (1 - ALPHA));

describe('logEvidence', () => {
  it('reaches 1 / alpha against the truth in at most a share alpha of runs, at any step', () => {
    let alarms = 0;
    let naive = 0;
    for (let seed = 0; seed < RUNS; seed++) {
      const random = seededRandom(seed);
      const counts = [0, 0];
      let [isAlarm, isNaive] = [false, false];
      for (let n = 1; n <= 400; n++) {
        counts[random() < 0.5 ? 0 : 1]!++;
        const seen = [
          { value: 1, count: counts[0]! },
          { value: -1, count: counts[1]! },
        ];
        if (logEvidence(seen, 0) >= -Math.log(ALPHA)) isAlarm = true;
        if (n > 10 && (counts[0]! - counts[1]!) / Math.sqrt(n) > 1.645) isNaive = true;
      }
      if (isAlarm) alarms++;
      if (isNaive) naive++;
    }
    expect(alarms).toBeLessThanOrEqual(MOST);
    // The test would see it: the usual test at the same level, looked at as often, fails by far.
    expect(naive).toBeGreaterThan(2 * MOST);
  });

  it('grows with what speaks against the mean, and depends on counts alone', () => {
    const against = (more: number, less: number, mean = 0): number =>
      logEvidence(
        [
          { value: 1, count: more },
          { value: -1, count: less },
        ],
        mean,
      );
    expect(against(0, 0)).toBeCloseTo(0, 10);
    expect(against(30, 0)).toBeGreaterThan(16);
    expect(against(30, 0)).toBeLessThan(30 * Math.LN2);
    expect(against(10, 10)).toBeLessThan(0);
    expect(against(30, 0, 0.5)).toBeLessThan(against(30, 0));
    expect(against(100_000, 0)).toBeLessThan(Infinity);
  });
});

describe('meanInterval', () => {
  it('covers the mean at all steps in all but a share alpha of runs, and narrows', () => {
    let missed = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const counts = new Map([1, -1, 0].map((value) => [value, 0]));
      let isMissed = false;
      for (let n = 1; n <= 1000; n++) {
        const draw = random();
        const value = draw < 0.1 ? 1 : draw < 0.16 ? -1 : 0;
        counts.set(value, counts.get(value)! + 1);
        if (n % 20 !== 0) continue;
        const { low, high } = meanInterval(
          [...counts].map(([one, count]) => ({ value: one, count })),
          ALPHA,
        );
        if (low > 0.04 || high < 0.04) isMissed = true;
        if (n === 1000) expect(high - low).toBeLessThan(0.15);
      }
      if (isMissed) missed++;
    }
    expect(missed).toBeLessThanOrEqual(ALPHA * 100 + 6 * Math.sqrt(100 * ALPHA));
  });

  it('knows nothing from nothing', () => {
    expect(meanInterval([], ALPHA)).toEqual({ low: -1, high: 1 });
  });
});

describe('rateInterval', () => {
  it.each([0.01, 0.5, 0.97])('covers a rate of %d at all steps in all but a share alpha of runs', (rate) => {
    let missed = 0;
    for (let seed = 0; seed < RUNS; seed++) {
      const random = seededRandom(seed);
      let hits = 0;
      let isMissed = false;
      for (let n = 1; n <= 400; n++) {
        if (random() < rate) hits++;
        if (n % 10 !== 0) continue;
        const { low, high } = rateInterval(hits, n, ALPHA);
        if (low > rate || high < rate) isMissed = true;
      }
      if (isMissed) missed++;
    }
    expect(missed).toBeLessThanOrEqual(MOST);
  });

  it('is sane at the ends', () => {
    expect(rateInterval(0, 0, ALPHA)).toEqual({ low: 0, high: 1 });
    const none = rateInterval(0, 10_000, 0.001);
    expect(none.low).toBe(0);
    expect(none.high).toBeGreaterThan(0.0007);
    expect(none.high).toBeLessThan(0.0015);
    const all = rateInterval(10_000, 10_000, 0.001);
    expect(all).toEqual({ low: expect.closeTo(1 - none.high, 9) as number, high: 1 });
    const some = rateInterval(100, 10_000, 0.05);
    expect(some.low).toBeGreaterThan(0.006);
    expect(some.high).toBeLessThan(0.015);
  });
});
