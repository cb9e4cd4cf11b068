// The driver, between a client's side and a version that are both made by hand.

import { beforeEach, describe, expect, test } from 'vitest';
import { Exchange } from '../../../src/proxy/exchange.ts';
import type { ExchangeControl } from '../../../src/proxy/exchange-control.ts';
import type { PoolConfig } from '../../../src/config/model.ts';
import { OUTCOME } from '../../../src/telemetry/outcomes.ts';
import { FakeContext, FakeDownstream, FakeUpstream, makeServing, parse } from './fakes.ts';
import type { FakeVersion } from './fakes.ts';

let calls: string[];
let context: FakeContext;
let exchange: Exchange;
let downstream: FakeDownstream;
let upstream: FakeUpstream;
let versions: readonly FakeVersion[];

beforeEach(() => prepare());

function prepare(pool: Partial<PoolConfig> = {}, timeoutMs = 0): void {
  calls = [];
  context = new FakeContext(calls);
  const made = makeServing(calls, { v1: 1, v2: 0 }, { pool, route: { timeoutMs } });
  versions = made.versions;
  context.serving = made.serving;
  exchange = new Exchange(context.real);
  downstream = new FakeDownstream();
  downstream.request = exchange.state;
  upstream = new FakeUpstream(calls);
}

const GET = 'GET /a HTTP/1.1\r\nhost: a.example\r\n\r\n';
const PUT = 'PUT /a HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\n';

/** Begins. `connects`: whether a used connection is there at once. */
function begin(head = GET, connects = true, body = ''): void {
  versions[0]!.onAcquired = (request: ExchangeControl) => {
    if (connects) request.onConnected(upstream.real, upstream.endpoint);
  };
  parse(head, exchange.head);
  exchange.begin(downstream, Buffer.from(body), 0, body.length, false);
}

function respond(response = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', done = true): boolean {
  const { from, to } = upstream.respond(response);
  return exchange.onResponse(upstream.real, from, to, done);
}

describe('an exchange', () => {
  test('from the head of a request to the end of its response', () => {
    begin();
    expect(upstream.received).toMatch(/^GET \/a HTTP\/1\.1\r\n/);
    expect(respond()).toBe(true);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s);
    expect(calls.slice(-4)).toEqual([expect.stringMatching(/^v1\.ended/), 'v1.received(0)', 'v1.sent(2)', 'shop/v1.responded(200)']);
    expect(calls).toContain('release');
    expect(downstream.calls).toEqual(['unwatch', 'end(true)']);
    expect(exchange.state.active).toBe(false);
  });

  test('ends once', () => {
    begin();
    respond();
    const before = calls.length;
    exchange.finish();
    exchange.onDownstreamClosed();
    expect([calls.length, downstream.calls]).toEqual([before, ['unwatch', 'end(true)']]);
  });

  test('leaves nothing behind', () => {
    begin(PUT, true, 'secret');
    respond();
    exchange.reset();
    expect(exchange.state).toEqual(new Exchange(context.real).state);
    expect([exchange.responded, exchange.requestDone, exchange.unflushed, exchange.affinityKey]).toEqual([false, true, false, '']);
  });

  test('is served, from its first step to its last, with what was in force when it began', () => {
    begin(GET, false);
    const first = exchange.state.serving;
    context.serving = makeServing(calls).serving;
    exchange.onConnected(upstream.real, upstream.endpoint);
    expect(exchange.state.serving).toBe(first);
    respond();
    exchange.reset();
    begin(GET, false);
    expect(exchange.state.serving).toBe(context.serving);
  });
});

describe('looking for a connection', () => {
  test('in line, for as long as a connection may take', () => {
    begin(GET, false);
    exchange.onWaiting();
    expect(context.deadlines.armed.get(exchange.state.responseDeadline)).toBe(1000);
  });

  test('held, for the time of the pool, which is counted once', () => {
    versions[0]!.settings.holdMs = 3000;
    begin(GET, false);
    const { holdDeadline } = exchange.state;
    exchange.onHeld();
    expect([context.deadlines.armed.get(holdDeadline), exchange.state.attempt.startedMs]).toEqual([3000, 0]);
    context.deadlines.armed.clear();
    holdDeadline.list = {} as never;
    exchange.onHeld();
    expect(context.deadlines.armed.has(holdDeadline)).toBe(false);
    holdDeadline.list = undefined;
  });

  test('made for it: the attempt begins there, and is counted on the endpoint once', () => {
    begin(GET, false);
    context.deadlines.nowMs = 250;
    exchange.onConnecting(upstream.real, upstream.endpoint);
    expect([exchange.state.attempt.startedMs, upstream.endpoint.inFlight, upstream.received]).toEqual([250, 1, '']);
    context.deadlines.nowMs = 260;
    exchange.onConnected(upstream.real, upstream.endpoint);
    expect([exchange.state.attempt.startedMs, upstream.endpoint.inFlight]).toEqual([260, 1]);
    expect(upstream.received).not.toBe('');
  });

  test('in vain', () => {
    begin(GET, false);
    exchange.onTurnedAway(OUTCOME.no_endpoint);
    expect(downstream.written).toContain('x-sluice-outcome: no_endpoint\r\n');
    expect(calls).toContain('v1.withdraw');
  });

  test('that it held, on another version', () => {
    begin(GET, false);
    expect(exchange.onStillHeld()).toBe(false);
    exchange.state.attempt.failedEndpoint = upstream.endpoint;
    expect([exchange.failedEndpoint, exchange.wantsFresh, exchange.holdOver]).toEqual([upstream.endpoint, false, false]);
  });
});

