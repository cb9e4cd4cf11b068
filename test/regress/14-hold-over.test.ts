// The time of a hold is spent once, and its end explains no failure of an attempt that was made.

import { afterEach, expect, test } from 'vitest';
import { Deadlines } from '../../src/lib/deadlines.ts';
import type { Exchange } from '../../src/proxy/exchange.ts';
import { retry } from '../../src/proxy/retry.ts';
import type { CounterSet } from '../../src/telemetry/counter-set.ts';
import { OUTCOME } from '../../src/telemetry/outcomes.ts';
import type { UpstreamConnection } from '../../src/upstream/connection.ts';
import { ACQUIRED, VersionRuntime, NO_ENDPOINT } from '../../src/upstream/version-runtime.ts';
import type { ConnectionRequest, VersionDeps } from '../../src/upstream/version-runtime.ts';
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
  } as unknown as VersionDeps;
  const pool = makePool({ v1: 1 }, { holdMs: 1000 });
  const version = new VersionRuntime(pool, 'v1', deps);
  version.configure(pool, pool.versions[0]!);
  return version;
}

test.each([false, true])('who has been held for the whole time is not held again: %s', (holdOver) => {
  let held = 0;
  const request = { holdOver, affinityKey: '', onHeld: () => void held++ } as unknown as ConnectionRequest;
  const version = makeVersion();
  expect([version.acquire(request), held, version.requests]).toEqual(holdOver ? [NO_ENDPOINT, 0, 0] : [ACQUIRED, 1, 1]);
  version.withdraw(request);
});

test('a request that was sent after the end of its hold, and then reset, is answered as such', () => {
  let written = '';
  const exchange = {
    holdOver: true,
    responded: false,
    requestDone: true,
    retries: 0,
    wantsFresh: false,
    replayable: true,
    head: { method: 'POST', keepAlive: true, minor: 1 },
    connection: { mayStay: true, socket: { write: (text: string) => void (written = text) } },
    live: { settings: { retryAttempts: 1, retryOn: new Set(['reset']), holdMs: 1000 }, failed: () => undefined },
    endAttempt: () => undefined,
    finish: () => undefined,
  } as unknown as Exchange;
  const connection = { endpoint: {}, sent: true, responses: 0, responding: false } as unknown as UpstreamConnection;
  retry(exchange, connection, OUTCOME.upstream_reset);
  expect(written).toMatch(/^HTTP\/1\.1 502 /);
  expect(written).toContain('x-sluice-outcome: upstream_reset\r\n');
});
