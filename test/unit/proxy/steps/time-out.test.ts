import { describe, expect, test } from 'vitest';
import { stall, timeOut } from '../../../../src/proxy/steps/time-out.ts';
import { bind, makeRouted } from '../fakes.ts';

function underWay() {
  const made = makeRouted();
  bind(made.state, made.upstream);
  made.upstream.sent = true;
  return made;
}

/** A long time after the last byte. */
function standing() {
  const made = underWay();
  made.exchange.fakeContext.deadlines.nowMs = 1_100_000;
  return made;
}

describe('the time of the exchange', () => {
  test('ends it with 504 before a response', () => {
    const { exchange, state, calls, downstream } = underWay();
    timeOut(exchange, state.exchangeDeadline);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 504 .*x-sluice-outcome: exchange_timeout\r\n/s);
    expect(calls).toEqual(['v1.gaveUp(100,late)', 'endAttempt(exchange_timeout)', 'finish(exchange_timeout)']);
  });

  test('cuts a response', () => {
    const { exchange, state, calls, downstream } = underWay();
    state.responded = true;
    timeOut(exchange, state.exchangeDeadline);
    expect([calls, downstream.written]).toEqual([['abort(exchange_timeout)'], '']);
  });
});

describe('the time for a response', () => {
  test('ends the attempt, which may be repeated', () => {
    for (const isRetried of [true, false]) {
      const { exchange, state, calls, version, downstream } = underWay();
      if (isRetried) version.settings.retryOn.add('response-timeout');
      timeOut(exchange, state.responseDeadline);
      expect(calls.slice(0, 3)).toEqual(['v1.gaveUp(100,late)', 'destroy', 'endAttempt(response_timeout)']);
      expect(calls.includes('v1.acquire')).toBe(isRetried);
      expect(downstream.written).toMatch(isRetried ? /^$/ : /^HTTP\/1\.1 504 /);
    }
  });

  test('ends the wait for a connection as an overload', () => {
    const { exchange, state, calls, downstream } = underWay();
    state.attempt.connection = undefined;
    timeOut(exchange, state.responseDeadline);
    expect(downstream.written).toContain('x-sluice-outcome: overload\r\n');
    expect(calls).toEqual(['endAttempt(overload)', 'finish(overload)']);
  });
});

describe('the time of a hold', () => {
  test('ends a request that has no connection', () => {
    const { exchange, state, calls, downstream } = underWay();
    state.attempt.connection = undefined;
    timeOut(exchange, state.holdDeadline);
    expect(downstream.written).toContain('x-sluice-outcome: no_endpoint\r\n');
    expect(calls).toEqual(['endAttempt(no_endpoint)', 'finish(no_endpoint)']);
  });

  test('leaves one alone for which a connection is being made; it is not held again', () => {
    const { exchange, state, calls, downstream } = underWay();
    timeOut(exchange, state.holdDeadline);
    expect([calls, downstream.written, state.attempt.holdOver]).toEqual([[], '', true]);
  });
});

describe('a client that stands still', () => {
  test('is told so while its request is not whole', () => {
    const { exchange, state, downstream } = standing();
    state.body.done = false;
    stall(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 408 .*x-sluice-outcome: downstream_stalled\r\n.*connection: close\r\n/s);
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
  ])('is cut otherwise; responded: %s, request whole: %s', (responded, requestDone) => {
    const { exchange, state, calls, downstream } = standing();
    state.responded = responded;
    state.body.done = requestDone;
    stall(exchange);
    expect([calls, downstream.written]).toEqual([['abort(downstream_stalled)'], '']);
  });

  test('has more time while bytes move the other way', () => {
    const { exchange, state, calls, downstream } = standing();
    state.responded = true;
    state.body.done = false;
    state.movedMs = 1_099_990;
    stall(exchange);
    expect([calls, downstream.calls, downstream.watchedMs]).toEqual([[], ['watch'], 300_000]);
    state.movedMs = 850_000;
    stall(exchange);
    // A whole number of eighths, so that many exchanges share few lists of deadlines.
    expect([calls, downstream.watchedMs]).toEqual([[], 75_000]);
    state.movedMs = 800_000;
    stall(exchange);
    expect(calls).toEqual(['abort(downstream_stalled)']);
  });

  test('has all the time there is when a reload has lifted the limit', () => {
    const { exchange, state, calls, downstream, version } = standing();
    version.settings.stallMs = 0;
    state.responded = true;
    stall(exchange);
    timeOut(exchange, state.responseDeadline);
    expect([calls, downstream.watchedMs, exchange.armed]).toEqual([[], 0, { response: 0 }]);
  });
});

describe('an upstream that stands still', () => {
  test('in the middle of a response is cut', () => {
    const { exchange, state, calls } = standing();
    state.responded = true;
    timeOut(exchange, state.responseDeadline);
    expect(calls).toEqual(['abort(upstream_stalled)']);
  });

  test('and takes no more of an upload is 504, and the client is not blamed', () => {
    const { exchange, state, calls, downstream } = standing();
    state.body.done = false;
    state.clientPaused = true;
    timeOut(exchange, state.responseDeadline);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 504 .*x-sluice-outcome: upstream_stalled\r\n/s);
    expect(calls.slice(0, 3)).toEqual(['v1.gaveUp(100,late)', 'destroy', 'endAttempt(upstream_stalled)']);
  });

  test('is not blamed where it can be waiting for the rest of the request', () => {
    const { exchange, state, calls } = standing();
    state.responded = true;
    state.body.done = false;
    timeOut(exchange, state.responseDeadline);
    expect(calls).toEqual(['abort(downstream_stalled)']);
  });

  test.each([
    ['whose client has to take what there is', { unflushed: true, movedMs: 0 }, 300_000],
    ['that still takes the upload', { unflushed: false, movedMs: 1_050_000 }, 262_500],
  ])('%s has more time', (_what, fields, leftMs) => {
    const { exchange, state, calls } = standing();
    Object.assign(state, { responded: true, ...fields });
    timeOut(exchange, state.responseDeadline);
    expect([calls, exchange.armed]).toEqual([[], { response: leftMs }]);
  });
});
