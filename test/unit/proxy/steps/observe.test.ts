import { describe, expect, test } from 'vitest';
import { observe } from '../../../../src/proxy/steps/observe.ts';
import { REASON_WEIGHT } from '../../../../src/routing/choice.ts';
import type { Observation } from '../../../../src/telemetry/observation.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import type { OutcomeCode } from '../../../../src/telemetry/outcomes.ts';
import { FakeExchange, bind, makeRouted, makeServing } from '../fakes.ts';

function ended(outcome: OutcomeCode = 'ok', status = 200) {
  const made = makeRouted('GET /a?b HTTP/1.1\r\nhost: a.example\r\nx-user: 7\r\n\r\n');
  const { state, exchange } = made;
  bind(state, made.upstream);
  Object.assign(state, { outcome: OUTCOME[outcome], status, bytesOut: 12, requestId: 'id-7' });
  state.startedMs = performance.now() - 40;
  state.body.bytes = 3;
  state.choice.reason = REASON_WEIGHT;
  const logged: Observation[] = [];
  exchange.fakeContext.accessLog = { record: (one: Observation) => void logged.push({ ...one }) };
  exchange.fakeContext.deadlines.nowMs = performance.now();
  return { ...made, logged, context: exchange.context };
}

describe('counters', () => {
  test('of the version and of the route with this version', () => {
    const { state, calls, context } = ended();
    state.attempt.versionSinceMs = context.deadlines.refresh() - 10;
    observe(state, context);
    expect(calls.slice(1)).toEqual(['v1.received(3)', 'v1.sent(12)', 'shop/v1.responded(200)']);
    const duration = Number(/^v1\.ended\((.*),.*\)$/.exec(calls[0]!)![1]);
    expect(duration).toBeGreaterThanOrEqual(10);
    expect(duration).toBeLessThan(40);
  });

  test('of the route alone, where no version was chosen', () => {
    const { state, calls, context } = ended('no_endpoint', 503);
    state.attempt.version = undefined;
    observe(state, context);
    expect(calls).toEqual(['shop/none.responded(503)']);
  });

  test('of no route', () => {
    const exchange = new FakeExchange();
    exchange.state.serving = makeServing(exchange.calls).serving;
    exchange.state.outcome = OUTCOME.no_route;
    observe(exchange.state, exchange.context);
    expect(exchange.calls).toEqual(['unrouted.responded(404)']);
  });

  test('of the version: the time to the head of the response, from when the version was chosen', () => {
    const { state, calls, context } = ended();
    Object.assign(state, { startedMs: 100, firstByteMs: 30 });
    state.attempt.versionSinceMs = 110;
    observe(state, context);
    expect(calls[0]).toMatch(/^v1\.ended\(.*,20\)$/);
  });

  test('of the version: a response that came whole was as old at its head as at its end', () => {
    const { state, calls, context } = ended();
    state.attempt.versionSinceMs = state.startedMs;
    observe(state, context);
    const [, duration, head] = /^v1\.ended\((.*),(.*)\)$/.exec(calls[0]!)!;
    expect(Number(head)).toBeCloseTo(Number(duration), 6);
    expect(Number(head)).toBeGreaterThanOrEqual(40);
  });

  test.each<[OutcomeCode, number, boolean]>([
    ['ok', 200, false],
    ['ok', 404, false],
    ['ok', 500, true],
    ['upstream_reset', 200, true],
    ['no_endpoint', 503, true],
    ['exchange_timeout', 504, true],
    ['internal', 500, true],
    ['downstream_closed', 0, false],
    ['downstream_closed', 500, false],
    ['request_timeout', 408, false],
  ])('of the version: %s with %i is an error: %s', (outcome, status, isError) => {
    const { state, calls, context } = ended(outcome, status);
    observe(state, context);
    expect(calls.includes('v1.failed()')).toBe(isError);
    expect(/^v1\.ended\(.*,-1\)$/.test(calls[0]!)).toBe(outcome !== 'ok');
  });

  test('take the status of the outcome where no response was sent', () => {
    const { state, calls, context } = ended('downstream_closed', 0);
    observe(state, context);
    expect(calls).toContain('shop/v1.responded(499)');
  });
});

describe('the record', () => {
  test('says all that is known', () => {
    const { state, context, logged } = ended();
    state.firstByteMs = 5;
    observe(state, context);
    expect(logged).toEqual([
      expect.objectContaining({
        ...{ listener: 'web', route: 'shop', pool: 'shop', version: 'v1', deploy: 'deploy-9', endpoint: '10.0.0.1:80' },
        ...{ method: 'GET', authority: 'a.example', target: '/a?b', client: '192.0.2.7', requestId: 'id-7', fields: 'x-user: 7\r\n' },
        ...{ status: 200, outcome: 'ok', reason: 'weight', attempts: 1, firstByteMs: 5, bytesIn: 3, bytesOut: 12 },
        ...{ override: '', keyed: false, keyField: '' },
      }),
    ]);
    const [one] = logged;
    expect(one!.durationMs).toBeGreaterThanOrEqual(40);
    expect(Math.abs(one!.startedAtMs + one!.durationMs - Date.now())).toBeLessThan(1000);
  });

  test('names the client that a trusted proxy spoke for', () => {
    const { state, context, logged } = ended();
    state.client = '203.0.113.9';
    observe(state, context);
    expect(logged[0]!.client).toBe('203.0.113.9');
  });

  test('has no reason and no override without a version', () => {
    const { state, context, logged } = ended('no_endpoint', 503);
    state.attempt.version = undefined;
    state.choice.override = 'qa';
    observe(state, context);
    expect([logged[0]!.version, logged[0]!.reason, logged[0]!.override]).toEqual(['', '', '']);
  });

  test.each([
    ['key-1', false, true],
    ['key-1', true, false],
    ['', false, false],
  ])('tells a user with a key (%j) from one that gets its first (%s)', (key, setCookie, keyed) => {
    const { state, context, logged } = ended();
    Object.assign(state.choice, { key, setCookie });
    observe(state, context);
    expect(logged[0]!.keyed).toBe(keyed);
  });
});

test.each([
  ['ok', 200, 'fine'],
  ['replied', 404, 'fine'],
  ['ok', 503, 'failed'],
  ['downstream_closed', 200, 'failed'],
  ['no_route', 404, 'failed'],
] as const)('%s with %i is kept among those that %s', (outcome, status, ring) => {
  const { state, exchange, context } = ended(outcome, status);
  exchange.fakeContext.accessLog = undefined;
  observe(state, context);
  const { fine, failed } = exchange.fakeContext.recent;
  expect([fine.list(0).length, failed.list(0).length]).toEqual(ring === 'fine' ? [1, 0] : [0, 1]);
});
