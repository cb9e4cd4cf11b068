import { expect, test } from 'vitest';
import { Attempt, cancelAttempt, closeAttempt, openAttempt, resetAttempt } from '../../../src/proxy/attempt.ts';
import { FakeUpstream, FakeVersion } from './fakes.ts';

test('attempts are counted; one that found no place was none', () => {
  const attempt = new Attempt();
  openAttempt(attempt);
  openAttempt(attempt);
  expect([attempt.count, attempt.holdsSlot]).toEqual([2, true]);
  cancelAttempt(attempt);
  expect([attempt.count, attempt.holdsSlot]).toEqual([1, false]);
});

test('what the next attempt and the records need outlives the one that is over', () => {
  const attempt = new Attempt();
  const upstream = new FakeUpstream();
  openAttempt(attempt);
  const version = new FakeVersion([]).real;
  const [endpoint, failedEndpoint] = [upstream.endpoint, new FakeUpstream().endpoint];
  const counted = { retries: 1, moves: 1, wantsFresh: true, holdOver: true, versionSinceMs: 3, startedMs: 5 };
  Object.assign(attempt, counted, { version, endpoint, failedEndpoint, connection: upstream.real });
  closeAttempt(attempt);
  const own = { count: 1, holdsSlot: false, slotFree: false, connection: undefined, continued: false, unasked: false };
  expect({ ...attempt }).toEqual({ ...counted, ...own, version, endpoint, failedEndpoint });
  expect([attempt.version, attempt.endpoint, attempt.failedEndpoint]).toEqual([version, endpoint, failedEndpoint]);
  resetAttempt(attempt);
  expect(attempt).toEqual(new Attempt());
});
