import { describe, expect, test } from 'vitest';
import { forwardBody, forwardHead, forwardInterim } from '../../../../src/proxy/steps/forward-response.ts';
import type { ResponseTap } from '../../../../src/proxy/mirror/response-tap.ts';
import { bind, makeRouted } from '../fakes.ts';

const ok = (body: string, ...fields: string[]): string =>
  ['HTTP/1.1 200 OK', `content-length: ${body.length}`, 'Date: x', ...fields, '', body].join('\r\n');
const chunked = (body: string, ...fields: string[]): string =>
  ['HTTP/1.1 200 OK', 'transfer-encoding: chunked', 'Date: x', ...fields, '', body].join('\r\n');
const old = 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n';

function sent(head?: string, given: Parameters<typeof makeRouted>[2] = {}) {
  const made = makeRouted(head, { v1: 1 }, given);
  bind(made.state, made.upstream);
  return made;
}

type Sent = ReturnType<typeof sent>;

/** Gives the response to the step as the connection would. Returns whether it goes on reading. */
function respond({ exchange, upstream }: Sent, response: string, done = true, small = true, headroom = 512): boolean {
  const { from, to } = upstream.respond(response, { small, headroom });
  return forwardHead(exchange, upstream.real, from, to, done);
}

describe('a head', () => {
  test('leaves with the body that came with it', () => {
    for (const small of [true, false]) {
      const made = sent();
      expect(respond(made, ok('hello', 'x-a: 1'), true, small)).toBe(true);
      expect(made.downstream.written).toBe('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nDate: x\r\nx-a: 1\r\n\r\nhello');
      expect([made.state.status, made.state.responded, made.state.bytesOut]).toEqual([200, true, 5]);
      expect(made.calls.at(-1)).toBe('responseEnded');
    }
  });

  test('leaves before a body that is larger than the room in front of it', () => {
    const made = sent();
    respond(made, ok('hello', 'x-a: 1'), true, false, 10);
    expect(made.downstream.written).toBe('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nDate: x\r\nx-a: 1\r\n\r\nhello');
  });

  test('alone, with the body yet to come', () => {
    const made = sent();
    respond(made, 'HTTP/1.1 404 Not Here\r\ncontent-length: 5\r\nDate: x\r\n\r\n', false, false);
    expect(made.downstream.written).toBe('HTTP/1.1 404 Not Here\r\ncontent-length: 5\r\nDate: x\r\n\r\n');
    expect(made.calls).not.toContain('responseEnded');
  });

  test('gets what the route changes, and the cookie of a new user', () => {
    const affinity = {
      kind: 'cookie',
      name: 'sluice',
      own: true,
      maxAgeMs: 60_000,
      path: '/',
      sameSite: 'lax',
      secure: 'auto',
      domain: undefined,
      partitioned: false,
      remember: undefined,
    } as const;
    const responseHeaders = { set: [['x-a', '2']], add: [], remove: ['x-b'] } as const;
    const made = sent(undefined, { pool: { affinity }, route: { responseHeaders } });
    made.state.choice.setCookie = true;
    made.state.choice.key = 'a-new-key';
    respond(made, ok('', 'x-a: 1', 'x-b: 1'));
    expect(made.downstream.written).toMatch(/x-a: 2\r\n.*set-cookie: sluice=a-new-key/is);
    expect(made.downstream.written).not.toMatch(/x-b|x-a: 1/);
  });

  test('begins the time of a stall, unless all of the body is here', () => {
    for (const done of [false, true]) {
      const made = sent();
      made.exchange.fakeContext.deadlines.nowMs = 700;
      respond(made, ok(''), done);
      expect([made.exchange.armed, made.state.movedMs]).toEqual(done ? [{}, 0] : [{ response: 300_000 }, 700]);
    }
  });

  test.each([
    [true, undefined, true],
    [false, {}, true],
    [false, undefined, false],
  ])(
    'that comes with all of its body is timed only where the end will not do: latency %s, log %s',
    (followsLatency, accessLog, isTimed) => {
      const made = sent();
      made.version.followsLatency = followsLatency;
      made.exchange.fakeContext.accessLog = accessLog;
      respond(made, ok(''));
      expect(made.state.firstByteMs >= 0).toBe(isTimed);
      expect(made.calls.includes('v1.observed(10.0.0.1:80,200)')).toBe(followsLatency);
    },
  );

  test('is timed where its end comes later: with more of the body, or when a slow client has taken all', () => {
    const first = sent();
    respond(first, ok('hello'), false);
    const slow = sent();
    slow.downstream.flushes = false;
    respond(slow, ok('hello'), true, false);
    for (const { state } of [first, slow]) expect(state.firstByteMs).toBeGreaterThanOrEqual(0);
  });

  test('before the end of the request tells nothing of the upstream’s latency', () => {
    const made = sent();
    made.version.followsLatency = true;
    made.state.body.done = false;
    respond(made, ok(''), false);
    expect(made.calls).not.toContain('v1.observed(10.0.0.1:80,200)');
  });
});

describe('the connection of the client is', () => {
  test.each([
    ['kept', undefined, {}, ok(''), true, undefined],
    ['kept, said in so many words to HTTP/1.0', old, {}, ok(''), true, 'keep-alive'],
    ['closed as the client wishes', 'GET / HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n', {}, ok(''), false, 'close'],
    ['closed as the listener wishes', undefined, { mayKeep: false }, ok(''), false, 'close'],
    ['closed where only that ends the body', undefined, {}, 'HTTP/1.1 200 OK\r\n\r\n', false, 'close'],
    ['closed where HTTP/1.0 gets the data of chunks', old, {}, chunked('0\r\n\r\n'), false, 'close'],
  ])('%s', (_, head, fields, response, keep, said) => {
    const made = sent(head);
    Object.assign(made.downstream, fields);
    respond(made, response);
    expect(made.downstream.keeps).toBe(keep);
    expect(/^connection: (.*)\r$/m.exec(made.downstream.written)?.[1]).toBe(said);
  });

  test('closed when the response is there before the whole request', () => {
    const made = sent();
    made.state.body.done = false;
    respond(made, ok(''));
    expect(made.downstream.keeps).toBe(false);
  });
});

