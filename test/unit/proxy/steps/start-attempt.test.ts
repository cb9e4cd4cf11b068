import { describe, expect, test } from 'vitest';
import { bindUpstream, continueBody, hold, sendBody, sendRequest, startAttempt } from '../../../../src/proxy/steps/start-attempt.ts';
import { ACQUIRED, NO_ENDPOINT, OVERLOAD } from '../../../../src/upstream/stream-request.ts';
import { bind, makeRouted } from '../fakes.ts';

const upload = 'POST /up HTTP/1.1\r\nhost: a.example\r\ncontent-length: 100\r\n\r\n';

/** A request whose connection is ready. */
function connected(head?: string, given: Parameters<typeof makeRouted>[2] = {}) {
  const made = makeRouted(head, { v1: 1 }, given);
  bind(made.state, made.upstream);
  return made;
}

describe('an attempt', () => {
  test('takes a slot of its version; the first one feeds the budget of retries', () => {
    const { exchange, state, version } = makeRouted();
    version.budget.ratio = 1;
    startAttempt(exchange);
    startAttempt(exchange);
    expect([state.attempt.count, state.attempt.holdsSlot]).toEqual([2, true]);
    expect(version.calls.filter((call) => call === 'v1.acquire')).toHaveLength(2);
    const atMs = performance.now();
    let saved = 0;
    while (version.budget.withdraw(atMs)) saved++;
    version.budget.ratio = 0;
    // One from the request, and ten that are always allowed.
    expect(saved).toBe(11);
  });

  test.each([
    [NO_ENDPOINT, 'no_endpoint'],
    [OVERLOAD, 'overload'],
  ] as const)('that finds no place (%i) is none, and the client is told %s', (acquires, outcome) => {
    const { exchange, state, version, downstream } = makeRouted();
    version.acquires = acquires;
    startAttempt(exchange);
    expect([state.attempt.count, state.attempt.holdsSlot]).toEqual([0, false]);
    expect(downstream.written).toContain(`x-sluice-outcome: ${outcome}\r\n`);
  });

  test('has a connection from when it is bound', () => {
    const { exchange, state, upstream } = makeRouted();
    bindUpstream(exchange, upstream.real, upstream.endpoint);
    expect([state.attempt.connection, state.attempt.endpoint]).toEqual([upstream.real, upstream.endpoint]);
    expect([upstream.endpoint.inFlight, upstream.calls]).toEqual([1, ['10.0.0.1:80.began()']]);
  });
});

describe('a hold', () => {
  test.each([
    [1000, false, ACQUIRED, true],
    [0, false, ACQUIRED, false],
    [1000, true, ACQUIRED, false],
    [1000, false, OVERLOAD, false],
  ] as const)('of %i ms, over: %s, found: %i', (holdMs, holdOver, holds, waits) => {
    const { exchange, state, version } = makeRouted();
    version.settings.holdMs = holdMs;
    version.holds = holds;
    state.attempt.holdOver = holdOver;
    expect(hold(exchange)).toBe(waits);
    expect([state.attempt.holdsSlot, state.attempt.count]).toEqual([waits, waits ? 1 : 0]);
  });
});

describe('the request is sent', () => {
  test('with its head, and the clock for the response starts', () => {
    const { exchange, upstream, calls } = connected();
    sendRequest(exchange, upstream.real);
    expect(calls).toEqual(['begin GET']);
    expect(upstream.received).toMatch(/^GET \/ HTTP\/1\.1\r\nhost: a\.example\r\n.*\r\n\r\n$/s);
    expect(exchange.armed).toEqual({ response: 15_000 });
  });

  test('with a small body in one piece, and a larger one behind it', () => {
    const { exchange, state, upstream } = connected(upload);
    state.bodyText = 'small';
    state.pendingBody.push(Buffer.from(', and '), Buffer.from('more'));
    sendRequest(exchange, upstream.real);
    expect(upstream.received).toMatch(/\r\n\r\nsmall, and more$/);
    expect(state.pendingBody).toEqual([]);
  });

  test('with the same head at each attempt: a request id is given once', () => {
    const { exchange, state, upstream } = connected();
    let ids = 0;
    exchange.fakeContext.newRequestId = () => `id-${++ids}`;
    sendRequest(exchange, upstream.real);
    const first = upstream.received;
    upstream.received = '';
    state.attempt.count++;
    sendRequest(exchange, upstream.real);
    expect([upstream.received, ids]).toEqual([first, 1]);
  });

  test('with what the route rewrites', () => {
    const { exchange, upstream } = connected('GET /a/b?c HTTP/1.1\r\nhost: a.example\r\nx-old: 1\r\n\r\n', {
      route: {
        rewrite: { host: 'inner.example', path: { kind: 'full', value: '/new' }, location: false },
        requestHeaders: { set: [['x-new', '2']], add: [], remove: ['x-old'] },
      },
    });
    sendRequest(exchange, upstream.real);
    expect(upstream.received).toMatch(/^GET \/new\?c HTTP\/1\.1\r\nhost: inner\.example\r\n/);
    expect(upstream.received).toContain('x-new: 2\r\n');
    expect(upstream.received).not.toContain('x-old');
  });

  test('in chunks where it came in chunks, with the offer of trailers', () => {
    const head = 'POST / HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n';
    const { exchange, upstream } = connected(head);
    sendRequest(exchange, upstream.real);
    expect(upstream.received).toContain('transfer-encoding: chunked\r\nte: trailers\r\nconnection: te\r\n\r\n');
  });

  test('the attempt counts from its start only where nothing came between', () => {
    const { exchange, state, upstream } = connected();
    exchange.fakeContext.deadlines.nowMs = 140;
    upstream.responses = 1;
    sendRequest(exchange, upstream.real);
    expect(state.attempt.startedMs).toBe(100);
    upstream.responses = 0;
    sendRequest(exchange, upstream.real);
    expect(state.attempt.startedMs).toBe(140);
  });

  test('its time of waiting is over', () => {
    const { exchange, state, upstream } = connected();
    let disarmed = 0;
    state.holdDeadline.disarm = () => void disarmed++;
    sendRequest(exchange, upstream.real);
    expect(disarmed).toBe(1);
  });
});

