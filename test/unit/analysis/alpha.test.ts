// How the allowed chance of a false alarm is shared out, and what evidence must reach.

import { describe, expect, it } from 'vitest';
import { alphaOfRetry, alphaShares, failsAt, towards } from '../../../src/analysis/alpha.ts';
import { logMean, logSum, logSumOf } from '../../../src/analysis/mean-of-evidence.ts';

describe('alpha', () => {
  it('is shared out in proportion and used up', () => {
    expect(alphaShares([1, 1, 2])).toEqual([0.25, 0.25, 0.5]);
    expect(alphaShares([])).toEqual([]);
    expect(() => alphaShares([1, NaN])).toThrow(RangeError);
    expect(() => alphaShares([1, 0])).toThrow(RangeError);
    expect(Math.exp(failsAt(0.05, 1))).toBeCloseTo(20, 9);
    expect(Math.exp(failsAt(0.05, 0.25))).toBeCloseTo(80, 9);
    expect(() => failsAt(0.05, NaN)).toThrow(RangeError);
    expect(() => failsAt(0, 1)).toThrow(RangeError);
  });

  it('is halved at each retry', () => {
    expect([0, 1, 2].map((retry) => alphaOfRetry(0.05, retry))).toEqual([0.05, 0.025, 0.0125]);
    expect(() => alphaOfRetry(0.05, -1)).toThrow(RangeError);
  });

  it('has a gauge from 0 to 1', () => {
    expect([-5, 0, 1.5, 3, 9].map((log) => towards(log, 3))).toEqual([0, 0, 0.5, 1, 1]);
    expect(() => towards(NaN, 3)).toThrow(RangeError);
  });
});

describe('sums and means of evidence', () => {
  it('agree with plain sums, and with themselves where those overflow', () => {
    expect(logSum(Math.log(2), Math.log(3))).toBeCloseTo(Math.log(5), 12);
    expect(logSum(-Infinity, 1)).toBe(1);
    expect(logSum(-Infinity, -Infinity)).toBe(-Infinity);
    expect(logSumOf([Math.log(1), Math.log(2), Math.log(4)])).toBeCloseTo(Math.log(7), 12);
    expect(logSumOf([])).toBe(-Infinity);
    expect(logMean([5000, 5000])).toBeCloseTo(5000, 9);
    expect(logMean([-Infinity, Math.log(4)])).toBeCloseTo(Math.log(2), 12);
    expect(() => logMean([])).toThrow(RangeError);
  });
});
