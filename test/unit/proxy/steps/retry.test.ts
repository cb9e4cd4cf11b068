import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RETRY_REASONS } from '../../../../src/proxy/retry-reasons.ts';
import { retry, retryReasonOfStatus, retryResponse } from '../../../../src/proxy/steps/retry.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import type { OutcomeCode } from '../../../../src/telemetry/outcomes.ts';
import { OVERLOAD } from '../../../../src/upstream/stream-request.ts';
import { bind, makeRouted } from '../fakes.ts';

const get = 'GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n';
const post = 'POST /a HTTP/1.1\r\nhost: a.example\r\n\r\n';

/** An attempt is under way, and its pool retries for all reasons. */
function attempting(head = get, split: Readonly<Record<string, number>> = { v1: 1 }) {
  const made = makeRouted(head, split);
  for (const reason of RETRY_REASONS) made.version.settings.retryOn.add(reason);
  bind(made.state, made.upstream);
  made.upstream.sent = true;
  return made;
}

const began = (calls: readonly string[], version = 'v1'): boolean => calls.includes(`${version}.acquire`);

describe('a failed attempt', () => {
  test.each([
    ['connect_refused', 'connect-failure'],
    ['connect_timeout', 'connect-failure'],
    ['upstream_reset', 'reset'],
    ['response_timeout', 'response-timeout'],
    ['drain_timeout', 'reset'],
  ] as const)('with %s is repeated where %s is retried', (code, reason) => {
    for (const isRetried of [true, false]) {
      const { exchange, state, calls, version, upstream, downstream } = attempting();
      if (!isRetried) version.settings.retryOn.delete(reason);
      retry(exchange, upstream.real, OUTCOME[code]);
      expect(began(calls)).toBe(isRetried);
      expect(downstream.written).toMatch(isRetried ? /^$/ : new RegExp(`x-sluice-outcome: ${code}`));
      expect(state.attempt.retries).toBe(isRetried ? 1 : 0);
      expect(calls).toContain(`endAttempt(${code})`);
    }
  });

  test.each(['upstream_malformed', 'internal', 'overload'] as const)('with %s is never repeated', (code) => {
    const { exchange, calls, upstream, downstream } = attempting();
    retry(exchange, upstream.real, OUTCOME[code]);
    expect(began(calls)).toBe(false);
    expect(downstream.written).toContain(`x-sluice-outcome: ${code}\r\n`);
  });

  test('counts against the endpoint, which the next attempt avoids', () => {
    const { exchange, state, calls, upstream } = attempting();
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(calls).toContain('v1.failed(10.0.0.1:80,upstream_reset,0)');
    expect(calls).toContain('v1.retried(2)');
    expect(state.attempt.failedEndpoint).toBe(upstream.endpoint);
    expect(state.attempt.wantsFresh).toBe(false);
  });

  test('is repeated as often as the pool says, and no more', () => {
    const { exchange, state, calls, version, upstream, downstream } = attempting();
    version.settings.retryAttempts = 2;
    for (let times = 0; times < 3; times++) {
      bind(state, upstream);
      retry(exchange, upstream.real, OUTCOME.connect_refused);
    }
    expect(calls.filter((call) => call === 'v1.acquire')).toHaveLength(2);
    expect(downstream.written).toContain('x-sluice-outcome: connect_refused\r\n');
  });

  test('is not repeated when the budget is spent', () => {
    const { exchange, calls, version, upstream, downstream } = attempting();
    const atMs = performance.now();
    while (version.budget.withdraw(atMs)) calls.length = 0;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(began(calls)).toBe(false);
    expect(downstream.written).toContain('x-sluice-outcome: upstream_reset\r\n');
  });

  test('is cut where the client has part of the response', () => {
    const { exchange, state, calls, upstream, downstream } = attempting();
    state.responded = true;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(calls).toEqual(['endAttempt(upstream_reset)', 'v1.failed(10.0.0.1:80,upstream_reset,0)', 'abort(upstream_reset)']);
    expect(downstream.written).toBe('');
  });

  test('turns into an overload when the next one finds no room', () => {
    const { exchange, state, version, upstream, downstream } = attempting();
    version.acquires = OVERLOAD;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(downstream.written).toContain('x-sluice-outcome: overload\r\n');
    expect([state.attempt.count, state.attempt.holdsSlot]).toEqual([1, false]);
  });
});

describe('what was sent of a request', () => {
  test('that is not idempotent is not sent twice', () => {
    const { exchange, calls, upstream } = attempting(post);
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(began(calls)).toBe(false);
  });

  test.each(['connect_refused', 'drain_timeout'] as const)('when nothing of it was, any method is repeated after %s', (code) => {
    const { exchange, calls, upstream } = attempting(post);
    upstream.sent = false;
    retry(exchange, upstream.real, OUTCOME[code]);
    expect(began(calls)).toBe(true);
    expect(calls).toContain('v1.retried(1)');
  });

  test('that is gone cannot be repeated', () => {
    const { exchange, state, calls, upstream } = attempting();
    state.replayable = false;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(began(calls)).toBe(false);
  });

  test('law: a request leaves twice only if it is idempotent and whole, or never left', () => {
    const methods = fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PATCH', 'get', 'LINK');
    const codes = fc.constantFrom<OutcomeCode>('connect_refused', 'connect_timeout', 'upstream_reset', 'response_timeout', 'drain_timeout');
    fc.assert(
      fc.property(methods, codes, fc.boolean(), fc.boolean(), fc.nat(2), (method, code, sent, replayable, responses) => {
        const { exchange, state, calls, upstream } = attempting();
        state.head.method = method;
        state.replayable = replayable;
        Object.assign(upstream, { sent, responses });
        retry(exchange, upstream.real, OUTCOME[code]);
        const isSafe = replayable && /^(GET|HEAD|PUT|DELETE|OPTIONS|TRACE)$/.test(method);
        if (sent && !isSafe) expect(began(calls)).toBe(false);
        else expect(began(calls)).toBe(true);
      }),
    );
  });
});