describe('a body that is under way', () => {
  const piece = Buffer.from('0123456789');
  function uploading() {
    const made = connected(upload);
    made.state.body.bytes = 10;
    return made;
  }

  test('waits while there is no connection, with the client read on up to a bound', () => {
    for (const connection of ['none', 'connecting', 'idle']) {
      const { exchange, state, upstream, calls } = uploading();
      if (connection === 'none') state.attempt.connection = undefined;
      upstream.connected = connection !== 'connecting';
      upstream.idle = connection === 'idle';
      sendBody(exchange, piece, 2, 6);
      expect([state.pendingBody.map(String), state.replayable, upstream.received]).toEqual([['2345'], false, '']);
      expect(calls).toEqual([]);
      state.body.bytes = 65_536;
      sendBody(exchange, piece, 0, 1);
      expect(calls).toEqual(['pauseClient']);
    }
  });

  test('is kept as it was: the memory of a read is written over', () => {
    const { exchange, state } = uploading();
    state.attempt.connection = undefined;
    const read = Buffer.from('before');
    sendBody(exchange, read, 0, 6);
    read.fill('x');
    expect(String(state.pendingBody[0])).toBe('before');
  });

  test('is passed on; the client is paused when the upstream takes no more, which has its time', () => {
    const { exchange, upstream, calls } = uploading();
    sendBody(exchange, piece, 0, 5);
    expect([upstream.received, calls, exchange.armed]).toEqual(['01234', [], {}]);
    upstream.drains = false;
    sendBody(exchange, piece, 5, 10);
    expect([upstream.received, calls, exchange.armed]).toEqual(['0123456789', ['pauseClient'], { response: 300_000 }]);
  });

  test('continues when all has left', () => {
    const { exchange, state, upstream, calls } = uploading();
    upstream.drains = false;
    sendBody(exchange, piece, 0, 5);
    continueBody(exchange);
    expect(calls).toEqual(['pauseClient', 'resumeClient']);
    expect(state.clientPaused).toBe(false);
  });

  test('is whole: from now on the time is the upstream’s', () => {
    const { exchange, state, upstream, calls } = uploading();
    state.body.done = true;
    exchange.fakeContext.deadlines.nowMs = 900;
    sendBody(exchange, piece, 0, 5);
    expect([state.attempt.startedMs, exchange.armed, calls]).toEqual([900, { response: 15_000 }, []]);
    continueBody(exchange);
    expect([upstream.received, calls]).toEqual(['01234', []]);
  });

  test('starts no clock for a response that has begun', () => {
    const { exchange, state } = uploading();
    Object.assign(state, { responded: true });
    state.body.done = true;
    sendBody(exchange, piece, 0, 5);
    expect(exchange.armed).toEqual({});
  });

  test('resumes the client when the connection comes, or lets it wait for the upstream', () => {
    for (const drains of [true, false]) {
      const { exchange, upstream, calls } = uploading();
      upstream.drains = drains;
      sendRequest(exchange, upstream.real);
      expect(calls).toEqual(['begin POST', drains ? 'resumeClient' : 'pauseClient']);
      expect(exchange.armed).toEqual(drains ? {} : { response: 300_000 });
    }
  });
});
