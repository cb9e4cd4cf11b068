// Many callers at once, and one after the other: the workers are asked seldom, and every result is newer than its question.

import { expect, test } from 'vitest';
import { ExchangeLookup } from '../../../src/control/exchange-lookup.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('callers that come before the workers are asked share one result; later ones wait for the next', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const recall = new ExchangeLookup(() => Promise.resolve({ responded: ++asked, total: 9, exchanges: [] }), clock);
  const first = [recall.recent(), recall.recent()];
  expect((await Promise.all(first)).map(({ responded }) => responded)).toEqual([1, 1]);
  const second = [recall.recent(), recall.recent()];
  await settled();
  expect(asked).toBe(1);
  clock.advance(99);
  await settled();
  expect(asked).toBe(1);
  clock.advance(1);
  expect((await Promise.all(second)).map(({ responded }) => responded)).toEqual([2, 2]);
  clock.advance(1000);
  expect((await recall.recent()).responded).toBe(3);
});

test('a result that takes long delays no later caller', async () => {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const recall = new ExchangeLookup(
    () => new Promise((resolve) => void ends.push(() => resolve({ responded: ends.length, total: 2, exchanges: [] }))),
    clock,
  );
  const slow = recall.recent();
  await settled();
  clock.advance(100);
  const quick = recall.recent();
  await settled();
  expect(ends).toHaveLength(2);
  ends[1]!();
  expect((await quick).responded).toBe(2);
  ends[0]!();
  await slow;
});