describe('a reused connection that was closed already', () => {
  test('is replaced by a new one, without cost and without blame', () => {
    const { exchange, state, calls, version, upstream } = attempting();
    version.settings.retryAttempts = 0;
    upstream.responses = 3;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(calls).toEqual(['endAttempt(upstream_reset)', 'v1.retried(0)', 'v1.acquire']);
    expect([state.attempt.wantsFresh, state.attempt.retries, state.attempt.failedEndpoint]).toEqual([true, 0, undefined]);
  });

  test('is replaced once: the second reset is one', () => {
    const { exchange, state, calls, upstream } = attempting();
    upstream.responses = 3;
    state.attempt.wantsFresh = true;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(calls).toContain('v1.retried(2)');
  });

  test('is an ordinary reset once a byte of the response was read', () => {
    const { exchange, calls, upstream } = attempting();
    Object.assign(upstream, { responses: 3, responding: true });
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(calls).toContain('v1.failed(10.0.0.1:80,upstream_reset,0)');
    expect(calls).not.toContain('v1.retried(0)');
  });

  test('is not replaced for a POST, which may have been taken', () => {
    const { exchange, calls, upstream, downstream } = attempting(post);
    upstream.responses = 3;
    retry(exchange, upstream.real, OUTCOME.upstream_reset);
    expect(began(calls)).toBe(false);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('a connection that cannot be made', () => {
  function refused(holdMs: number) {
    const made = attempting();
    made.version.settings.retryOn.clear();
    made.version.settings.holdMs = holdMs;
    made.upstream.sent = false;
    return made;
  }

  test('lets the request wait where the pool holds requests', () => {
    const { exchange, state, calls, upstream, downstream } = refused(1000);
    retry(exchange, upstream.real, OUTCOME.connect_refused);
    expect(calls).toContain('v1.hold');
    expect([downstream.written, state.attempt.holdsSlot]).toEqual(['', true]);
  });

  test('fails it where the pool holds none', () => {
    const { exchange, calls, upstream, downstream } = refused(0);
    retry(exchange, upstream.real, OUTCOME.connect_timeout);
    expect(calls).not.toContain('v1.hold');
    expect(downstream.written).toMatch(/^HTTP\/1\.1 504 /);
  });

  test('fails it as one without an endpoint when it has waited for long enough', () => {
    const { exchange, state, upstream, downstream } = refused(1000);
    state.attempt.holdOver = true;
    retry(exchange, upstream.real, OUTCOME.connect_refused);
    expect(downstream.written).toContain('x-sluice-outcome: no_endpoint\r\n');
  });

  test('fails it as what it is where too many wait already', () => {
    const { exchange, version, upstream, downstream } = refused(1000);
    version.holds = OVERLOAD;
    retry(exchange, upstream.real, OUTCOME.connect_refused);
    expect(downstream.written).toContain('x-sluice-outcome: connect_refused\r\n');
  });
});

describe('a response that is an error', () => {
  test.each([
    [200, [], -1],
    [499, ['5xx', 'gateway-error'], -1],
    [500, ['gateway-error'], -1],
    [502, ['gateway-error'], 4],
    [503, ['gateway-error', '5xx'], 4],
    [504, ['5xx'], 5],
    [500, ['5xx'], 5],
    [503, ['reset', 'connect-failure'], -1],
  ])('%i with retries on %j', (status, on, reason) => {
    const { state, version } = attempting();
    version.settings.retryOn = new Set(on);
    expect(retryReasonOfStatus(state, status)).toBe(reason);
  });

  test('to a POST is passed on', () => {
    expect(retryReasonOfStatus(attempting(post).state, 503)).toBe(-1);
  });

  test('is thrown away, and counts as a failure of the endpoint', () => {
    const { exchange, state, calls, upstream } = attempting();
    upstream.respond('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
    expect(retryResponse(exchange, upstream.real, 4)).toBe(false);
    expect(calls).toEqual(['endAttempt(upstream_error)', 'v1.failed(10.0.0.1:80,upstream_error,503)', 'v1.retried(4)', 'v1.acquire']);
    expect([state.attempt.failedEndpoint, state.responded]).toEqual([upstream.endpoint, false]);
  });

  test('goes to another version where the pool retries across versions', () => {
    for (const across of [true, false]) {
      const { exchange, state, calls, version, upstream } = attempting(get, { v1: 1, v2: 9 });
      version.settings.acrossVersions = across;
      upstream.respond('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
      retryResponse(exchange, upstream.real, 4);
      expect(began(calls, 'v2')).toBe(across);
      expect(state.attempt.failedEndpoint).toBe(across ? undefined : upstream.endpoint);
    }
  });
});
