// The time of a hold is spent once, and its end explains no failure of an attempt that was made.

import { afterEach, expect, test } from 'vitest';
import { Deadlines } from '../../src/lib/deadlines.ts';
import { retry } from '../../src/proxy/steps/retry.ts';
import type { CounterSet } from '../../src/telemetry/counter-set.ts';
import { OUTCOME } from '../../src/telemetry/outcomes.ts';
import { ACQUIRED, NO_ENDPOINT } from '../../src/upstream/stream-request.ts';
import { VersionRuntime } from '../../src/upstream/version-runtime.ts';
import type { PendingRequest } from '../../src/upstream/stream-request.ts';
import type { VersionDeps } from '../../src/upstream/version-runtime.ts';
import { makeRouted } from '../unit/proxy/fakes.ts';
import { makePool } from '../unit/routing/make-table.ts';

const deadlines: Deadlines[] = [];

afterEach(() => {
  for (const each of deadlines.splice(0)) each.close();
});

function makeVersion(): VersionRuntime {
  const own = new Deadlines();
  deadlines.push(own);
  const counters = new Proxy({}, { get: () => () => undefined });
  const deps = {
    deadlines: own,
    counters: { version: () => counters, endpoint: () => counters } as unknown as CounterSet,
    worker: 0,
    workers: 1,
    secureFor: () => undefined,
  } as unknown as VersionDeps;
  const pool = makePool({ v1: 1 }, { holdMs: 1000 });
  const version = new VersionRuntime(pool, 'v1', deps);
  version.configure(pool, pool.versions[0]!);
  return version;
}

test.each([false, true])('a request that has been held for the whole time is not held again: %s', (holdOver) => {
  let held = 0;
  const request = { holdOver, affinityKey: '', onHeld: () => void held++ } as unknown as PendingRequest;
  const version = makeVersion();
  expect([version.acquire(request), held, version.requests]).toEqual(holdOver ? [NO_ENDPOINT, 0, 0] : [ACQUIRED, 1, 1]);
  version.withdraw(request);
});

test('a request that was sent after the end of its hold, and then reset, gets a response that says so', () => {
  const { exchange, state, version, upstream, downstream } = makeRouted('POST / HTTP/1.1\r\nhost: a.example\r\n\r\n');
  version.settings.retryOn.add('reset');
  version.settings.holdMs = 1000;
  state.attempt.holdOver = true;
  state.attempt.endpoint = upstream.endpoint;
  upstream.sent = true;
  retry(exchange, upstream.real, OUTCOME.upstream_reset);
  expect(downstream.written).toMatch(/^HTTP\/1\.1 502 /);
  expect(downstream.written).toContain('x-sluice-outcome: upstream_reset\r\n');
});
