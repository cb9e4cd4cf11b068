// Responses whose end is told beside them (BODY_STREAM), as HTTP/2 has them, written for clients of HTTP/1. The others: `steps/forward-response`.

import { describe, expect, test } from 'vitest';
import { BODY_STREAM } from '../../../../src/http/body-kind.ts';
import { FakeExchange, FakeUpstream } from '../fakes.ts';

const NEW = 'GET / HTTP/1.1\r\nhost: a\r\n';
const OLD = 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n';

/** A response in these pieces, the first with the head. */
function respond(request: string, pieces: readonly string[], { trailers = '', flushes = true } = {}) {
  const { downstream } = new FakeExchange(`${request}\r\n`);
  const upstream = new FakeUpstream();
  downstream.flushes = flushes;
  const flushed = pieces.map((piece, index) => {
    const done = index === pieces.length - 1;
    if (done) upstream.trailers = trailers;
    if (index > 0) {
      const { from, to } = upstream.add(piece);
      return downstream.sendBody(upstream.real, from, to, done);
    }
    const { from, to } = upstream.respond(`HTTP/1.1 200 OK\r\n\r\n${piece}`, { small: false });
    upstream.head.body = BODY_STREAM;
    return downstream.sendHead(upstream.real, upstream.head.block, from, to, done);
  });
  return { written: downstream.written, keeps: downstream.keeps, flushed, tellsCut: () => downstream.cutOff(false), downstream };
}

describe('a body without framing', () => {
  test('is put into chunks', () => {
    const { written, keeps } = respond(NEW, ['first', 'second', '']);
    expect(written).toBe('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n');
    expect(keeps).toBe(true);
  });

  test('that is all there, or nothing, is one piece', () => {
    expect(respond(NEW, ['all']).written).toMatch(/\r\n\r\n3\r\nall\r\n0\r\n\r\n$/);
    expect(respond(NEW, ['']).written).toMatch(/\r\n\r\n0\r\n\r\n$/);
  });

  test.each([
    ['te: trailers\r\nconnection: te\r\n', '0\r\ngrpc-status: 0\r\n\r\n'],
    ['', '0\r\n\r\n'],
  ])('has its trailers for a client that asks for them: %j', (fields, end) => {
    expect(respond(NEW + fields, ['a', ''], { trailers: 'grpc-status: 0\r\n' }).written.endsWith(`1\r\na\r\n${end}`)).toBe(true);
  });

  test('ends with the connection for HTTP/1.0, and is cut by a reset alone', () => {
    const { written, keeps, downstream } = respond(OLD, ['first', 'second', '']);
    expect(written).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfirstsecond');
    expect(keeps).toBe(false);
    downstream.cutOff(false);
    expect(downstream.calls).toEqual(['cutOff(false)']);
  });

  test('is seen to be cut by its chunks', () => {
    const { downstream } = respond(NEW, ['first', 'second']);
    downstream.cutOff(false);
    expect(downstream.calls).toEqual(['cutOff(true)']);
  });

  test('may be ended between any two pieces', () => {
    const { downstream } = respond(NEW, ['first', 'second']);
    const upstream = new FakeUpstream();
    downstream.written = '';
    expect([downstream.endBody(upstream.real), downstream.written, downstream.keeps]).toEqual([true, '0\r\n\r\n', false]);
  });

  test('waits for a client that reads slowly', () => {
    expect(respond(NEW, ['first', ''], { flushes: false }).flushed).toEqual([false, true]);
  });
});
