// Bodies whose end is told beside them (BODY_STREAM), as HTTP/2 has them, on their way through one exchange.

import { describe, expect, test } from 'vitest';
import { BODY_NONE, BODY_STREAM } from '../../../../src/http/body-kind.ts';
import { receiveBody, receiveEnd, receiveRequest } from '../../../../src/proxy/steps/receive-request.ts';
import { sendRequest } from '../../../../src/proxy/steps/start-attempt.ts';
import { bind, makeRouted, trusting } from '../fakes.ts';

/** An exchange with such a request; `connects`: a connection is there at once. */
function receiving({ connects = true, limit = 0 } = {}) {
  const made = makeRouted('PUT / HTTP/1.1\r\nhost: a.example\r\n\r\n');
  const { exchange, state, version, upstream, downstream } = made;
  state.head.body = BODY_STREAM;
  downstream.owner.settings = { ...trusting(), bodyBytes: limit };
  upstream.connected = connects;
  version.onAcquired = () => {
    bind(state, upstream);
    if (connects) sendRequest(exchange, upstream.real);
  };
  return made;
}

const begin = ({ exchange }: ReturnType<typeof receiving>, text: string, ended: boolean): number =>
  receiveRequest(exchange, Buffer.from(text), 0, text.length, ended);
const add = ({ exchange }: ReturnType<typeof receiving>, text: string): number => receiveBody(exchange, Buffer.from(text), 0, text.length);
const sends = ({ calls }: ReturnType<typeof receiving>): string[] => calls.filter((call) => call.startsWith('sendEnd'));

describe('a body that is all there', () => {
  test('is sent with the head, ended once, and may be sent again', () => {
    const made = receiving();
    expect(begin(made, 'hello', true)).toBe(5);
    expect(made.upstream.received).toMatch(/transfer-encoding: chunked\r\n\r\nhello$/);
    expect([sends(made), made.state.replayable, made.state.body.done]).toEqual([['sendEnd()'], true, true]);
    expect(made.exchange.armed).toEqual({ response: 15_000 });
  });

  test('waits for a connection with its end', () => {
    const made = receiving({ connects: false });
    begin(made, 'hello', false);
    add(made, ' world');
    receiveEnd(made.exchange, 'x-sum: 9\r\n');
    expect(sends(made)).toEqual([]);
    made.upstream.connected = true;
    sendRequest(made.exchange, made.upstream.real);
    expect(made.upstream.received).toMatch(/\r\n\r\nhello world$/);
    expect([sends(made), made.state.replayable]).toEqual([['sendEnd(x-sum: 9\r\n)'], false]);
  });
});

describe('a body that comes bit by bit', () => {
  test('is passed on, and its end told once, from when the time of the response runs', () => {
    const made = receiving();
    begin(made, '', false);
    expect([add(made, 'one'), add(made, 'two')]).toEqual([3, 3]);
    expect(made.exchange.armed).toEqual({});
    receiveEnd(made.exchange, 'x-sum: 9\r\n');
    receiveEnd(made.exchange, '');
    expect(made.upstream.received).toMatch(/\r\n\r\nonetwo$/);
    expect([sends(made), made.state.body.bytes]).toEqual([['sendEnd(x-sum: 9\r\n)'], 6]);
    expect(made.exchange.armed).toEqual({ response: 15_000 });
  });

  test('and is larger than the listener allows is refused', () => {
    const made = receiving({ limit: 5 });
    begin(made, 'four', false);
    expect(add(made, 'four')).toBe(4);
    expect(made.downstream.written).toMatch(/^HTTP\/1\.1 413 /);
    expect(made.upstream.received).not.toContain('fourfour');
  });

  test('and brings nothing at all may be sent again', () => {
    const made = receiving();
    begin(made, '', false);
    receiveEnd(made.exchange, '');
    expect([sends(made), made.state.replayable]).toEqual([['sendEnd()'], true]);
  });
});

test('a request without one is over at once', () => {
  const made = receiving();
  made.state.head.body = BODY_NONE;
  begin(made, '', true);
  receiveEnd(made.exchange, '');
  expect([sends(made), made.state.body.done]).toEqual([[], true]);
});
