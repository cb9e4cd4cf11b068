import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import type { FieldEvidence, FieldTest } from '../../../src/compare/judge-field.ts';
import { alphaPart } from '../../../src/analysis/alpha.ts';
import { excessInterval, judgeField } from '../../../src/compare/judge-field.ts';

const TEST: FieldTest = { alpha: 0.001, relativeMargin: 0.2, leastRate: 0.0003, noise: 'measured' };

function paired(onlyCandidate: number, onlySecondary: number, both: number, total: number): FieldEvidence {
  return {
    pairs: { total, onlyCandidate, onlySecondary, both },
    candidate: { total, differing: onlyCandidate + both },
    secondary: { total, differing: onlySecondary + both },
  };
}

function unpaired(ours: readonly [number, number], theirs: readonly [number, number]): FieldEvidence {
  return {
    pairs: { total: 0, onlyCandidate: 0, onlySecondary: 0, both: 0 },
    candidate: { differing: ours[0], total: ours[1] },
    secondary: { differing: theirs[0], total: theirs[1] },
  };
}

describe('judgeField', () => {
  it.each([
    ['without noise', paired(30, 0, 0, 3000), true],
    ['a few', paired(5, 0, 0, 500), false],
    ['in all requests', paired(30, 0, 0, 30), true],
    ['as much noise', paired(500, 500, 500, 3000), false],
    ['noise in all requests', paired(0, 0, 3000, 3000), false],
    ['a tenth more than the noise', paired(1100, 900, 1000, 5000), false],
    ['twice the noise', paired(1000, 500, 0, 5000), true],
    ['less than the noise', paired(0, 300, 0, 3000), false],
    ['too rare to be told', paired(60, 0, 0, 1_000_000), false],
    ['nothing', paired(0, 0, 0, 0), false],
  ])('%s', (_name, evidence, isReal) => {
    expect(judgeField(evidence, TEST).isReal).toBe(isReal);
  });

  it('compares rates where no request had both copies', () => {
    expect(judgeField(unpaired([100, 10_000], [0, 3000]), TEST).isReal).toBe(true);
    expect(judgeField(unpaired([100, 10_000], [0, 100]), TEST).isReal).toBe(false);
    expect(judgeField(unpaired([1000, 10_000], [300, 3000]), TEST).isReal).toBe(false);
    expect(judgeField(unpaired([100, 10_000], [0, 0]), TEST).isReal).toBe(false);
  });

  it('takes all for real where noise is absent by decree', () => {
    expect(judgeField(unpaired([5, 100], [0, 0]), { ...TEST, noise: 'absent' }).isReal).toBe(true);
    expect(judgeField(unpaired([0, 100], [0, 0]), { ...TEST, noise: 'absent' }).isReal).toBe(false);
  });

  it('without both copies seldom tells noise, whenever it is asked', () => {
    let alarms = 0;
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const [ours, theirs]: [[number, number], [number, number]] = [
        [0, 0],
        [0, 0],
      ];
      let isTold = false;
      for (let n = 1; n <= 3000; n++) {
        const side = random() < 0.2 ? theirs : ours;
        side[1]++;
        if (random() < 0.05) side[0]++;
        if (n % 50 === 0 && judgeField(unpaired(ours, theirs), { ...TEST, alpha: 0.05, relativeMargin: 0 }).isReal) isTold = true;
      }
      if (isTold) alarms++;
    }
    // At most 0.025 x 100 are due; six sigma above.
    expect(alarms).toBeLessThanOrEqual(12);
  });

  it('shares alpha out over any number of fields', () => {
    let total = 0;
    for (let order = 0; order < 100_000; order++) total += alphaPart(order);
    expect(total).toBeLessThan(1);
    expect(total).toBeGreaterThan(0.9999);
  });
});

describe('excessInterval', () => {
  it('bounds what is beyond the noise', () => {
    const { low, high } = excessInterval(paired(100, 0, 500, 10_000), TEST);
    expect(low).toBeGreaterThan(0.004);
    expect(low).toBeLessThan(0.01);
    expect(high).toBeGreaterThan(0.01);
    expect(high).toBeLessThan(0.02);
    const noise = excessInterval(paired(0, 0, 3000, 3000), TEST);
    expect(noise.low).toBeGreaterThan(-0.01);
    expect(noise.high).toBeLessThan(0.01);
    expect(excessInterval(unpaired([100, 10_000], [0, 3000]), TEST).low).toBeGreaterThan(0);
    expect(excessInterval(paired(0, 0, 0, 0), TEST)).toEqual({ low: -1, high: 1 });
  });
});
