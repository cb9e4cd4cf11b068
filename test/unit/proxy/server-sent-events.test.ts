// A stream of events whose sides a test holds: what counts as one, and where it is ended.

import { describe, expect, test } from 'vitest';
import { ResponseHead } from '../../../src/http1/response-head.ts';
import type { Deadline } from '../../../src/lib/deadlines.ts';
import type { ServerSentEvents } from '../../../src/proxy/server-sent-events.ts';
import { isEventStream } from '../../../src/proxy/server-sent-events.ts';
import { forwardBody, forwardHead } from '../../../src/proxy/steps/forward-response.ts';
import { bind, makeRouted } from './fakes.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n';
const UNTIL_CLOSE = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: x\r\n\r\n';
const LAST = '0\r\n\r\n';

function open(head = CHUNKED, request?: string) {
  const made = makeRouted(request, { v1: 1 });
  bind(made.state, made.upstream);
  const { from, to } = made.upstream.respond(head, { small: false });
  forwardHead(made.exchange, made.upstream.real, from, to, false);
  return { ...made, events: made.state.events as ServerSentEvents };
}

type Open = ReturnType<typeof open>;

/** Bytes of the upstream. Returns whether it is read on. */
function send({ exchange, upstream }: Open, bytes: string): boolean {
  const { from, to } = upstream.add(bytes);
  return forwardBody(exchange, upstream.real, from, to, false);
}

const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;

/** The moment that a drain has given it has come. */
function leave({ events, exchange }: Open): void {
  events.leave(1000);
  const { armed } = exchange.fakeContext.deadlines;
  const [deadline, ms] = [...armed].find(([each]) => (each as Deadline).owner === events)!;
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(500);
  events.onDeadline();
  armed.delete(deadline);
}

test.each([
  ['content-type: text/event-stream\r\n', true],
  ['Content-Type: Text/Event-Stream; charset=utf-8\r\n', true],
  ['content-type: text/event-stream ;x\r\n', true],
  ['content-type: text/event-streams\r\n', false],
  ['content-type: application/x-ndjson\r\n', false],
  ['', false],
])('%j', (block, is) => {
  const head = Object.assign(new ResponseHead(), { status: 200, body: 2, block });
  expect(isEventStream(head)).toBe(is);
  for (const other of [{ status: 204 }, { status: 500 }, { body: 1 }])
    expect(isEventStream(Object.assign(head, { status: 200, body: 2 }, other))).toBe(false);
});

describe('it ends', () => {
  test.each(['data: a\n\n', 'data: a\r\n\r\n', ': a\r\r', 'a\n\r\n', 'a\n\r', 'a\n\nb\n\n'])('at once behind %j', (event) => {
    const made = open();
    expect(send(made, chunk(event))).toBe(true);
    leave(made);
    expect(made.downstream.written).toBe(CHUNKED + chunk(event) + LAST);
    expect(made.calls.slice(-2)).toEqual(['destroy', 'responseEnded']);
    expect(made.state.detail).toBe('event stream ended: drain');
  });

  test('at once before the first event', () => {
    const made = open();
    leave(made);
    expect(made.downstream.written).toBe(CHUNKED + LAST);
  });

  test.each([['data: a\n'], ['data: a'], ['\n'], ['\r\n'], ['data: a\r\n'], ['a\n\nb']])('behind the event under way after %j', (begun) => {
    const made = open();
    send(made, chunk(begun));
    leave(made);
    expect(send(made, chunk('more\n'))).toBe(true);
    expect(made.calls).not.toContain('responseEnded');
    expect(send(made, chunk('end\n\n'))).toBe(false);
    expect(made.downstream.written).toBe(CHUNKED + chunk(begun) + chunk('more\n') + chunk('end\n\n') + LAST);
  });

  test('when a chunk is whole, however it comes in pieces', () => {
    const event = chunk('data: hello\n\n');
    for (let at = 1; at < event.length; at++) {
      const made = open();
      send(made, event.slice(0, at));
      leave(made);
      expect(made.calls).not.toContain('responseEnded');
      expect(send(made, event.slice(at))).toBe(false);
      expect(made.downstream.written).toBe(CHUNKED + event + LAST);
    }
  });

  test('without a last chunk where there are none, and its connection with it', () => {
    for (const [head, request] of [[UNTIL_CLOSE], [CHUNKED, 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n']] as const) {
      const made = open(head, request);
      send(made, head === CHUNKED ? chunk('data: a\n\n') : 'data: a\n\n');
      leave(made);
      expect(made.downstream.written).toMatch(/data: a\n\n$/);
      expect(made.calls.at(-1)).toBe('responseEnded');
    }
  });

  test('in the middle of an event when that does not end, but not of a chunk', () => {
    const made = open();
    send(made, chunk('data: a\n'));
    leave(made);
    made.events.onDeadline();
    expect(made.downstream.written).toBe(CHUNKED + chunk('data: a\n') + LAST);
    const stuck = open();
    send(stuck, '5\r\nab');
    leave(stuck);
    stuck.events.onDeadline();
    expect(stuck.downstream.written).toBe(`${CHUNKED}5\r\nab`);
    expect(stuck.calls.at(-1)).toBe('abort(drain_timeout)');
  });

  test('once the client has taken what is written', () => {
    const made = open();
    made.downstream.flushes = false;
    expect(send(made, chunk('data: a\n\n'))).toBe(false);
    leave(made);
    expect(made.calls).not.toContain('responseEnded');
    made.state.unflushed = false;
    made.events.flushed();
    expect(made.downstream.written).toBe(CHUNKED + chunk('data: a\n\n') + LAST);
  });

  test('not where the drain was called off', () => {
    const made = open();
    send(made, chunk('data: a\n'));
    leave(made);
    made.events.stay();
    expect(send(made, chunk('b\n\n'))).toBe(true);
    made.events.cut();
    expect(made.calls.at(-1)).toBe('responseEnded');
  });
});

test('it gives its slot back at once, is counted, and may be quiet for as long as a tunnel', () => {
  const made = open();
  expect(made.calls).toContain('v1.releaseSlot');
  expect(made.state.attempt.slotFree).toBe(true);
  expect(made.exchange.armed['response']).toBe(3_600_000);
  made.events.quiet();
  expect(made.state.detail).toBe('event stream ended: idle');
  made.events.close();
  expect(made.upstream.real.longLived).toBeUndefined();
  expect(made.downstream.longLived).toBeUndefined();
});

test('a client that goes has ended it well', () => {
  const made = open();
  made.events.clientGone();
  expect([made.state.outcome.code, made.state.detail]).toEqual(['ok', 'event stream ended: client']);
});
