// Records that do not fit the chance with which arms were drawn.

import { describe, expect, it } from 'vitest';
import { BROKEN_AT, logOfRecorded } from '../../../src/analysis/recorded-ratio.ts';
import { seededRandom } from '../../scaffold/seeded-random.ts';

describe('logOfRecorded', () => {
  it('is nothing without records, and small for records that fit', () => {
    expect(logOfRecorded([])).toBeCloseTo(0, 10);
    expect(logOfRecorded([{ chance: 0.05, ours: 500, theirs: 9500 }])).toBeLessThan(0);
  });

  it('is the Beta mixture and the shared ratio, half and half', () => {
    // B(1 + 3, 1 + 1) / (0.5^4) = 0.05 * 16
    const beta = 0.05 * 16;
    const e = Math.exp(logOfRecorded([{ chance: 0.5, ours: 3, theirs: 1 }]));
    const alone = 2 * e - beta;
    expect(alone).toBeGreaterThan(0);
    // Two segments of their own multiply; the shared ratio sees one stream.
    const twice = Math.exp(
      logOfRecorded([
        { chance: 0.5, ours: 3, theirs: 1 },
        { chance: 0.5, ours: 3, theirs: 1 },
      ]),
    );
    const together = Math.exp(logOfRecorded([{ chance: 0.5, ours: 6, theirs: 2 }]));
    const betaTogether = (1 / (9 * 28)) * 256;
    expect(2 * twice - beta * beta).toBeCloseTo(2 * together - betaTogether, 9);
  });

  it('finds one arm that loses a tenth, also when the chance changes a thousand times', () => {
    expect(logOfRecorded([{ chance: 0.5, ours: 9000, theirs: 10_000 }])).toBeGreaterThan(BROKEN_AT);
    expect(logOfRecorded([{ chance: 0.05, ours: 4500, theirs: 95_000 }])).toBeGreaterThan(BROKEN_AT);
    const many = Array.from({ length: 1000 }, (_, i) => {
      const chance = (i + 1) / 2000;
      return { chance, ours: Math.round(200 * chance * 0.9), theirs: Math.round(200 * (1 - chance)) };
    });
    expect(logOfRecorded(many)).toBeGreaterThan(BROKEN_AT);
  });

  it('is certain about a record of an arm that was never drawn', () => {
    expect(logOfRecorded([{ chance: 0, ours: 1, theirs: 5 }])).toBe(Infinity);
    expect(logOfRecorded([{ chance: 1, ours: 5, theirs: 0 }])).toBeCloseTo(0, 10);
  });

  it('is past its bound by chance in few runs, looked at after each tenth record', () => {
    let broken = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed * 17);
      const segments = [0.05, 0.3].map((chance) => ({ chance, ours: 0, theirs: 0 }));
      let isBroken = false;
      for (let i = 0; i < 2000 && !isBroken; i++) {
        const segment = segments[i >> 10]!;
        if (random() < segment.chance) segment.ours++;
        else segment.theirs++;
        isBroken = i % 10 === 0 && logOfRecorded(segments) >= BROKEN_AT;
      }
      if (isBroken) broken++;
    }
    expect(broken).toBeLessThanOrEqual(3);
  });

  it('stays a number for 1e12 records, and refuses what is none', () => {
    for (const chance of [0.00001, 0.5, 0.99999]) {
      const log = logOfRecorded([{ chance, ours: Math.round(1e12 * chance), theirs: Math.round(1e12 * (1 - chance)) }]);
      expect(Number.isFinite(log)).toBe(true);
      expect(log).toBeLessThan(0);
    }
    expect(() => logOfRecorded([{ chance: 0.5, ours: NaN, theirs: 1 }])).toThrow(RangeError);
    expect(() => logOfRecorded([{ chance: NaN, ours: 1, theirs: 1 }])).toThrow(RangeError);
  });
});
