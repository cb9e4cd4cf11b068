import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { LogHistogram } from '../../../src/lib/log-histogram.ts';

describe('LogHistogram', () => {
  it('tells quantiles within 2.2 %', () => {
    const random = seededRandom(1);
    const histogram = new LogHistogram();
    const all = Array.from({ length: 5000 }, () => 10 ** (random() * 5 - 1));
    for (const one of all) histogram.add(one);
    all.sort((a, b) => a - b);
    for (const part of [0.01, 0.5, 0.9, 0.99, 1]) {
      const truth = all[Math.max(0, Math.ceil(part * all.length) - 1)]!;
      expect(Math.abs(histogram.quantile(part)! / truth - 1)).toBeLessThan(0.022);
    }
  });

  it('merges by counts, through JSON', () => {
    const [a, b, both] = [new LogHistogram(), new LogHistogram(), new LogHistogram()];
    a.add(1);
    b.add(1);
    b.add(500);
    for (const one of [a, b]) both.merge(JSON.parse(JSON.stringify(one.counts())) as ReturnType<LogHistogram['counts']>);
    expect(both.total).toBe(3);
    expect(both.counts().map(([, count]) => count)).toEqual([2, 1]);
  });

  it('takes what is out of range to its ends, and ignores what is no time', () => {
    const histogram = new LogHistogram();
    expect(histogram.quantile(0.5)).toBeUndefined();
    for (const odd of [NaN, -1, undefined as unknown as number]) histogram.add(odd);
    expect(histogram.total).toBe(0);
    histogram.add(0);
    histogram.add(Infinity);
    histogram.merge([
      [-1, 5],
      [9999, 5],
      [3, -2],
      [1.5, 1],
    ]);
    expect(histogram.total).toBe(2);
    expect(histogram.quantile(0)).toBeLessThan(0.02);
    expect(histogram.quantile(1)).toBeGreaterThan(500_000);
  });
});
