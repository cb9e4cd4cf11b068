import { describe, expect, test } from 'vitest';
import { route } from '../../../../src/proxy/steps/route.ts';
import { REASON_WEIGHT } from '../../../../src/routing/choice.ts';
import { NO_ENDPOINT } from '../../../../src/upstream/stream-request.ts';
import { makeMatch, makeRoute, prefix } from '../../routing/make-table.ts';
import { FakeExchange, makeServing, trusting } from '../fakes.ts';

function asking(line: string, given: Parameters<typeof makeServing>[2] = {}, settings = trusting(), fields = '') {
  const exchange = new FakeExchange(`${line} HTTP/1.1\r\nhost: a.example\r\n${fields}\r\n`, settings);
  const made = makeServing(exchange.calls, { v1: 1, v2: 0 }, given);
  exchange.state.serving = made.serving;
  return { ...made, exchange, state: exchange.state, calls: exchange.calls, downstream: exchange.downstream };
}

test('a request gets its route, its pool, its version and an attempt, in this order', () => {
  const { exchange, state, versions, calls, downstream } = asking('GET /a', { route: { timeoutMs: 700 } });
  route(exchange);
  expect([state.match?.route.name, state.destination?.pool.name, state.client]).toEqual(['shop', 'shop', downstream.peer]);
  expect(state.attempt.version).toBe(versions[0]);
  expect(calls).toEqual(['v1.began()', `v1.chosen(${REASON_WEIGHT})`, 'v1.acquire']);
  expect(exchange.armed).toEqual({ exchange: 700 });
});

test('a route without a timeout arms none', () => {
  const { exchange } = asking('GET /a');
  route(exchange);
  expect(exchange.armed).toEqual({});
});

test.each([
  [0, '90m', 90],
  [700, '90m', 90],
  [700, '2S', 700],
  [700, 'soon', 700],
])('a route of %i ms and a call of %s bound the exchange together: %i ms', (timeoutMs, call, bound) => {
  const fields = (te: string) => `content-type: application/grpc\r\ngrpc-timeout: ${call}\r\n${te}connection: te\r\n`;
  const { exchange } = asking('POST /a', { route: { timeoutMs } }, undefined, fields('te: trailers\r\n'));
  route(exchange);
  expect(exchange.armed).toEqual({ exchange: bound });
});

describe('a request ends here', () => {
  test('when its path has two readings; its connection too', () => {
    const { exchange, state, downstream, calls } = asking('GET /a/%2e%2e/b');
    route(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 400 .*connection: close\r\n/s);
    expect(downstream.calls).toEqual([expect.stringMatching(/^listener\.refused/)]);
    expect([state.match, calls]).toEqual([undefined, ['endAttempt(bad_request)', 'finish(bad_request)']]);
  });

  test('when no route matches', () => {
    const { exchange, downstream } = asking('GET /a', { route: { match: [makeMatch(prefix('/other'))] } });
    route(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 404 .*x-sluice-outcome: no_route\r\n/s);
  });

  test('when its listener has no routes', () => {
    const { exchange, downstream } = asking('GET /a', {}, { ...trusting(), name: 'elsewhere' });
    route(exchange);
    expect(downstream.written).toContain('x-sluice-outcome: no_route\r\n');
  });

  test('when the route has a response of its own', () => {
    const own = makeRoute('own', { action: { kind: 'respond', respond: { status: 203, body: 'mine', headers: [['x-a', 'b']] } } });
    const { exchange, state, downstream } = asking('GET /a', { routes: [own] });
    route(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 203 .*x-a: b\r\n.*\r\n\r\nmine$/s);
    expect([state.outcome.code, state.destination]).toEqual(['replied', undefined]);
  });

  test('when no version may respond', () => {
    const { exchange, state, pool, downstream } = asking('GET /a', { pool: { fallback: { whenNoneReady: 'fail' } } });
    pool.unready.add(0).add(1);
    route(exchange);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 503 .*x-sluice-outcome: no_endpoint\r\n/s);
    expect(state.attempt.version).toBeUndefined();
  });

  test('when the version has no endpoint', () => {
    const { exchange, state, versions, downstream } = asking('GET /a');
    versions[0]!.acquires = NO_ENDPOINT;
    route(exchange);
    expect(downstream.written).toContain('x-sluice-outcome: no_endpoint\r\n');
    expect(state.attempt.count).toBe(0);
  });
});

test('a listener that leaves serves by the last state that knew it', () => {
  const { exchange, state, downstream } = asking('GET /a', { route: { match: [makeMatch(prefix('/new'))] } });
  const last = makeServing(exchange.calls);
  downstream.owner.lastServing = last.serving;
  route(exchange);
  expect(state.serving).toBe(last.serving);
  expect(state.attempt.version).toBe(last.versions[0]);
});

test.each([
  ['an untrusted peer', trusting(), '192.0.2.7'],
  ['a trusted proxy', trusting('192.0.2.0/24'), '203.0.113.9'],
])('the client as %s says it', (_, settings, client) => {
  const { exchange, state } = asking('GET /a', {}, settings, 'x-forwarded-for: 203.0.113.9\r\n');
  route(exchange);
  expect(state.client).toBe(client);
});
