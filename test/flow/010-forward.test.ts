// The plainest exchanges: what reaches the upstream and what comes back, to the byte.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

let upstream: Upstream;
let sluice: Sluice;
const seen: Message[] = [];

beforeAll(async () => {
  upstream = await startUpstream(responding((request) => (seen.push(request), ok('hello', 'X-Version: v1', 'Date: today'))));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

async function forwarded(request: string): Promise<Message> {
  seen.length = 0;
  const response = await ask(sluice, request);
  expect(response.status).toBe(200);
  expect(seen).toHaveLength(1);
  return seen[0]!;
}

test('passes a response on as it came, with the connection kept', async () => {
  const response = await ask(sluice, get('/a?b=c'));
  expect(response.head).toBe('HTTP/1.1 200 OK\r\nX-Version: v1\r\nDate: today\r\ncontent-length: 5\r\n\r\n');
  expect(response.body).toBe('hello');
});

test('sends the upstream exactly this', async () => {
  const request = await forwarded(get('/a/%7Eb;c?d=e&f', 'User-Agent:  curl\t', 'X-odd_name: \xe9\xff', 'accept: a', 'Accept: b'));
  const id = request.field('x-request-id')!;
  expect(id).toMatch(/^[A-Za-z0-9_-]{12,}$/);
  const name = /sluice-[\w-]{12}/.exec(request.head)?.[0];
  expect(request.head).toBe(
    'GET /a/%7Eb;c?d=e&f HTTP/1.1\r\nhost: a.example\r\nUser-Agent:  curl\t\r\nX-odd_name: \xe9\xff\r\naccept: a\r\nAccept: b\r\n' +
      `x-forwarded-for: 127.0.0.1\r\nx-forwarded-proto: http\r\nx-request-id: ${id}\r\nvia: 1.1 ${name}\r\nx-forwarded-host: a.example\r\n\r\n`,
  );
});

test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'get', "M-SEARCH!#$%&'*+.^_`|~"])(
  'passes the method %s on',
  async (method) => {
    expect((await forwarded(requestText(method, '/m'))).line).toBe(`${method} /m HTTP/1.1`);
  },
);

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])('passes the body of a %s on', async (method) => {
  const request = await forwarded(requestText(method, '/m', ['Content-Length: 6']) + 'a\r\n\0\xffb');
  expect(request.field('content-length')).toBe('6');
  expect(request.body).toBe('a\r\n\0\xffb');
});

test('passes OPTIONS * on', async () => {
  expect((await forwarded(requestText('OPTIONS', '*'))).line).toBe('OPTIONS * HTTP/1.1');
});

test('reduces an absolute target to a path', async () => {
  const request = await forwarded('GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n');
  expect(request.line).toBe('GET /x?y HTTP/1.1');
  expect(request.field('host')).toBe('a.example');
});

test('serves request after request on one connection, over one upstream connection', async () => {
  const opened = upstream.wires.length;
  const wire = await connectTo(sluice);
  for (let i = 0; i < 5; i++) {
    await wire.write(i % 2 === 0 ? get(`/${i}`) : post(`/${i}`, 'body'));
    expect((await wire.readMessage()).body).toBe('hello');
  }
  wire.destroy();
  expect(upstream.wires.length - opened).toBeLessThanOrEqual(1);
});

test('skips an empty line before a request', async () => {
  expect((await ask(sluice, `\r\n${get('/')}`)).status).toBe(200);
});

test('serves HTTP/1.0, with and without keep-alive and host', async () => {
  const wire = await connectTo(sluice);
  await wire.write('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  const kept = await wire.readMessage();
  expect(kept.field('connection')).toBe('keep-alive');
  await wire.write('GET /2 HTTP/1.0\r\nhost: a.example\r\n\r\n');
  const last = await wire.readMessage();
  expect(last.field('connection')).toBe('close');
  expect(await wire.readRest()).toBe('');
  expect(seen.at(-1)!.line).toBe('GET /2 HTTP/1.1');
});

test('closes when the client asks for it, and says so', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/', 'Connection: close'));
  expect((await wire.readMessage()).field('connection')).toBe('close');
  expect(await wire.readRest()).toBe('');
});

test('counts what it served', async () => {
  await sluice.turn();
  const before = await sluice.metrics();
  await ask(sluice, post('/', 'four'));
  await sluice.turn();
  const after = await sluice.metrics();
  const grew = (name: string, labels = {}): number => after.sum(name, labels) - before.sum(name, labels);
  expect(grew('sluice_requests_total', { route: 'shop', pool: 'shop', version: 'v1', status: '200' })).toBe(1);
  expect(grew('sluice_attempts_total', { outcome: 'ok' })).toBe(1);
  expect(grew('sluice_request_bytes_total')).toBe(4);
  expect(grew('sluice_response_bytes_total')).toBe(5);
  expect(grew('sluice_request_duration_seconds_count')).toBe(1);
});

test('leaves nothing in flight', () => sluice.untilQuiet());
