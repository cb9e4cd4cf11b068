// How the allowed chance of a false alarm is shared out. What stops a run has one alpha for all tests together; what lets it go on needs every test to
// be harmless, and then each may use all of it (intersection-union; R. Berger, Technometrics 24, 1982).

import { checkAbove, checkCount, checkInside } from './numbers.ts';

/** Shares of alpha in proportion to `weights`, that add up to 1. */
export function alphaShares(weights: readonly number[]): readonly number[] {
  for (const weight of weights) checkAbove(weight, 0, 'A weight of alpha');
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * What the test that is met as number `order` (from 0) may use of alpha: the parts add up to 1, however many come. The order must be known before the
 * evidence that is tested (weighted Bonferroni; C. Genovese, K. Roeder, L. Wasserman, Biometrika 93, 2006): so what a test is first met by is no part
 * of its evidence.
 */
export function alphaPart(order: number): number {
  return 1 / ((order + 1) * (order + 2));
}

/** The natural logarithm that evidence must reach to fail a test that has `share` of `alpha`: ln(1 / (alpha share)). */
export function failsAt(alpha: number, share: number): number {
  checkInside(alpha, 'Alpha');
  if (!(share > 0 && share <= 1)) throw new RangeError(`A share of alpha is above 0 and at most 1, not ${share}.`);
  return -Math.log(alpha) - Math.log(share);
}

/** 0 to 1: how far evidence has come towards the logarithm that it must reach. */
export function towards(log: number, needed: number): number {
  if (Number.isNaN(log)) throw new RangeError('Evidence is a number.');
  return Math.min(1, Math.max(0, log / needed));
}

/** What is left of alpha for another try of the same: halved each time, so that all tries together use less than twice of it. */
export function alphaOfRetry(alpha: number, retry: number): number {
  checkInside(alpha, 'Alpha');
  checkCount(retry, 'The number of a retry');
  return alpha * 2 ** -retry;
}
