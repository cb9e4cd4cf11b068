import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pulse } from '../../../src/lib/pulse.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function beating(): { readonly pulse: Pulse; readonly counts: { often: number; seldom: number } } {
  const counts = { often: 0, seldom: 0 };
  const pulse = new Pulse([
    { everyMs: 100, run: () => counts.often++ },
    { everyMs: 500, run: () => counts.seldom++ },
  ]);
  return { pulse, counts };
}

test('awake, each task has its own pace', () => {
  const { counts } = beating();
  vi.advanceTimersByTime(1000);
  expect(counts).toEqual({ often: 10, seldom: 2 });
});

test('before a rest everything is done once more; at rest everything is done every ten seconds, by one timer', () => {
  const { pulse, counts } = beating();
  pulse.pace(false);
  expect(counts).toEqual({ often: 1, seldom: 1 });
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(9_999);
  expect(counts).toEqual({ often: 1, seldom: 1 });
  vi.advanceTimersByTime(1);
  expect(counts).toEqual({ often: 2, seldom: 2 });
});

test('a pulse that wakes up beats as before', () => {
  const { pulse, counts } = beating();
  pulse.pace(false);
  pulse.pace(true);
  vi.advanceTimersByTime(500);
  expect(counts).toEqual({ often: 6, seldom: 2 });
});

test('what is stopped does nothing more, whatever is asked of it', () => {
  const { pulse, counts } = beating();
  pulse.stop();
  pulse.pace(true);
  pulse.pace(false);
  vi.advanceTimersByTime(60_000);
  expect(counts).toEqual({ often: 0, seldom: 0 });
  expect(vi.getTimerCount()).toBe(0);
});
