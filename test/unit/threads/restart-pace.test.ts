import { expect, test } from 'vitest';
import { RestartPace } from '../../../src/threads/restart-pace.ts';

test('the sixth death within a minute waits, and deaths of long ago do not count', () => {
  const pace = new RestartPace();
  const waits = [0, 1, 2, 3, 4, 5, 60_000].map((nowMs) => pace.next(nowMs));
  expect(waits).toEqual([50, 50, 50, 50, 50, 10_000, 10_000]);
  expect(pace.next(130_000)).toBe(50);
});