describe('a client that reads slowly', () => {
  test('has its time while bytes wait, and the end waits for them', () => {
    downstream.flushes = false;
    begin();
    respond('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no', false);
    expect(downstream.calls).toEqual(['watch']);
    exchange.onResponseBytes(upstream.real, 512, 513, true);
    expect([exchange.state.active, exchange.unflushed]).toEqual([true, true]);
    exchange.onDownstreamFlushed();
    expect(exchange.state.active).toBe(false);
    expect(downstream.calls.at(-1)).toBe('end(true)');
  });

  test('lets the upstream be read again when it has taken all', () => {
    downstream.flushes = false;
    begin();
    respond('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\no', false);
    exchange.onDownstreamFlushed();
    expect(calls.at(-1)).toBe('resume upstream');
    expect(downstream.calls.at(-1)).toBe('unwatch');
    calls.length = 0;
    exchange.onDownstreamFlushed();
    expect(calls).toEqual([]);
  });
});

describe('an upload', () => {
  test('pauses its client while the upstream takes no more', () => {
    begin(PUT, true, '12');
    upstream.drains = false;
    expect(exchange.onRequestBytes(Buffer.from('345'), 0, 3)).toBe(3);
    expect([exchange.state.clientPaused, downstream.calls.slice(-3)]).toEqual([true, ['pause', 'unwatch', 'unwatch']]);
    exchange.pauseClient();
    expect(downstream.calls.filter((call) => call === 'pause')).toHaveLength(1);
    exchange.onUpstreamDrained();
    expect([exchange.state.clientPaused, downstream.calls.slice(-2)]).toEqual([false, ['resume', 'watch']]);
  });

  test('keeps the clock of a paused client that has a response to take', () => {
    begin(PUT, true, '12');
    exchange.state.unflushed = true;
    exchange.pauseClient();
    expect(downstream.calls.at(-1)).toBe('pause');
    exchange.watchClient();
    expect(downstream.calls.at(-1)).toBe('watch');
  });

  test('that nobody read to its end closes the connection behind the response', () => {
    begin(PUT, true, '12');
    respond();
    expect(downstream.calls.at(-1)).toBe('end(false)');
    expect(calls).toContain('destroy');
  });
});

describe('it is cut short', () => {
  test('by an upstream that fails in the middle of a response', () => {
    begin();
    respond('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\no', false);
    exchange.onUpstreamFailure(upstream.real, OUTCOME.upstream_reset);
    expect(downstream.calls).toEqual(['cutOff(true)', 'unwatch', 'end(false)']);
    expect(calls).toContain(`v1.attempted(${OUTCOME.upstream_reset.index})`);
    expect(calls).toContain('shop/v1.responded(200)');
  });

  test.each([
    ['to its end', 'HTTP/1.1 200 OK\r\n\r\n', 'some'],
    ['in chunks, the last of which has begun', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '4\r\nsome\r\n0'],
  ])('by an upstream that fails in the middle of a response %s: by a reset', (_what, head, body) => {
    begin();
    respond(head + body, false);
    exchange.onUpstreamFailure(upstream.real, OUTCOME.upstream_reset);
    expect(downstream.calls[0]).toBe('cutOff(false)');
  });

  test('by its client, which ends the work of the upstream', () => {
    begin();
    exchange.onDownstreamClosed();
    expect(calls).toContain('v1.gaveUp(100,unwanted)');
    expect(calls).toContain('destroy');
    expect(calls.at(-1)).toBe('shop/v1.responded(499)');
  });

  test('by its time', () => {
    prepare({}, 500);
    begin();
    expect(context.deadlines.armed.get(exchange.state.exchangeDeadline)).toBe(500);
    exchange.onDeadline(exchange.state.exchangeDeadline);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 504 /);
    expect(downstream.calls.at(-1)).toBe('end(true)');
  });

  test('by a client that stands still', () => {
    begin();
    respond('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\no', false);
    context.deadlines.nowMs += 300_000;
    exchange.onDownstreamStalled();
    expect(downstream.calls[0]).toBe('abort');
    expect(calls.at(-1)).toBe('shop/v1.responded(200)');
  });
});

test('an interim response goes on before the final one', () => {
  begin();
  upstream.respond('HTTP/1.1 103 Early Hints\r\n\r\n');
  exchange.onInterim(upstream.real);
  respond();
  expect(downstream.written).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test('a failed attempt is made again on the same exchange', () => {
  versions[0]!.settings.retryOn.add('reset');
  begin();
  const first = upstream;
  upstream = new FakeUpstream(calls, '10.0.0.2:80');
  exchange.onUpstreamFailure(first.real, OUTCOME.upstream_reset);
  expect(upstream.received).toBe(first.received);
  respond();
  expect([downstream.written.slice(0, 15), exchange.state.attempt.count]).toEqual(['HTTP/1.1 200 OK', 2]);
  expect(calls).toContain('v1.succeeded(10.0.0.2:80)');
});
