// Failures of a candidate that a breaker keeps most requests from: reported soon where they are its own, and not reported where both sides fail alike.

import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { Comparer } from '../../../src/compare/comparer.ts';
import { failureRateOf } from '../../../src/compare/failure-rate.ts';
import { DEFAULT_JUDGE } from '../../../src/compare/judge-settings.ts';
import type { FailureTally, ReportTally } from '../../../src/compare/report-tally.ts';
import { NO_FAILURES } from '../../../src/compare/report-tally.ts';
import { judgeReport } from '../../../src/compare/verdict.ts';
import type { Attempted } from '../../../src/compare/mirrored-exchange.ts';
import { json, ok } from './scaffold.ts';

const GOOD = ok(json({ a: 1 }));
const REFUSED: Attempted = { outcome: 'connect_refused' };
const ALPHA = 0.000125;

type Both = readonly [primary: Attempted, candidate: Attempted | undefined];

function feed(attempts: readonly Both[]): ReportTally {
  const comparer = new Comparer({ comparison: {} });
  for (const [primary, candidate] of attempts) {
    comparer.add({ route: 'web', target: '/', atMs: 1, primary, candidate, secondary: undefined });
  }
  return comparer.tally();
}

function times(count: number, both: Both): readonly Both[] {
  return Array.from({ length: count }, () => both);
}

describe('a dead candidate', () => {
  const dead = feed([...times(5, [GOOD, REFUSED]), ...times(295, [GOOD, undefined])]);

  it('fails after the five attempts that opened its breaker', () => {
    expect(dead.failures).toEqual({
      attempts: 5,
      onlyCandidate: 5,
      onlyPrimary: 0,
      candidateFailures: 5,
      primaryAttempts: 300,
      primaryFailures: 0,
    });
    expect(judgeReport(dead, DEFAULT_JUDGE)).toMatchObject({
      verdict: 'fail',
      reason:
        'the candidate gives no response to 5 of 5 requests, the primary to 0 of 300, and at most 0.1 % more may fail: see its outcomes and its log',
    });
  });

  it('is not reported by pairs alone, nor by fewer attempts', () => {
    expect(judgeReport(feed(times(5, [GOOD, REFUSED])), DEFAULT_JUDGE).verdict).toBe('inconclusive');
    expect(judgeReport(feed([...times(2, [GOOD, REFUSED]), ...times(298, [GOOD, undefined])]), DEFAULT_JUDGE).verdict).toBe('inconclusive');
  });

  it('is not reported where the primary is as dead', () => {
    const both = feed([...times(5, [REFUSED, REFUSED]), ...times(295, [REFUSED, undefined])]);
    expect(both.failures).toMatchObject({ candidateFailures: 5, primaryFailures: 300, onlyCandidate: 0 });
    expect(judgeReport(both, DEFAULT_JUDGE).verdict).toBe('inconclusive');
  });
});

describe('the bounds', () => {
  const tally = (change: Partial<FailureTally>): FailureTally => ({ ...NO_FAILURES, ...change });

  it('know nothing from nothing, and narrow', () => {
    expect(failureRateOf(NO_FAILURES, ALPHA)).toEqual({ low: -1, high: 1 });
    const good = failureRateOf(tally({ attempts: 20_000, primaryAttempts: 20_000 }), ALPHA);
    expect(good.low).toBeGreaterThan(-0.001);
    expect(good.high).toBeLessThan(0.001);
  });

  it('are those of pairs where pairs say more', () => {
    // Both fail in the same half of all requests, but for thirty that the candidate fails alone.
    const paired = tally({ attempts: 1000, onlyCandidate: 30, candidateFailures: 530, primaryAttempts: 1000, primaryFailures: 500 });
    expect(failureRateOf(paired, ALPHA).low).toBeGreaterThan(0.001);
    expect(failureRateOf({ ...paired, onlyCandidate: 260, onlyPrimary: 240 }, ALPHA).low).toBeLessThan(0);
  });

  it('are those of pairs where the two contradict each other, because the primary did not stand still', () => {
    // Alike while the breaker was closed; then a time that was bad for the primary, when the candidate was not tried.
    const torn = failureRateOf(tally({ attempts: 20_000, primaryAttempts: 40_000, primaryFailures: 20_000 }), ALPHA);
    expect(torn.low).toBeGreaterThan(-0.001);
    expect(torn.high).toBeLessThan(0.001);
  });
});

describe('a breaker that decides which requests reach the candidate', () => {
  const alpha = 0.05;
  const requests = 1500;

  /** Five failures in a row pause the candidate; then one request in forty is tried until one succeeds. Returns whether it was ever reported. */
  function isTold(seed: number, ours: number, theirs: number): boolean {
    const random = seededRandom(seed);
    const counts = { ...NO_FAILURES } as { -readonly [K in keyof FailureTally]: number };
    let inRow = 0;
    for (let n = 1; n <= requests; n++) {
      const primaryFails = random() < theirs;
      counts.primaryAttempts++;
      if (primaryFails) counts.primaryFailures++;
      if (inRow < 5 || n % 40 === 0) {
        const fails = random() < ours;
        inRow = fails ? inRow + 1 : 0;
        counts.attempts++;
        if (fails) counts.candidateFailures++;
        if (fails && !primaryFails) counts.onlyCandidate++;
        if (!fails && primaryFails) counts.onlyPrimary++;
      }
      if (n % 50 === 0 && failureRateOf(counts, alpha).low > 0) return true;
    }
    return false;
  }

  it.each([0.02, 0.3, 0.7])('does not make equal rates of %d differ, no matter how often somebody looks', (rate) => {
    const runs = 100;
    let alarms = 0;
    for (let seed = 0; seed < runs; seed++) if (isTold(seed, rate, rate)) alarms++;
    // Six sigma above what is due.
    expect(alarms).toBeLessThanOrEqual(alpha * runs + 6 * Math.sqrt(runs * alpha * (1 - alpha)));
  });

  it('does not hide that one side is worse', () => {
    expect(isTold(1, 0.9, 0.02)).toBe(true);
    expect(isTold(2, 0.2, 0.02)).toBe(true);
    expect(isTold(3, 0.02, 0.3)).toBe(false);
  });
});
