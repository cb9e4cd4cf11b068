import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../../src/upstream/resilience/retry-budget.ts';

function withdrawals(budget: RetryBudget, atMs: number, tries: number): number {
  let taken = 0;
  for (let i = 0; i < tries; i++) if (budget.withdraw(atMs)) taken++;
  return taken;
}

describe('RetryBudget', () => {
  it('allows the floor of 10 a second without any traffic, and no more', () => {
    const budget = new RetryBudget();
    expect(withdrawals(budget, 0, 100)).toBe(10);
    expect(withdrawals(budget, 500, 100)).toBe(5);
    expect(withdrawals(budget, 1500, 100)).toBe(10);
    expect(withdrawals(budget, 3_600_000, 100)).toBe(10);
  });

  it('in a full outage adds at most its share and the floor', () => {
    const budget = new RetryBudget();
    budget.ratio = 0.2;
    let retries = 0;
    const requests = 10_000;
    for (let i = 0; i < requests; i++) {
      budget.deposit();
      if (budget.withdraw(i)) retries++;
    }
    // 10,000 requests in 10 s: 20 % and 10 a second, plus the first second's floor.
    expect(retries).toBeLessThanOrEqual(2000 + 110);
    expect(retries).toBeGreaterThanOrEqual(2000);
  });

  it('saves up a bounded amount in quiet times', () => {
    const budget = new RetryBudget();
    budget.ratio = 1;
    for (let i = 0; i < 100_000; i++) budget.deposit();
    expect(withdrawals(budget, 0, 10_000)).toBeLessThanOrEqual(110);
  });
});
