// A plan against what simulated runs need.

import { describe, expect, it } from 'vitest';
import { chanceAt, labelTest } from '../../../src/analysis/label-test.ts';
import { LabelEvidence } from '../../../src/analysis/label-evidence.ts';
import {
  chanceToMiss,
  divergence,
  eventsToTell,
  NINE_IN_TEN,
  ratioToldWithin,
  unitsToClear,
  unitsToClearMargin,
  unitsToTell,
} from '../../../src/analysis/planning.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

const plan = { chance: 0.05, rate: 0.005, allowed: 1, alpha: 0.05 };

function eventsUntilSeen(seed: number, ratio: number): number {
  const random = seededRandom(seed * 977);
  const evidence = new LabelEvidence(labelTest({ allowed: plan.allowed, towards: 'above' }), 'again');
  const q = chanceAt(plan.chance, ratio);
  while (evidence.log < -Math.log(plan.alpha)) {
    const isOurs = random() < q;
    evidence.add(plan.chance, isOurs ? 1 : 0, isOurs ? 0 : 1);
  }
  return evidence.events;
}

describe('a plan', () => {
  it.each([2, 3, 5, 10])(
    'says how many events a ratio of %s typically takes, and nine in ten runs need at most 2.5 times that',
    (ratio) => {
      const events = Array.from({ length: 201 }, (_, i) => eventsUntilSeen(i + 1, ratio)).sort((a, b) => a - b);
      const planned = eventsToTell(plan, ratio);
      expect(events[100]! / planned).toBeGreaterThan(0.6);
      expect(events[100]! / planned).toBeLessThan(1.3);
      expect(events[180]! / planned).toBeLessThan(NINE_IN_TEN * 1.1);
    },
  );

  it.each([
    [3, 0.5],
    [3, 1],
    [3, 2],
    [5, 1],
    [5, 2],
    [2, 1],
  ])('says how likely a ratio of %s is missed within %s times as many', (ratio, part) => {
    const units = unitsToTell(plan, ratio) * part;
    const within = eventsToTell(plan, ratio) * part;
    let missed = 0;
    for (let seed = 1; seed <= 200; seed++) if (eventsUntilSeen(seed, ratio) > within) missed++;
    expect(Math.abs(chanceToMiss(plan, ratio, units) - missed / 200)).toBeLessThan(0.13);
  });

  it('knows the units from the events, and says what cannot be told', () => {
    expect(unitsToTell(plan, 5)).toBeCloseTo(eventsToTell(plan, 5) / (0.005 * (0.95 + 0.25)), 8);
    expect(unitsToTell(plan, 1)).toBe(Infinity);
    expect(unitsToTell({ ...plan, allowed: 1.5 }, 1.2)).toBe(Infinity);
    expect(unitsToClear({ ...plan, allowed: 1.5 }, 2)).toBe(Infinity);
    expect(unitsToClear({ ...plan, allowed: 1.5 }, 1) * 0.05).toBeGreaterThan(4000);
    expect(unitsToClear({ ...plan, allowed: 1.5 }, 1) * 0.05).toBeLessThan(15_000);
    expect(unitsToClearMargin(plan, 0.005)).toBeGreaterThan(1000);
    expect(unitsToClearMargin({ ...plan, rate: 0.0001 }, 0.005)).toBeLessThan(1200);
    expect(chanceToMiss(plan, 1, 1e9)).toBe(1);
  });

  it('finds the smallest ratio that is told within so many units', () => {
    for (const units of [5000, 100_000, 1e7]) {
      const ratio = ratioToldWithin(plan, units)!;
      expect(unitsToTell(plan, ratio)).toBeLessThanOrEqual(units);
      expect(unitsToTell(plan, ratio * 0.999)).toBeGreaterThan(units);
    }
    expect(ratioToldWithin(plan, 3)).toBeUndefined();
  });

  it('is monotone: more units, a larger ratio or a looser alpha miss less', () => {
    const missed = (ratio: number, units: number, alpha = 0.05) => chanceToMiss({ ...plan, alpha }, ratio, units);
    const units = [100, 1000, 5000, 20_000, 100_000, 1e7, 1e12];
    for (let i = 1; i < units.length; i++) expect(missed(3, units[i]!)).toBeLessThanOrEqual(missed(3, units[i - 1]!) + 1e-9);
    const ratios = [1.1, 1.5, 2, 3, 5, 10, 50, 200];
    for (let i = 1; i < ratios.length; i++) expect(missed(ratios[i]!, 20_000)).toBeLessThanOrEqual(missed(ratios[i - 1]!, 20_000) + 1e-6);
    expect(missed(3, 20_000, 0.01)).toBeGreaterThan(missed(3, 20_000, 0.05));
  });

  it('stays a number at the ends, and refuses what is none', () => {
    for (const chance of [0.00001, 0.5, 0.99999])
      for (const rate of [1e-9, 0.005, 0.999])
        for (const ratio of [1.0001, 3, 1e9]) {
          const missed = chanceToMiss({ chance, rate, allowed: 1, alpha: 0.05 }, ratio, 1e6);
          expect(missed, `${chance} ${rate} ${ratio}`).toBeGreaterThanOrEqual(0);
          expect(missed).toBeLessThanOrEqual(1);
        }
    for (const wrong of [{ chance: NaN }, { rate: 0 }, { allowed: NaN }, { alpha: 1 }, { chance: 1 }])
      expect(() => eventsToTell({ ...plan, ...wrong }, 3)).toThrow(RangeError);
    expect(() => eventsToTell(plan, NaN)).toThrow(RangeError);
    expect(divergence(0.3, 0.3)).toBeCloseTo(0, 12);
    expect(divergence(0, 0.5)).toBeCloseTo(Math.LN2, 12);
    expect(divergence(1, 0.5)).toBeCloseTo(Math.LN2, 12);
  });
});