describe('a body', () => {
  test('is passed on as it was framed', () => {
    const made = sent();
    respond(made, chunked('2\r\nab\r\n'), false);
    const { from, to } = made.upstream.add('1\r\nc\r\n0\r\n\r\n');
    expect(forwardBody(made.exchange, made.upstream.real, from, to, true)).toBe(true);
    expect(made.downstream.written).toMatch(/transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n$/);
    expect(made.state.bytesOut).toBe(18);
  });

  test('is taken out of its chunks for HTTP/1.0, wherever they are cut', () => {
    const made = sent(old);
    respond(made, chunked('3\r\nab'), false);
    const { from, to } = made.upstream.add('c\r\n1;x=y\r\nd\r\n0\r\n\r\n');
    forwardBody(made.exchange, made.upstream.real, from, to, true);
    expect(made.downstream.written).toMatch(/\r\n\r\nabcd$/);
    expect(made.downstream.written).not.toContain('chunked');
  });

  test.each([
    ['', '1\r\na\r\n0\r\n\r\n'],
    ['te: trailers\r\nconnection: te\r\n', '1\r\na\r\n0\r\nx-sum: 9\r\n\r\n'],
  ])('has trailers for a client that asks for them: %j', (te, expected) => {
    const made = sent(`GET / HTTP/1.1\r\nhost: a.example\r\n${te}\r\n`);
    respond(made, chunked('1\r\na\r\n0\r\nx-sum: 9\r\n\r\n'));
    expect(made.downstream.written.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(expected);
  });

  test('that ends with nothing more is done', () => {
    const made = sent();
    respond(made, 'HTTP/1.1 200 OK\r\n\r\nall', false);
    expect(forwardBody(made.exchange, made.upstream.real, 512, 512, true)).toBe(true);
    expect(made.downstream.written).toMatch(/all$/);
    expect(made.calls.at(-1)).toBe('responseEnded');
  });
});

describe('a client that reads slowly', () => {
  test('stops the reading of the upstream until all is flushed', () => {
    const made = sent();
    made.downstream.flushes = false;
    expect(respond(made, ok('hello'), false)).toBe(false);
    expect([made.state.unflushed, made.calls]).toEqual([true, ['watchClient']]);
    made.downstream.flushes = true;
    const { from, to } = made.upstream.add('more');
    expect(forwardBody(made.exchange, made.upstream.real, from, to, false)).toBe(true);
    expect(made.state.unflushed).toBe(false);
  });

  test('is not watched while it takes all, once its request is whole', () => {
    const made = sent();
    respond(made, ok('hello'), false);
    expect([made.downstream.calls, made.calls]).toEqual([[], []]);
    const uploading = sent();
    uploading.state.body.done = false;
    respond(uploading, ok('hello'), false);
    expect(uploading.calls).toEqual(['watchClient']);
  });
});

describe('an interim response', () => {
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n';

  test('is passed on', () => {
    const made = sent();
    made.upstream.respond(hints);
    forwardInterim(made.exchange, made.upstream.real);
    expect([made.downstream.written, made.state.responded]).toEqual([hints, false]);
  });

  test.each([
    [old, false],
    ['GET / HTTP/1.1\r\nhost: a.example\r\n\r\n', true],
  ])('is not for a client that knows none, or has a response: %j', (head, responded) => {
    const made = sent(head);
    made.state.responded = responded;
    made.upstream.respond(hints);
    forwardInterim(made.exchange, made.upstream.real);
    expect(made.downstream.written).toBe('');
  });
});

describe('an error of the upstream', () => {
  test('is passed on where it is not retried', () => {
    const made = sent();
    respond(made, 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
    expect([made.state.status, made.downstream.written.slice(0, 17)]).toEqual([503, 'HTTP/1.1 503 Busy']);
  });

  test('is thrown away where it is', () => {
    const made = sent();
    made.version.settings.retryOn.add('5xx');
    expect(respond(made, 'HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n')).toBe(false);
    expect([made.state.responded, made.state.status, made.downstream.written]).toEqual([false, 0, '']);
    expect(made.calls).toContain('v1.acquire');
  });
});

test('taps hear the head and every byte of the body, as it came', () => {
  const made = sent(old);
  const heard: string[] = [];
  const tap: ResponseTap = {
    wantsSecondary: false,
    onHead: (side, { status }, latencyMs) => void heard.push(`${side} ${status} ${latencyMs}`),
    onBody: (side, bytes, from, to) => void heard.push(`${side} ${bytes.toString('latin1', from, to)}`),
    onPrimaryEnd: () => undefined,
    onCopyEnd: () => undefined,
  };
  made.state.taps = [tap];
  made.exchange.fakeContext.deadlines.nowMs = 130;
  respond(made, chunked('1\r\na\r\n'), false);
  const { from, to } = made.upstream.add('0\r\n\r\n');
  forwardBody(made.exchange, made.upstream.real, from, to, true);
  expect(heard).toEqual(['primary 200 30', 'primary 1\r\na\r\n', 'primary 0\r\n\r\n']);
});
