// The label test on counts: golden vectors (the product over all events, to 60 digits), numbers at their extremes, refusals.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LabelQuestion, Segment } from '../../../src/analysis/label-test.ts';
import { chanceAt, labelTest, logOfLabels, mergeSegments } from '../../../src/analysis/label-test.ts';

interface Vector extends LabelQuestion {
  readonly segments: readonly Segment[];
  readonly log: number;
}

const VECTORS = JSON.parse(readFileSync(new URL('label-vectors.json', import.meta.url), 'utf8')) as readonly Vector[];
const worse = labelTest({ allowed: 1.5, towards: 'above' });

/** Within 1e-9 of it, or of its size where that is more than 1. */
function expectNear(found: number, wanted: number): void {
  expect(Math.abs(found - wanted)).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
}

describe('logOfLabels', () => {
  it.each(VECTORS)('agrees with the product of all events: $towards $allowed, $log', ({ segments, log, ...question }) => {
    const test = labelTest(question);
    expectNear(logOfLabels(segments, test), log);
    expectNear(logOfLabels([...segments].reverse(), test), log);
  });

  it('is nothing without events, and where a chance of 0 or 1 tells nothing', () => {
    expect(logOfLabels([], worse)).toBeCloseTo(0, 12);
    expect(logOfLabels([{ chance: 0.05, ours: 0, theirs: 0 }], worse)).toBeCloseTo(0, 12);
    expect(logOfLabels([{ chance: 1, ours: 1000, theirs: 0 }], worse)).toBeCloseTo(0, 12);
    expect(logOfLabels([{ chance: 0, ours: 0, theirs: 1000 }], worse)).toBeCloseTo(0, 12);
  });

  it('stays a number for 1e12 events and chances near both ends', () => {
    for (const chance of [0.00001, 0.05, 0.5, 0.99999, 1 - 2 ** -53, Number.MIN_VALUE]) {
      for (const [ours, theirs] of [
        [1e12, 1e12],
        [1e12, 0],
        [0, 1e12],
        [0, 0],
      ] as const) {
        const log = logOfLabels([{ chance, ours, theirs }], worse);
        expect(Number.isFinite(log), `${chance} ${ours} ${theirs}`).toBe(true);
        if (ours === 0) expect(log).toBeLessThanOrEqual(1e-9);
      }
    }
    expect(logOfLabels([{ chance: 0.00001, ours: 5, theirs: 0 }], worse)).toBeGreaterThan(Math.log(20));
  });

  it.each([NaN, -1, 1.5, Infinity, 2 ** 54])('refuses a count of %s', (count) => {
    expect(() => logOfLabels([{ chance: 0.5, ours: count, theirs: 0 }], worse)).toThrow(RangeError);
    expect(() => logOfLabels([{ chance: 0.5, ours: 0, theirs: count }], worse)).toThrow(RangeError);
  });

  it.each([NaN, -0.1, 1.1])('refuses a chance of %s', (chance) => {
    expect(() => logOfLabels([{ chance, ours: 1, theirs: 1 }], worse)).toThrow(RangeError);
  });
});

describe('labelTest', () => {
  it('has its alternatives between the bounds, in order, on the side that is asked for', () => {
    const above = labelTest({ allowed: 1.5, towards: 'above', least: 1.2, most: 80 });
    const below = labelTest({ allowed: 1.5, towards: 'below', least: 1.2, most: 80 });
    expect(above.multiples[0]).toBeCloseTo(1.2, 12);
    expect(above.multiples.at(-1)).toBeCloseTo(80, 10);
    expect([...above.multiples].every((multiple, k, all) => k === 0 || multiple > all[k - 1]!)).toBe(true);
    above.multiples.forEach((multiple, k) => expect(below.multiples[k]! * multiple).toBeCloseTo(1, 12));
  });

  it.each([{ allowed: 0 }, { allowed: NaN }, { allowed: Infinity }, { allowed: 1, least: 1 }, { allowed: 1, least: 3, most: 3 }])(
    'refuses %o',
    (question) => {
      expect(() => labelTest({ towards: 'above', ...question })).toThrow(RangeError);
    },
  );
});

describe('chanceAt and mergeSegments', () => {
  it('say what is meant', () => {
    expect(chanceAt(0.05, 1)).toBeCloseTo(0.05, 15);
    expect(chanceAt(0.5, 3)).toBeCloseTo(0.75, 15);
    const merged = mergeSegments(
      [
        { chance: 0.5, ours: 1, theirs: 2 },
        { chance: 0.05, ours: 3, theirs: 4 },
      ],
      [{ chance: 0.5, ours: 10, theirs: 20 }],
    );
    expect(merged).toEqual([
      { chance: 0.05, ours: 3, theirs: 4 },
      { chance: 0.5, ours: 11, theirs: 22 },
    ]);
  });
});
