// Means of a number per unit: bounds that hold while they are looked at, also where the chance and the level change together.

import { describe, expect, it } from 'vitest';
import type { ArmSums, UnitSegment } from '../../../src/analysis/mean-difference.ts';
import { addUnit, capped, FEWEST_UNITS, meanDifference, mergeSums, NO_UNITS } from '../../../src/analysis/mean-difference.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

/** Mostly nothing, at times an amount with a long tail, as spending is. */
const spent = (random: () => number): number => (random() < 0.3 ? capped(10 * Math.exp(-Math.log(1 - random()) * 0.8), 100) : 0);

interface Arms {
  readonly units: number;
  chance(unit: number): number;
  value(random: () => number, isOurs: boolean, unit: number): number;
}

/** Looks after each 500 units; whether the true difference was ever outside, and the last bounds. */
function watch(seed: number, truth: number, { units, chance, value }: Arms) {
  const random = seededRandom(seed * 101);
  const segments = new Map<number, { chance: number; ours: ArmSums; theirs: ArmSums }>();
  let [missed, last] = [false, { low: -Infinity, high: Infinity }];
  for (let unit = 0; unit < units; unit++) {
    const now = chance(unit);
    const segment = segments.get(now) ?? { chance: now, ours: NO_UNITS, theirs: NO_UNITS };
    segments.set(now, segment);
    const isOurs = random() < now;
    const arm = isOurs ? 'ours' : 'theirs';
    segment[arm] = addUnit(segment[arm], value(random, isOurs, unit));
    if (unit % 500 !== 0) continue;
    last = meanDifference([...segments.values()], 0.05) ?? last;
    missed ||= last.low > truth || last.high < truth;
  }
  return { missed, last };
}

describe('meanDifference', () => {
  it('says nothing before 1,000 units of each arm', () => {
    const arm = (units: number): ArmSums => ({ units, sum: units, squares: 2 * units });
    const segment = (ours: number, theirs: number): UnitSegment => ({ chance: 0.5, ours: arm(ours), theirs: arm(theirs) });
    expect(meanDifference([], 0.05)).toBeUndefined();
    expect(meanDifference([segment(FEWEST_UNITS - 1, 1e6)], 0.05)).toBeUndefined();
    expect(meanDifference([segment(FEWEST_UNITS, FEWEST_UNITS)], 0.05)).toBeDefined();
    expect(meanDifference([segment(600, 600), { ...segment(600, 600), chance: 0.3 }], 0.05)).toBeDefined();
  });

  it('covers the truth in most runs at all looks, and narrows', () => {
    const runs = Array.from({ length: 100 }, (_, seed) =>
      watch(seed + 1, 0, { units: 10_000, chance: () => 0.5, value: (random) => spent(random) }),
    );
    expect(runs.filter(({ missed }) => missed).length).toBeLessThanOrEqual(5 + 3 * Math.sqrt(100 * 0.05 * 0.95));
    const { low, high } = runs[0]!.last;
    expect(high - low).toBeLessThan(3);
  });

  it('sees a difference', () => {
    const { last } = watch(7, 2, { units: 20_000, chance: () => 0.3, value: (random, isOurs) => spent(random) + (isOurs ? 2 : 0) });
    expect(last.low).toBeGreaterThan(0.5);
    expect(last.high).toBeLessThan(3.5);
  });

  it('is not misled where the level rises while the chance does', () => {
    const arms: Arms = {
      units: 12_000,
      chance: (unit) => (unit < 6000 ? 0.2 : 0.7),
      value: (random, _, unit) => spent(random) + (unit < 6000 ? 0 : 30),
    };
    const runs = Array.from({ length: 40 }, (_, seed) => watch(seed + 1, 0, arms));
    expect(runs.filter(({ missed }) => missed).length).toBeLessThanOrEqual(6);
  });

  it('merges sums of any parts, caps, and refuses what is no number', () => {
    const all = [1, 5, -3, 7].reduce(addUnit, NO_UNITS);
    expect(mergeSums([1, 5].reduce(addUnit, NO_UNITS), [-3, 7].reduce(addUnit, NO_UNITS))).toEqual(all);
    expect([capped(1e9, 100), capped(-1e9, 100), capped(5, 100), capped(Infinity, 100)]).toEqual([100, -100, 5, 100]);
    expect(() => capped(NaN, 100)).toThrow(RangeError);
    expect(() => capped(1, NaN)).toThrow(RangeError);
    expect(() => addUnit(NO_UNITS, NaN)).toThrow(RangeError);
    expect(() => meanDifference([{ chance: NaN, ours: NO_UNITS, theirs: NO_UNITS }], 0.05)).toThrow(RangeError);
    expect(() => meanDifference([{ chance: 0.5, ours: { units: 1, sum: NaN, squares: 0 }, theirs: NO_UNITS }], 0.05)).toThrow(RangeError);
  });
});
