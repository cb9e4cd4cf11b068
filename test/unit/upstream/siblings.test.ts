import { expect, test } from 'vitest';
import { Siblings } from '../../../src/upstream/siblings.ts';
import { makePool } from '../routing/make-table.ts';

function together(split: Readonly<Record<string, number>>, ready: readonly string[], whenNoneReady: 'split' | 'fail' = 'split'): Siblings {
  const siblings = new Siblings();
  const pool = makePool(split, { fallback: { whenNoneReady } });
  siblings.configure({ ...pool, retries: { ...pool.retries, budget: 0.5 } });
  siblings.versions = Object.keys(split).map((name) => ({ name, readyCount: ready.includes(name) ? 1 : 0 }));
  return siblings;
}

test.each([
  ['another one that has a share is ready', { v1: 90, v2: 10 }, ['v1'], 'split', true],
  ['none is', { v1: 90, v2: 10 }, [], 'split', false],
  ['only one without a share is', { v1: 90, v2: 10, v3: 0 }, ['v3'], 'split', false],
  ['it is the only one that is ready', { v1: 90, v2: 10 }, ['v2'], 'split', false],
  ['others are no substitute', { v1: 90, v2: 10 }, ['v1'], 'fail', false],
  ['it has no share', { v1: 90, v2: 0 }, ['v1'], 'split', false],
  ['it is alone', { v2: 1 }, ['v2'], 'split', false],
] as const)('a version may yield where %s: %j, ready %j, %s: %s', (_what, split, ready, whenNoneReady, may) => {
  const siblings = together(split, ready, whenNoneReady);
  expect(siblings.mayYield(siblings.versions.find(({ name }) => name === 'v2')!)).toBe(may);
});

test('nothing is known before the first config', () => {
  const siblings = new Siblings();
  siblings.versions = [{ name: 'v1', readyCount: 1 }];
  expect(siblings.mayYield({ name: 'v2', readyCount: 0 })).toBe(false);
});

test('the budget of fallbacks has the share of the pool', () => {
  const { fallbackBudget } = together({ v1: 1 }, []);
  expect(fallbackBudget.ratio).toBe(0.5);
});
