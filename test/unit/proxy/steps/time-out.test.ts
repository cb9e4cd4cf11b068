import { describe, expect, test } from 'vitest';
import { stall, timeOut } from '../../../../src/proxy/steps/time-out.ts';
import { bind, makeRouted } from '../fakes.ts';

function underWay() {
  const made = makeRouted();
  bind(made.state, made.upstream);
  made.upstream.sent = true;
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

  test('cuts a response whose upstream takes no more of the upload', () => {
    const { exchange, state, calls } = underWay();
    state.responded = true;
    timeOut(exchange, state.responseDeadline);
    expect(calls).toEqual(['abort(response_timeout)']);
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
    const { exchange, state, downstream } = underWay();
    state.body.done = false;
    stall(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 408 .*connection: close\r\n/s);
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
  ])('is cut otherwise; responded: %s, request whole: %s', (responded, requestDone) => {
    const { exchange, state, calls, downstream } = underWay();
    state.responded = responded;
    state.body.done = requestDone;
    stall(exchange);
    expect([calls, downstream.written]).toEqual([['abort(downstream_closed)'], '']);
  });
});
