// Absolute guards: verdicts, how often all looks together are wrong, bounds by Wilson, and counts of the last moments.

import { describe, expect, it } from 'vitest';
import { judgeQuantile, judgeRate, startPart, wilsonInterval } from '../../../src/analysis/rate-guard.ts';
import { labelTest } from '../../../src/analysis/label-test.ts';
import { SlidingCounts } from '../../../src/analysis/sliding-counts.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

const guard = { limit: 0.05, alpha: 0.01, start: 5 };

describe('wilsonInterval', () => {
  it('agrees with figures that are known', () => {
    // 15 of 20 with z = 1.959964: 0.5313 to 0.8881 (as in tables of the method).
    const { low, high } = wilsonInterval({ differing: 15, total: 20 }, 1.959964);
    expect(low).toBeCloseTo(0.5313, 4);
    expect(high).toBeCloseTo(0.8881, 4);
  });

  it('stays within 0 and 1, around the rate, and narrows', () => {
    expect(wilsonInterval({ differing: 0, total: 0 }, 3)).toEqual({ low: 0, high: 1 });
    for (const total of [1, 10, 1e6, 1e12]) {
      for (const differing of [0, 1, Math.floor(total / 2), total]) {
        const { low, high } = wilsonInterval({ differing, total }, 3);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(differing / total);
        expect(high).toBeGreaterThanOrEqual(differing / total);
        expect(high).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('judgeRate', () => {
  it.each([
    [0, 0, 'no-data'],
    [3, 3, 'open'],
    [4, 4, 'above'],
    [1, 20, 'open'],
    [0, 1000, 'open'],
    [50, 1000, 'open'],
    [90, 1000, 'above'],
  ])('%s of %s: %s', (differing, total, verdict) => {
    expect(judgeRate({ differing, total }, guard).verdict).toBe(verdict);
  });

  it('is the product of all units, each with the chance of the limit at most', () => {
    const { log } = judgeRate({ differing: 3, total: 20 }, guard);
    const odds = [...labelTest({ allowed: 1, towards: 'above', least: 1.2, most: 1000 }).multiples];
    const rates = odds.map((multiple) => (0.05 * multiple) / (0.95 + 0.05 * multiple));
    const products = rates.map((rate) => (rate / 0.05) ** 3 * ((1 - rate) / 0.95) ** 17);
    expect(log).toBeCloseTo(Math.log(products.reduce((sum, each) => sum + each, 0) / products.length), 9);
  });

  it('needs more the more starts there were, and all starts together have alpha', () => {
    expect(judgeRate({ differing: 4, total: 4 }, { ...guard, start: 3600 }).verdict).toBe('open');
    expect(judgeRate({ differing: 8, total: 8 }, { ...guard, start: 86_400 }).verdict).toBe('above');
    let sum = 0;
    for (let start = 0; start < 2 ** 16 - 1; start++) sum += startPart(start);
    expect(sum).toBeCloseTo(16 / 17, 9);
    expect(() => startPart(-1)).toThrow(RangeError);
  });

  it.each([NaN, -1, 0.5])('refuses %s events', (differing) => {
    expect(() => judgeRate({ differing, total: 100 }, guard)).toThrow(RangeError);
  });

  it('refuses a limit that is none', () => {
    expect(() => judgeRate({ differing: 1, total: 100 }, { ...guard, limit: NaN })).toThrow(RangeError);
    expect(() => judgeRate({ differing: 101, total: 100 }, guard)).toThrow(RangeError);
  });
});

it('a rate at its limit, looked at after each event in a window that slides, is rarely past it; one that is looked at with a z of 2.5 is in more than one run of ten', () => {
  let [alarms, usual] = [0, 0];
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed * 7919);
    const counts = new SlidingCounts(30_000, 30);
    let [isAlarm, isUsual] = [false, false];
    for (let unit = 0; unit < 6000 && !(isAlarm && isUsual); unit++) {
      const nowMs = unit * 100;
      const isEvent = random() < 0.05;
      counts.add(nowMs, isEvent ? 1 : 0, 1);
      if (!isEvent) continue;
      const hits = counts.sum(nowMs);
      isAlarm ||= judgeRate(hits, { limit: 0.05, alpha: 0.05, start: Math.floor(nowMs / 1000) }).verdict === 'above';
      isUsual ||= wilsonInterval(hits, 2.5).low > 0.05;
    }
    if (isAlarm) alarms++;
    if (isUsual) usual++;
  }
  expect(alarms).toBeLessThanOrEqual(10);
  expect(usual).toBeGreaterThan(20);
});

it('a quantile is past its bound when more durations are longer than the rest', () => {
  const verdictOf = (differing: number, total: number) => judgeQuantile({ differing, total }, 0.99, guard).verdict;
  expect(verdictOf(40, 1000)).toBe('above');
  expect(verdictOf(10, 1000)).toBe('open');
  expect(verdictOf(0, 10_000)).toBe('open');
  expect(verdictOf(0, 0)).toBe('no-data');
});

describe('SlidingCounts', () => {
  it('forgets what is older than the window', () => {
    const counts = new SlidingCounts(10_000, 10);
    counts.add(1_000_000, 1, 10);
    counts.add(1_005_500, 2, 10);
    expect(counts.sum(1_009_999)).toEqual({ differing: 3, total: 20 });
    expect(counts.sum(1_010_000)).toEqual({ differing: 2, total: 10 });
    expect(counts.sum(1_015_000)).toEqual({ differing: 0, total: 0 });
  });

  it('is empty after a pause of any length, and a clock that goes back loses nothing', () => {
    const counts = new SlidingCounts(1000, 4);
    counts.add(5000, 1, 1);
    counts.add(4000, 1, 1);
    expect(counts.sum(3000)).toEqual({ differing: 2, total: 2 });
    expect(counts.sum(1e15)).toEqual({ differing: 0, total: 0 });
    expect(() => counts.add(NaN, 1, 1)).toThrow(RangeError);
    expect(() => counts.add(2e15, 2, 1)).toThrow(RangeError);
    expect(() => new SlidingCounts(1000, 0)).toThrow(RangeError);
    expect(() => new SlidingCounts(NaN, 3)).toThrow(RangeError);
  });
});
