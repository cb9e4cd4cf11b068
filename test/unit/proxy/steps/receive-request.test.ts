import { describe, expect, test } from 'vitest';
import { receiveBody, receiveRequest } from '../../../../src/proxy/steps/receive-request.ts';
import { OUTCOME } from '../../../../src/telemetry/outcomes.ts';
import { FakeExchange, SETTINGS, bind, makeServing, FakeUpstream } from '../fakes.ts';

function receiving(head: string, settings = SETTINGS) {
  const exchange = new FakeExchange(head, settings);
  const made = makeServing(exchange.calls);
  exchange.state.serving = made.serving;
  return { ...made, exchange, state: exchange.state, calls: exchange.calls, downstream: exchange.downstream };
}

const head = (line: string, ...fields: string[]): string => `${line} HTTP/1.1\r\nhost: a.example\r\n${fields.join('\r\n')}\r\n\r\n`;
const get = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n';
const sized = (bytes: number): string => head('PUT /', `content-length: ${bytes}`);
const chunked = head('PUT /', 'transfer-encoding: chunked');

describe('the start of a request', () => {
  test('without a body: what follows belongs to the next', () => {
    const { exchange, state, calls } = receiving(get);
    const bytes = Buffer.from('GET /next');
    expect(receiveRequest(exchange, bytes, 0, bytes.length, false)).toBe(0);
    expect(calls).toContain('v1.acquire');
    expect([state.replayable, state.bodyText]).toEqual([true, '']);
  });

  test('with a small body keeps it as text, which can be sent again', () => {
    const { exchange, state } = receiving(sized(5));
    const bytes = Buffer.from('..helloGET /next');
    expect(receiveRequest(exchange, bytes, 2, bytes.length, false)).toBe(7);
    expect([state.bodyText, state.replayable, state.body.done]).toEqual(['hello', true, true]);
  });

  test('with a large body keeps a copy, which is sent once', () => {
    const { exchange, state } = receiving(sized(20_000));
    const bytes = Buffer.alloc(20_000, 'a');
    expect(receiveRequest(exchange, bytes, 0, bytes.length, false)).toBe(20_000);
    bytes.fill('b');
    expect([state.bodyText, state.replayable, String(state.pendingBody[0]).slice(0, 3)]).toEqual(['', false, 'aaa']);
  });

  test('with part of a body: the client is watched for the rest', () => {
    const { exchange, state, calls } = receiving(sized(10));
    const bytes = Buffer.from('half.');
    expect(receiveRequest(exchange, bytes, 0, 5, false)).toBe(5);
    expect([state.bodyText, state.replayable]).toEqual(['half.', false]);
    expect(calls.at(-1)).toBe('watchClient');
  });

  test('with a body that is yet to come can still be sent again as far as it came', () => {
    const { exchange, state } = receiving(sized(10));
    expect(receiveRequest(exchange, Buffer.alloc(0), 0, 0, false)).toBe(0);
    expect(state.replayable).toBe(true);
  });

  test.each([
    ['too large by its own word', sized(101), '', 'body_too_large'],
    ['too large chunk by chunk', chunked, 'c8\r\n', 'body_too_large'],
    ['malformed', chunked, 'zz\r\n', 'bad_request'],
  ] as const)('that is %s', (_, request, body, outcome) => {
    const { exchange, calls, downstream } = receiving(request, { ...SETTINGS, bodyBytes: 100 });
    const bytes = Buffer.from(`${body}rest`);
    expect(receiveRequest(exchange, bytes, 0, bytes.length, false)).toBe(bytes.length);
    expect(downstream.written).toContain(`x-sluice-outcome: ${outcome}\r\n`);
    expect(downstream.written).toContain('connection: close\r\n');
    expect(downstream.calls).toContain(`listener.refused(${OUTCOME[outcome].index})`);
    expect(calls).not.toContain('v1.acquire');
  });

  test('while load is shed', () => {
    const { exchange, calls, downstream } = receiving(get);
    exchange.fakeContext.rejectsRequests = true;
    expect(receiveRequest(exchange, Buffer.from('xyz'), 0, 3, false)).toBe(3);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 503 .*retry-after: 1\r\n/s);
    expect(calls).toEqual(['endAttempt(overload)', 'finish(overload)']);
  });

  test('a body that nobody waits for, as the route responds by itself, is not watched for', () => {
    const { exchange, state, calls } = receiving(head('PUT /a/%2e%2e/b', 'content-length: 10'));
    receiveRequest(exchange, Buffer.from('half.'), 0, 5, false);
    expect(state.active).toBe(false);
    expect(calls).not.toContain('watchClient');
  });
});

describe('the rest of a body', () => {
  function uploading(request: string, settings = SETTINGS) {
    const made = receiving(request, settings);
    receiveRequest(made.exchange, Buffer.alloc(0), 0, 0, false);
    const upstream = new FakeUpstream(made.calls);
    bind(made.state, upstream);
    made.calls.length = 0;
    return { ...made, upstream };
  }

  test('is passed on up to its end', () => {
    const { exchange, state, upstream, calls } = uploading(sized(8));
    expect(receiveBody(exchange, Buffer.from('12345'), 0, 5)).toBe(5);
    expect(receiveBody(exchange, Buffer.from('678GET'), 0, 6)).toBe(3);
    expect([upstream.received, state.body.done, state.body.bytes]).toEqual(['12345678', true, 8]);
    expect(calls).toEqual(['watchClient', 'watchClient']);
    expect(receiveBody(exchange, Buffer.from('GET'), 0, 3)).toBe(0);
  });

  test('that turns out malformed ends the exchange with a reply', () => {
    const { exchange, calls, downstream } = uploading(chunked);
    expect(receiveBody(exchange, Buffer.from('zz\r\n'), 0, 4)).toBe(4);
    expect(downstream.written).toMatch(/^HTTP\/1\.1 400 /);
    expect(calls).toEqual(['endAttempt(bad_request)', 'finish(bad_request)']);
  });

  test('that turns out too large cuts a response that has begun', () => {
    const { exchange, state, calls, downstream } = uploading(chunked, { ...SETTINGS, bodyBytes: 4 });
    state.responded = true;
    receiveBody(exchange, Buffer.from('c8\r\n'), 0, 4);
    // The bound is that of the fake exchange's first look at the head; a larger chunk is refused where it is announced.
    expect([calls.at(-1), downstream.written]).toEqual(['abort(body_too_large)', '']);
  });
});
