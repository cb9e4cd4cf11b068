// Evidence that one arm is not worse: by ratio, by an absolute bound, by both.

import { describe, expect, it } from 'vitest';
import { judgeHarmless, logOfRateBelow } from '../../../src/analysis/harmless.ts';
import type { HarmlessQuestion } from '../../../src/analysis/harmless.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

const counts = (ours: number, oursTotal: number, theirs: number, theirsTotal: number) => ({
  segments: [{ chance: oursTotal / (oursTotal + theirsTotal || 1), ours, theirs }],
  ours: { differing: ours, total: oursTotal },
  theirs: { differing: theirs, total: theirsTotal },
});

/** Units of ours until harmless, both arms alike, asked after each `every` of them. */
function unitsUntilHarmless(question: HarmlessQuestion, rate: number, every: number, seed: number): number {
  const random = seededRandom(seed);
  const most = 400_000;
  let [ours, theirs] = [0, 0];
  for (let units = every; units <= most; units += every) {
    for (let i = 0; i < every * 20; i++) if (random() < rate) random() < 0.05 ? ours++ : theirs++;
    if (judgeHarmless(counts(ours, units, theirs, units * 19), question).isHarmless) return units;
  }
  return most;
}

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;

describe('judgeHarmless', () => {
  it('knows nothing of arms without a unit, and says what is nearest', () => {
    const nothing = judgeHarmless(counts(0, 0, 0, 0), { alpha: 0.05, ratio: 1.5, margin: 0.005 });
    expect(nothing).toMatchObject({ isHarmless: false });
    expect(nothing.towards).toBeCloseTo(0, 10);
    const some = judgeHarmless(counts(0, 400, 0, 7600), { alpha: 0.05, ratio: 1.5, margin: 0.005 });
    expect(some).toMatchObject({ isHarmless: false, by: 'margin' });
    expect(some.towards).toBeGreaterThan(0.3);
    expect(some.towards).toBeLessThan(1);
  });

  it('is by ratio where events are many, by margin where they are rare', () => {
    expect(judgeHarmless(counts(500, 10_000, 500, 10_000), { alpha: 0.05, ratio: 1.5, margin: 0.005 })).toMatchObject({
      isHarmless: true,
      by: 'ratio',
    });
    expect(judgeHarmless(counts(0, 2000, 3, 38_000), { alpha: 0.05, ratio: 1.5, margin: 0.005 })).toMatchObject({
      isHarmless: true,
      by: 'margin',
    });
    expect(judgeHarmless(counts(0, 2000, 3, 38_000), { alpha: 0.05, ratio: 1.5 }).isHarmless).toBe(false);
  });

  it('takes a given rate in place of the other arm', () => {
    const none = counts(2, 2000, 0, 0);
    expect(judgeHarmless(none, { alpha: 0.05, margin: 0.005, reference: 0.001 }).isHarmless).toBe(true);
    expect(judgeHarmless(none, { alpha: 0.05, margin: 0.005 }).isHarmless).toBe(true);
    expect(judgeHarmless(none, { alpha: 0.05, margin: 0.0005, reference: 0.001 }).isHarmless).toBe(false);
  });

  it('is typically known after about as many units as a plan says', () => {
    const runs = (question: HarmlessQuestion, rate: number, every: number): number =>
      median(Array.from({ length: 41 }, (_, i) => unitsUntilHarmless(question, rate, every, i * 71 + 1)));
    expect(runs({ alpha: 0.05, ratio: 1.5 }, 0.005, 200)).toBeLessThan(11_000);
    expect(runs({ alpha: 0.05, margin: 0.005 }, 0.005, 100)).toBeLessThan(6_000);
    expect(runs({ alpha: 0.05, margin: 0.005, reference: 0.005 }, 0.005, 100)).toBeLessThan(4_000);
    expect(runs({ alpha: 0.05, margin: 0.005 }, 0.0001, 50)).toBeLessThan(1_100);
  });

  it('calls an arm harmless that is as bad as allowed in at most a share alpha of runs, asked every 50 units', () => {
    let wrong = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed * 31);
      let [ours, theirs] = [0, 0];
      for (let units = 50; units <= 4000; units += 50) {
        for (let i = 0; i < 50; i++) {
          if (random() < 0.03) ours++;
          if (random() < 0.02) theirs++;
        }
        if (!judgeHarmless(counts(ours, units, theirs, units), { alpha: 0.05, ratio: 1.5, margin: 0.01 }).isHarmless) continue;
        wrong++;
        break;
      }
    }
    expect(wrong).toBeLessThanOrEqual(0.05 * 300 + 3 * Math.sqrt(300 * 0.05 * 0.95));
  });

  it('refuses what is no question, and no count', () => {
    expect(() => judgeHarmless(counts(0, 1, 0, 1), { alpha: 0.05 })).toThrow(RangeError);
    expect(() => judgeHarmless(counts(0, 1, 0, 1), { alpha: NaN, ratio: 1.5 })).toThrow(RangeError);
    expect(() => judgeHarmless(counts(0, 1, 0, 1), { alpha: 0.05, margin: NaN })).toThrow(RangeError);
    expect(() => judgeHarmless(counts(2, 1, 0, 1), { alpha: 0.05, margin: 0.1 })).toThrow(RangeError);
    expect(() => judgeHarmless(counts(0, 1, NaN, 1), { alpha: 0.05, margin: 0.1 })).toThrow(RangeError);
  });
});

describe('logOfRateBelow', () => {
  it('grows with the bound and with units without an event, falls with events, and stays a number', () => {
    const log = (differing: number, total: number, bound: number) => logOfRateBelow({ differing, total }, bound);
    expect(log(0, 0, 0.01)).toBeCloseTo(0, 12);
    expect(log(0, 1000, 0.02)).toBeGreaterThan(log(0, 1000, 0.01));
    expect(log(0, 1000, 0.01)).toBeGreaterThan(log(0, 999, 0.01));
    expect(log(1, 1000, 0.01)).toBeLessThan(log(0, 1000, 0.01));
    for (const bound of [1e-9, 0.5, 1, 2]) for (const hits of [0, 1e12]) expect(Number.isFinite(log(hits, 1e12, bound))).toBe(true);
  });

  it('is the product over units', () => {
    const parts = [0.001, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8];
    const units = [0, 1, 0, 0, 1, 0, 0, 0, 0, 0];
    const product = (part: number) => units.reduce((e, y) => e * (y === 1 ? (part * 0.3) / 0.3 : (1 - part * 0.3) / (1 - 0.3)), 1);
    const mean = parts.reduce((sum, part) => sum + product(part), 0) / parts.length;
    expect(logOfRateBelow({ differing: 2, total: 10 }, 0.3)).toBeCloseTo(Math.log(mean), 12);
  });
});
