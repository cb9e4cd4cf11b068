// Absolute guards: bounds by Wilson, verdicts, and counts of the last moments.

import { describe, expect, it } from 'vitest';
import { judgeQuantile, judgeRate, wilsonInterval } from '../../../src/analysis/rate-guard.ts';
import { SlidingCounts } from '../../../src/analysis/sliding-counts.ts';

const guard = { limit: 0.05, z: 3, fewest: 20 };

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
    [19, 19, 'no-data'],
    [20, 20, 'above'],
    [1, 20, 'open'],
    [0, 1000, 'below'],
    [50, 1000, 'open'],
    [90, 1000, 'above'],
  ])('%s of %s: %s', (differing, total, verdict) => {
    expect(judgeRate({ differing, total }, guard)).toBe(verdict);
  });

  it.each([NaN, -1, 0.5])('refuses %s events', (differing) => {
    expect(() => judgeRate({ differing, total: 100 }, guard)).toThrow(RangeError);
  });

  it('refuses a limit that is none', () => {
    expect(() => judgeRate({ differing: 1, total: 100 }, { ...guard, limit: NaN })).toThrow(RangeError);
    expect(() => judgeRate({ differing: 101, total: 100 }, guard)).toThrow(RangeError);
  });
});

it('a quantile is past its bound when more durations are longer than the rest', () => {
  expect(judgeQuantile({ differing: 40, total: 1000 }, 0.99, guard)).toBe('above');
  expect(judgeQuantile({ differing: 10, total: 1000 }, 0.99, guard)).toBe('open');
  expect(judgeQuantile({ differing: 0, total: 10_000 }, 0.99, guard)).toBe('below');
  expect(judgeQuantile({ differing: 0, total: 1 }, 0.99, guard)).toBe('no-data');
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
