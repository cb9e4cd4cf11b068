import { describe, expect, test } from 'vitest';
import { endAttempt, tellGivenUp } from '../../../../src/proxy/steps/end-attempt.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import { bind, makeRouted } from '../fakes.ts';

function underWay() {
  const made = makeRouted();
  bind(made.state, made.upstream);
  made.upstream.endpoint.inFlight = 1;
  return made;
}

describe('the end of an attempt', () => {
  test('gives a connection back whose response and request are whole', () => {
    const { exchange, state, calls, upstream } = underWay();
    Object.assign(state, { responseDone: true, status: 200 });
    endAttempt(exchange, OUTCOME.ok);
    expect(calls).toEqual([
      ...['v1.releaseSlot', `v1.attempted(${OUTCOME.ok.index})`, '10.0.0.1:80.ended()'],
      ...['v1.succeeded(10.0.0.1:80)', 'release'],
    ]);
    expect([upstream.endpoint.inFlight, state.attempt.connection, state.attempt.holdsSlot]).toEqual([0, undefined, false]);
    expect(state.attempt.endpoint).toBe(upstream.endpoint);
  });

  test.each([
    [false, true],
    [true, false],
  ])('closes it where the response (%s) or the request (%s) is not whole', (responseDone, requestDone) => {
    const { exchange, state, calls } = underWay();
    state.responseDone = responseDone;
    state.body.done = requestDone;
    endAttempt(exchange, OUTCOME.ok);
    expect(calls).toContain('destroy');
    expect(calls).not.toContain('release');
  });

  test('happens once', () => {
    const { exchange, calls } = underWay();
    endAttempt(exchange, OUTCOME.ok);
    calls.length = 0;
    endAttempt(exchange, OUTCOME.ok);
    expect(calls).toEqual([]);
  });

  test('withdraws a request that still waits for a connection', () => {
    const { exchange, state, calls } = underWay();
    state.attempt.connection = undefined;
    endAttempt(exchange, OUTCOME.no_endpoint);
    expect(calls).toEqual(['v1.releaseSlot', `v1.attempted(${OUTCOME.no_endpoint.index})`, 'v1.withdraw']);
  });

  test.each([
    ['ok', 404, 'v1.succeeded(10.0.0.1:80)'],
    ['ok', 500, 'v1.failed(10.0.0.1:80,ok,500)'],
    ['upstream_reset', 0, '10.0.0.1:80.failed()'],
  ] as const)('with %s %i tells %s', (code, status, told) => {
    const { exchange, state, calls } = underWay();
    state.status = status;
    endAttempt(exchange, OUTCOME[code]);
    expect(calls).toContain(told);
  });

  test.each(['downstream_closed', 'overload', 'exchange_timeout'] as const)('with %s says nothing of the endpoint', (code) => {
    const { exchange, calls } = underWay();
    endAttempt(exchange, OUTCOME[code]);
    expect(calls.filter((call) => /succeeded|failed/.test(call))).toEqual([]);
  });
});

describe('an attempt that is given up', () => {
  test.each([
    ['that has the whole request', {}, true, 1],
    ['whose client is paused, so that the upstream is the slow one', { clientPaused: true }, false, 1],
    ['whose client has yet to send', {}, false, 0],
    ['that has responded', { responded: true }, true, 0],
  ])('%s', (_, fields, requestDone, times) => {
    const { exchange, state, calls } = underWay();
    Object.assign(state, fields);
    state.body.done = requestDone;
    tellGivenUp(exchange, 'late');
    expect(calls.filter((call) => call === 'v1.gaveUp(100,late)')).toHaveLength(times);
  });

  test('without a connection teaches nothing', () => {
    const { exchange, state, calls } = underWay();
    state.attempt.connection = undefined;
    tellGivenUp(exchange, 'unwanted');
    expect(calls).toEqual([]);
  });
});
