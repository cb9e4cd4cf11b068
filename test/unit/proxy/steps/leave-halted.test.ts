import { describe, expect, test } from 'vitest';
import { forwardHead } from '../../../../src/proxy/steps/forward-response.ts';
import { haltBaselineOf, leavesHalted } from '../../../../src/proxy/steps/leave-halted.ts';
import { retry } from '../../../../src/proxy/steps/retry.ts';
import { switchVersion } from '../../../../src/proxy/steps/switch-version.ts';
import { timeOut } from '../../../../src/proxy/steps/time-out.ts';
import { HALT } from '../../../../src/proxy/retry-reasons.ts';
import { REASON_OVERRIDE, REASON_REMEMBERED, REASON_ROUTE } from '../../../../src/routing/choice.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import { draw, FRESH, STABLE } from '../counted.ts';
import type { CountedOptions } from '../counted.ts';

const post = 'POST /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n';

/** On the canary when that is halted; nothing is retried by the pool's own word. */
function halted(options: CountedOptions = {}) {
  const made = draw(FRESH, options).begin();
  for (const { settings } of made.versions) settings.retryAttempts = 0;
  made.upstream.sent = true;
  made.evidence.told.trips.halt();
  made.calls.length = 0;
  return made;
}

type Halted = ReturnType<typeof halted>;

function respond({ exchange, upstream }: Halted, status: number): boolean {
  const { from, to } = upstream.respond(`HTTP/1.1 ${status} X\r\ncontent-length: 2\r\nDate: x\r\n\r\nno`);
  return forwardHead(exchange, upstream.real, from, to, true);
}

describe('a request on a canary that was halted meanwhile', () => {
  test.each(['upstream_reset', 'response_timeout', 'upstream_malformed', 'connect_refused'] as const)(
    'goes to the baseline after %s',
    (code) => {
      const made = halted();
      retry(made.exchange, made.upstream.real, OUTCOME[code]);
      expect([made.chosen.version, made.downstream.written]).toEqual(['stable', '']);
      expect(made.calls).toContain('stable.acquire');
      expect(made.calls).toContain(`fresh.retried(${HALT})`);
      expect(made.counted).toEqual({ stable: {}, fresh: { assigned: 1, finished: 1, errors: 1 } });
    },
  );

  test.each([
    [500, 'stable'],
    [404, 'fresh'],
    [200, 'fresh'],
  ])('with a response of %i is on %s', (status, version) => {
    const made = halted();
    expect(respond(made, status)).toBe(version === 'fresh');
    expect(made.chosen.version).toBe(version);
  });

  test('is tried once there, and the response is final', () => {
    const made = halted();
    respond(made, 503);
    expect(respond(made, 503)).toBe(true);
    expect(made.downstream.written).toMatch(/^HTTP\/1\.1 503 /);
  });

  test.each([
    ['may have been done', { head: post }, true],
    ['may not have been done', { head: post }, false],
  ])('that %s is not sent again', (_, options, sent) => {
    const made = halted(options);
    made.upstream.sent = sent;
    retry(made.exchange, made.upstream.real, OUTCOME.upstream_reset);
    expect(made.chosen.version).toBe(sent ? 'fresh' : 'stable');
  });

  test('stays where the baseline has no ready endpoint', () => {
    const made = halted();
    made.pool.unready.add(STABLE);
    expect(haltBaselineOf(made.state)).toBe(-1);
    retry(made.exchange, made.upstream.real, OUTCOME.upstream_reset);
    expect([made.chosen.version, made.downstream.written.includes('upstream_reset')]).toEqual(['fresh', true]);
  });

  test.each([
    ['by a route', REASON_ROUTE, -1],
    ['by an override', REASON_OVERRIDE, -1],
    ['because it had it before', REASON_REMEMBERED, STABLE],
  ])('that has the canary %s', (_, reason, version) => {
    const made = halted();
    made.state.choice.reason = reason;
    expect(haltBaselineOf(made.state)).toBe(version);
  });

  test('whose body is not kept, or whose response has begun, stays', () => {
    const made = halted();
    expect(leavesHalted(made.state, true)).toBe(true);
    made.state.replayable = false;
    expect([leavesHalted(made.state, true), leavesHalted(made.state, false)]).toEqual([false, true]);
    made.state.replayable = true;
    made.state.responded = true;
    expect(leavesHalted(made.state, true)).toBe(false);
  });

  test('and held by it moves to the baseline, in a pool without fallback, too; that is no error of the canary', () => {
    const made = draw(FRESH, { pool: { holdMs: 1000, fallback: { whenNoneReady: 'fail' } } });
    made.pool.unready.add(FRESH);
    made.begin();
    made.state.attempt.connection = undefined;
    expect(switchVersion(made.exchange)).toBe(false);
    made.evidence.told.trips.halt();
    expect(switchVersion(made.exchange)).toBe(true);
    expect([made.chosen.version, made.counted.fresh]).toEqual(['stable', { assigned: 1, finished: 1 }]);
  });
});

describe('a request that hangs', () => {
  test('is looked at again, and leaves when its canary has been halted', () => {
    const made = draw(FRESH).begin();
    made.upstream.sent = true;
    let failed = '';
    made.exchange.onUpstreamFailure = (_: unknown, outcome: { readonly code: string }): void => void (failed = outcome.code);
    timeOut(made.exchange, made.state.hangDeadline);
    expect([failed, made.exchange.fakeContext.deadlines.armed.get(made.state.hangDeadline)]).toEqual(['', 100]);
    made.evidence.told.trips.halt();
    timeOut(made.exchange, made.state.hangDeadline);
    expect([failed, made.calls.includes('destroy')]).toEqual(['response_timeout', true]);
  });

  test('in the line for a connection leaves as one that is held', () => {
    const made = draw(FRESH).begin();
    made.state.attempt.connection = undefined;
    let asked = 0;
    made.exchange.onStillHeld = (): boolean => ++asked > 0;
    timeOut(made.exchange, made.state.hangDeadline);
    expect(asked).toBe(0);
    made.evidence.told.trips.halt();
    timeOut(made.exchange, made.state.hangDeadline);
    expect(asked).toBe(1);
  });

  test('on the baseline is counted and waits', () => {
    const made = draw(STABLE).begin();
    timeOut(made.exchange, made.state.hangDeadline);
    made.evidence.told.trips.halt();
    timeOut(made.exchange, made.state.hangDeadline);
    expect([made.chosen.version, made.counted.stable]).toEqual(['stable', { assigned: 1, slow: [1, 1, 1] }]);
  });
});

describe('a request that comes after the halt', () => {
  test.each(['split', 'fail'] as const)(
    'goes to the baseline, whatever the fallback (%s), also where the canary is not ready',
    (whenNoneReady) => {
      for (const isReady of [true, false]) {
        const made = draw(FRESH, { pool: { fallback: { whenNoneReady } } });
        if (!isReady) made.pool.unready.add(FRESH);
        made.evidence.told.trips.halt();
        expect(made.begin().chosen.version).toBe('stable');
      }
    },
  );

  test('has the canary where the baseline is not ready, and where it asks for it', () => {
    const made = draw(FRESH);
    made.pool.unready.add(STABLE);
    made.evidence.told.trips.halt();
    expect(made.begin().chosen.version).toBe('fresh');
    const asking = draw(STABLE, { route: { action: { kind: 'pool', pool: 'shop', version: 'fresh' } } });
    asking.evidence.told.trips.halt();
    expect(asking.begin().chosen.version).toBe('fresh');
  });
});
