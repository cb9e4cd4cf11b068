import { expect, test } from 'vitest';
import { LogPace } from '../../../src/lib/log-pace.ts';

test('lets one line through in a second, and says how many it kept back', () => {
  const pace = new LogPace();
  expect([0, 1, 999, 1000, 1001, 2500].map((atMs) => pace.take(atMs))).toEqual([0, -1, -1, 2, -1, 1]);
});
