// How the end of a body is found and passed on: by length, by chunks, by the end of the connection, and where there is none.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import { withoutDate } from './scaffold/wire.ts';
import type { Message } from './scaffold/wire.ts';

let upstream: Upstream;
let sluice: Sluice;
let response = '';
let ends = false;
const seen: Message[] = [];

const EMPTY = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

beforeAll(async () => {
  upstream = await startUpstream(async (wire) => {
    for (;;) {
      seen.push(await wire.readMessage());
      await wire.write(response);
      if (ends) return wire.end();
    }
  });
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

function upstreamResponses(text: string, andEnds: 'ends' | 'stays' = 'stays'): void {
  response = text;
  ends = andEnds === 'ends';
  seen.length = 0;
}

test('a chunked request body passes with its sizes and trailers, and without extensions', async () => {
  upstreamResponses(EMPTY);
  const body = '3;a=b\r\nabc\r\n0a;x="y;z"\r\n0123456789\r\n000\r\nX-Sum: 1\r\nx-more: 2\r\n\r\n';
  expect((await ask(sluice, requestText('POST', '/', ['Transfer-Encoding: Chunked']) + body)).status).toBe(200);
  expect(seen[0]!.raw).toBe('3\r\nabc\r\n0a\r\n0123456789\r\n000\r\nX-Sum: 1\r\nx-more: 2\r\n\r\n');
  expect(seen[0]!.fields.filter((line) => /^transfer-encoding/i.test(line))).toEqual(['transfer-encoding: chunked']);
  expect(seen[0]!.trailers).toEqual(['X-Sum: 1', 'x-more: 2']);
});

test('a body of no bytes, by length and by chunks', async () => {
  upstreamResponses(EMPTY);
  await ask(sluice, requestText('POST', '/', ['Content-Length: 0']));
  await ask(sluice, requestText('POST', '/', ['Transfer-Encoding: chunked']) + '0\r\n\r\n');
  expect(seen[0]!.field('content-length')).toBe('0');
  expect(seen[1]!.raw).toBe('0\r\n\r\n');
});

const TRAILED = 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2;q\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 9\r\n\r\n';

test('a chunked response passes as it came, with trailers for a client that takes them', async () => {
  upstreamResponses(TRAILED);
  const got = await ask(sluice, get('/', 'TE: trailers', 'Connection: TE'));
  expect(got.head).toBe('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\ntransfer-encoding: chunked\r\n\r\n');
  expect(got.raw).toBe('2\r\nab\r\n3\r\ncde\r\n0\r\nX-Sum: 9\r\n\r\n');
});

test('trailers are dropped for a client that did not ask for them', async () => {
  upstreamResponses(TRAILED);
  expect((await ask(sluice, get('/'))).raw).toBe('2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n');
});

test('chunks are taken apart for HTTP/1.0', async () => {
  upstreamResponses(TRAILED);
  const wire = await connectTo(sluice);
  await wire.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  expect(await wire.readRest()).toBe('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nconnection: close\r\n\r\nabcde');
  wire.destroy();
});

test('a body until the end of the connection', async () => {
  upstreamResponses('HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nto the end', 'ends');
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect(await wire.readRest()).toBe('HTTP/1.1 200 OK\r\nX-A: b\r\nconnection: close\r\n\r\nto the end');
  wire.destroy();
});

test('an HTTP/1.0 upstream', async () => {
  upstreamResponses('HTTP/1.0 200 OK\r\n\r\nold', 'ends');
  expect((await ask(sluice, get('/'))).body).toBe('old');
  upstreamResponses('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold');
  const got = await ask(sluice, get('/'));
  expect(got.line).toBe('HTTP/1.1 200 OK');
  expect(got.body).toBe('old');
  const opened = upstream.wires.length;
  await ask(sluice, get('/'));
  expect(upstream.wires.length, 'not reused without keep-alive').toBe(opened + 1);
});

test.each([
  ['204', 'GET', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nETag: "a"\r\n\r\n'],
  ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
  ['HEAD without one', 'HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
  ['an error without a reason', 'GET', 'HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n'],
])('no body: %s, and both connections stay', async (_what, method, text) => {
  const wire = await connectTo(sluice);
  upstreamResponses(EMPTY);
  await wire.write(get('/'));
  await wire.readMessage();
  const opened = upstream.wires.length;
  upstreamResponses(text);
  await wire.write(requestText(method, '/'));
  expect(withoutDate(await wire.readHead()).head).toBe(text);
  upstreamResponses(EMPTY);
  await wire.write(get('/after'));
  expect((await wire.readMessage()).status).toBe(200);
  expect(upstream.wires.length).toBe(opened);
  wire.destroy();
});

test('HEAD of a chunked response has no body', async () => {
  upstreamResponses('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const wire = await connectTo(sluice);
  await wire.write(requestText('HEAD', '/'));
  expect((await wire.readMessage('HEAD')).status).toBe(200);
  upstreamResponses(EMPTY);
  await wire.write(get('/'));
  expect((await wire.readMessage()).field('content-length')).toBe('0');
  wire.destroy();
});

test('a 204 that declares a body: served without it, the connection is not used again', async () => {
  upstreamResponses('HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc');
  expect((await ask(sluice, get('/'))).head).toBe('HTTP/1.1 204 No Content\r\n\r\n');
  const opened = upstream.wires.length;
  upstreamResponses(EMPTY);
  expect((await ask(sluice, get('/'))).field('content-length')).toBe('0');
  expect(upstream.wires.length).toBe(opened + 1);
});

test('a response that closes: the upstream connection is not used again, the client keeps its own', async () => {
  const wire = await connectTo(sluice);
  upstreamResponses('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na');
  await wire.write(get('/'));
  expect((await wire.readMessage()).head).toBe('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n');
  const opened = upstream.wires.length;
  upstreamResponses(EMPTY);
  await wire.write(get('/'));
  expect((await wire.readMessage()).status).toBe(200);
  expect(upstream.wires.length).toBe(opened + 1);
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
