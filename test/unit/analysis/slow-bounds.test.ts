// Longer than the bounds of the window before: the two arms alike while durations swing, ours slower, only its tail slower.

import { describe, expect, it } from 'vitest';
import { LabelEvidence } from '../../../src/analysis/label-evidence.ts';
import { logMean } from '../../../src/analysis/mean-of-evidence.ts';
import { scaledBounds, slowBounds, slowTests, SLOW_QUANTILES } from '../../../src/analysis/slow-bounds.ts';
import type { SlowBounds } from '../../../src/analysis/slow-bounds.ts';
import { LogHistogram } from '../../../src/lib/log-histogram.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

const CHANCE = 0.05;
const WINDOW = 2000;
const tests = slowTests();

interface Arms {
  readonly scaling: number;
  readonly units: number;
  duration(random: () => number, isOurs: boolean, unit: number): number;
}

const lognormal = (random: () => number): number =>
  20 * Math.exp(0.6 * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

/** Units of ours until the mean of the three e-values is 20; Infinity where it never was. */
function unitsUntilSeen(random: () => number, { scaling, units, duration }: Arms): number {
  const evidence = tests.map((test) => new LabelEvidence(test, 'again'));
  let [seen, last] = [0, new LogHistogram()];
  let bounds: SlowBounds | undefined;
  let scaled: SlowBounds | undefined;
  for (let unit = 0; unit < units; unit++) {
    if (unit % WINDOW === 0) {
      bounds = slowBounds(last, 100, bounds);
      scaled = bounds === undefined ? undefined : scaledBounds(bounds, scaling);
      last = new LogHistogram();
    }
    const isOurs = random() < CHANCE;
    const took = duration(random, isOurs, unit);
    last.add(took);
    if (bounds === undefined || scaled === undefined) continue;
    if (isOurs) seen++;
    const held = isOurs ? scaled : bounds;
    if (!(took > held[0])) continue;
    for (let i = 0; i < 3; i++) if (took > held[i]!) evidence[i]!.add(CHANCE, isOurs ? 1 : 0, isOurs ? 0 : 1);
    // Only events of ours raise it.
    if (isOurs && logMean(evidence.map(({ log }) => log)) >= Math.log(20)) return seen;
  }
  return Infinity;
}

function run(runs: number, arms: Arms): number[] {
  return Array.from({ length: runs }, (_, i) => unitsUntilSeen(seededRandom(i * 811 + 1), arms)).sort((a, b) => a - b);
}

describe('durations', () => {
  it('that swing by half, alike on both arms, raise a false alarm in few runs', () => {
    const duration = (random: () => number, _: boolean, unit: number) => lognormal(random) * (1 + 0.5 * Math.sin(unit / 3000));
    const found = run(60, { scaling: 1, units: 20_000, duration });
    expect(found.filter(Number.isFinite).length).toBeLessThanOrEqual(0.05 * 60 + 3 * Math.sqrt(60 * 0.05 * 0.95));
  });

  it('that are as long as the scaling allows are no fault', () => {
    const found = run(40, { scaling: 1.3, units: 20_000, duration: (random, isOurs) => lognormal(random) * (isOurs ? 1.3 : 1) });
    expect(found.filter(Number.isFinite).length).toBeLessThanOrEqual(6);
  });

  it.each([
    ['1.3 times as long, none allowed', 1, 150, (random: () => number, isOurs: boolean) => lognormal(random) * (isOurs ? 1.3 : 1)],
    ['twice as long', 1.3, 60, (random: () => number, isOurs: boolean) => lognormal(random) * (isOurs ? 2 : 1)],
    [
      '10 times in 2 of 100',
      1.3,
      2200,
      (random: () => number, isOurs: boolean) => lognormal(random) * (isOurs && random() < 0.02 ? 10 : 1),
    ],
  ])('%s are typically seen', (_, scaling, most, duration) => {
    const found = run(21, { scaling, units: 80_000, duration });
    expect(found[10]).toBeLessThanOrEqual(most);
  });
});

describe('slowBounds', () => {
  it('are the quantiles of the last window, or those before while there is too little', () => {
    const last = new LogHistogram();
    expect(slowBounds(last, 0, undefined)).toBeUndefined();
    for (let i = 1; i <= 1000; i++) last.add(i);
    const bounds = slowBounds(last, 100, undefined)!;
    SLOW_QUANTILES.forEach((quantile, i) => expect(Math.abs(bounds[i]! / (1000 * quantile) - 1)).toBeLessThan(0.03));
    expect(slowBounds(new LogHistogram(), 100, bounds)).toBe(bounds);
    expect(scaledBounds([1, 2, 3], 2)).toEqual([2, 4, 6]);
    expect(() => scaledBounds([1, 2, 3], NaN)).toThrow(RangeError);
  });
});
