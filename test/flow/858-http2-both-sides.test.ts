// HTTP/2 on both sides: streams of a client to streams of an upstream, message by message, with ends of their own.

import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from './scaffold/eventually.ts';
import { startHttp2 } from './scaffold/http2-upstream.ts';
import type { Http2Script, Http2Upstream } from './scaffold/http2-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

const CALL = { ':status': 200, 'content-type': 'application/grpc' };

/** Sends each message back as it comes, and says that all is well once its client has ended. */
const echoEach: Http2Script = (stream) => {
  stream.respond(CALL, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('data', (piece: Buffer) => stream.write(piece)).on('end', () => stream.end());
};

let script: Http2Script = echoEach;
let upstream: Http2Upstream;
let sluice: Sluice;
let session: ClientHttp2Session;

beforeAll(async () => {
  upstream = await startHttp2((stream, fields) => script(stream, fields));
  sluice = await startSluice(configFor({ pool: { versions: { v1: { endpoints: [upstream.address], protocol: 'http2' } } } }));
  session = connect(`http://127.0.0.1:${sluice.port}`);
  const closed = new Promise<void>((resolve) => session.on('close', resolve));
  open({ close: () => (session.destroy(), closed) });
});
afterAll(closeAll);

class Call {
  readonly stream: ClientHttp2Stream;
  received = '';
  head: IncomingHttpHeaders = {};
  trailers: IncomingHttpHeaders = {};
  ended = false;

  constructor(more: Readonly<Record<string, string>> = {}) {
    const fields = { ':method': 'POST', ':path': '/shop.Carts/Chat', 'content-type': 'application/grpc', te: 'trailers', ...more };
    this.stream = session.request(fields);
    this.stream
      .on('response', (head) => (this.head = head))
      .on('trailers', (trailers) => (this.trailers = trailers))
      .on('data', (piece: Buffer) => (this.received += piece.toString('latin1')))
      .on('error', () => undefined)
      .on('close', () => (this.ended = true));
  }
}

test('a call in both directions: message by message, and each side ends by itself', async () => {
  script = echoEach;
  const call = new Call();
  for (const message of ['one', 'two', 'three']) {
    call.stream.write(message);
    await eventually(message, () => call.received.endsWith(message));
  }
  expect(call.ended).toBe(false);
  call.stream.end();
  await eventually('its end', () => call.ended);
  expect([call.received, call.head[':status'], call.trailers['grpc-status']]).toEqual(['onetwothree', 200, '0']);
});

test('100 calls at once share one connection to the upstream', async () => {
  script = echoEach;
  const calls = Array.from({ length: 100 }, () => new Call());
  for (const [at, { stream }] of calls.entries()) stream.end(`message ${at}`);
  await eventually('their ends', () => calls.every(({ ended }) => ended));
  expect(calls.map(({ received }) => received)).toEqual(calls.map((_, at) => `message ${at}`));
  expect(calls.every(({ trailers }) => trailers['grpc-status'] === '0')).toBe(true);
  expect(upstream.sessions.length).toBeLessThanOrEqual(2);
});

test('4 MiB each way', async () => {
  script = echoEach;
  const call = new Call();
  const body = Buffer.alloc(4 * 1024 * 1024, 'x');
  call.stream.end(body);
  await eventually('its end', () => call.ended);
  expect([call.received.length, call.trailers['grpc-status']]).toEqual([body.length, '0']);
});

test('a deadline that passes, and a call that its client gives up', async () => {
  let reset = 0;
  script = (stream) => void stream.resume().on('close', () => reset++);
  const late = new Call({ 'grpc-timeout': '50m' });
  late.stream.end('x');
  await eventually('its end', () => late.ended);
  expect([late.head[':status'], late.head['grpc-status']]).toEqual([200, '4']);
  const left = new Call();
  left.stream.write('x');
  await eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
  left.stream.close(8);
  await eventually('both at the upstream', () => reset === 2);
});

test('a refusal without content passes as it is', async () => {
  script = (stream) => stream.respond({ ...CALL, 'grpc-status': '7', 'grpc-message': 'no' }, { endStream: true });
  const call = new Call();
  call.stream.end('x');
  await eventually('its end', () => call.ended);
  expect([call.head['grpc-status'], call.head['grpc-message'], call.received]).toEqual(['7', 'no', '']);
});

test('leaves nothing in flight', async () => {
  session.destroy();
  await sluice.untilQuiet();
});
