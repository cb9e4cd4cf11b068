// What is changed in messages on the way: dates, places, hosts, what goes no further, and what is written clean.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

let sluice: Sluice;
let upstream: Upstream;
/** Takes requests and never responds. */
let raw: Upstream;
let response = '';
let seen: Message | undefined;

const PLAIN = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const CORS = { set: { 'access-control-allow-origin': '*' }, add: {}, remove: [] };

beforeAll(async () => {
  upstream = await startUpstream(async (wire) => {
    for (;;) {
      seen = await wire.readMessage();
      await wire.write(response);
    }
  });
  raw = await startUpstream((wire) => void wire.readHead());
  const location = { location: true };
  const dead = await startUpstream(() => undefined);
  await dead.close();
  const config = configFor({
    endpoints: [upstream.address],
    routes: [
      { name: 'moved', match: [{ path: { prefix: '/moved' } }], pool: 'shop', rewrite: { host: 'internal:81', ...location } },
      { name: 'deep', match: [{ path: { prefix: '/deep' } }], pool: 'shop', rewrite: { path: { prefix: '/v2' }, ...location } },
      { name: 'bare', match: [{ path: { prefix: '/bare' } }], pool: 'shop', rewrite: { path: { prefix: '/' }, ...location } },
      { name: 'raw', match: [{ path: { prefix: '/raw' } }], pool: 'raw' },
      { name: 'cors', match: [{ path: { prefix: '/cors' } }], pool: 'dead', responseHeaders: CORS },
      { name: 'undated', match: [{ path: { prefix: '/undated' } }], pool: 'shop', responseHeaders: { remove: ['Date'] } },
      { name: 'again', match: [{ path: { prefix: '/again' } }], redirect: { status: 308 } },
      { name: 'old', match: [{ path: { prefix: '/old' } }], respond: { status: 200, headers: { Date: 'long ago' } } },
    ],
    listener: { trustedProxies: ['127.0.0.0/8'] },
  }) as { pools: Record<string, object>; listeners: object[] };
  config.pools['raw'] = { versions: { v1: { endpoints: [raw.address] } } };
  config.pools['dead'] = { versions: { v1: { endpoints: [dead.address] } }, retries: { attempts: 0 } };
  config.listeners.push({ name: 'open', address: '127.0.0.1:0' });
  sluice = await startSluice(config);
  sluice.expectLog(/redirects to itself/);
});
afterAll(closeAll);

async function exchange(request: string, reply = PLAIN, listener?: string): Promise<{ request: Message | undefined; response: Message }> {
  seen = undefined;
  response = reply;
  const got = await ask(sluice, request, listener);
  return { request: seen, response: got };
}

test('every response says when it was made', async () => {
  const isNow = (date: string | undefined): boolean => Math.abs(Date.parse(date ?? '') - Date.now()) < 120_000;
  expect(isNow((await exchange(get('/'))).response.date)).toBe(true);
  expect(isNow((await exchange(get('/cors'))).response.date)).toBe(true);
  expect(isNow((await exchange(get('/again'))).response.date)).toBe(true);
  expect(isNow((await ask(sluice, 'GET / HTTP/9.9\r\n\r\n')).date)).toBe(true);
  const { response: dated } = await exchange(get('/'), 'HTTP/1.1 200 OK\r\nDATE: then\r\ncontent-length: 0\r\n\r\n');
  expect([dated.field('date'), dated.date]).toEqual(['then', undefined]);
  const { response: fixed } = await exchange(get('/old'));
  expect([fixed.field('date'), fixed.date]).toEqual(['long ago', undefined]);
  const { response: undated } = await exchange(get('/undated'));
  expect([undated.field('date'), undated.date]).toEqual([undefined, undefined]);
});

test('what a route says of responses also holds for those that Sluice makes', async () => {
  const { response: got } = await exchange(get('/cors'));
  expect([got.status, got.field('access-control-allow-origin'), got.field('x-sluice-outcome')]).toEqual([502, '*', 'connect_refused']);
});

test('HTTP/1.0 without Host goes out with the address of the endpoint', async () => {
  expect((await exchange('GET / HTTP/1.0\r\n\r\n')).request!.field('host')).toBe(upstream.address);
  expect((await exchange('GET http://b.example/x HTTP/1.0\r\n\r\n')).request!.field('host')).toBe('b.example');
});

test('a host in the target wins, and an empty port goes', async () => {
  const { request } = await exchange('GET http://b.example:/x HTTP/1.1\r\nHost: a.example:\r\n\r\n', PLAIN, 'open');
  expect([request!.line, request!.field('host'), request!.field('x-forwarded-host')]).toEqual([
    'GET /x HTTP/1.1',
    'b.example',
    'b.example',
  ]);
  expect((await exchange('GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n')).request!.field('host')).toBe('a.example');
});

test('Max-Forwards of OPTIONS and TRACE is counted down, and ends at nothing', async () => {
  for (const method of ['OPTIONS', 'TRACE']) {
    const passed = await exchange(requestText(method, '/', ['Max-Forwards: 5']));
    expect(passed.request!.fields.filter((line) => /^max-forwards/i.test(line))).toEqual(['max-forwards: 4']);
    const ended = await exchange(requestText(method, '/x', ['Max-Forwards: 0', 'Cookie: secret=1']));
    expect([ended.request, ended.response.status]).toEqual([undefined, 200]);
    expect(ended.response.head + ended.response.body).not.toContain('secret');
    expect((await exchange(requestText(method, '/', ['Max-Forwards: -1']))).response.status).toBe(400);
  }
  const traced = await exchange(requestText('TRACE', '/x', ['Max-Forwards: 0', 'Via: 1.1 edge']));
  expect(traced.response.field('content-type')).toBe('message/http');
  expect(traced.response.body).toBe('TRACE /x HTTP/1.1\r\nhost: a.example\r\nvia: 1.1 edge\r\nmax-forwards: 0\r\n\r\n');
  expect((await exchange(get('/', 'Max-Forwards: 0'))).request!.field('max-forwards')).toBe('0');
});

test.each([
  ['/moved/x', 'http://internal:81/y?z#f', 'http://a.example/y?z#f'],
  ['/moved/x', 'HTTP://Internal:81', 'http://a.example/'],
  ['/moved/x', '//internal:81/y', 'http://a.example/y'],
  ['/moved/x', 'http://ENDPOINT/y', 'http://a.example/y'],
  ['/moved/x', 'http://internal/y', 'http://internal/y'],
  ['/moved/x', 'http://internal:81@evil.example/', 'http://internal:81@evil.example/'],
  ['/moved/x', 'http://internal:81.evil.example/', 'http://internal:81.evil.example/'],
  ['/moved/x', '/y', '/y'],
  ['/moved/x', 'https://elsewhere.example/', 'https://elsewhere.example/'],
  ['/deep/x', 'http://a.example:80/v2/y', 'http://a.example/deep/y'],
  ['/deep/x', 'http://a.example/v2?q', 'http://a.example/deep?q'],
  ['/deep/x', 'http://a.example/v22', 'http://a.example/v22'],
  ['/bare/x', 'http://a.example/y', 'http://a.example/bare/y'],
  ['/', 'http://ENDPOINT/y', 'http://ENDPOINT/y'],
])('a place that names the upstream: %s %s', async (path, from, to) => {
  const place = (text: string): string => text.replace('ENDPOINT', upstream.address);
  const reply = `HTTP/1.1 302 Found\r\nLocation: ${place(from)}\r\ncontent-location: ${place(from)}\r\ncontent-length: 0\r\n\r\n`;
  const { response: got } = await exchange(get(path), reply);
  expect([got.field('location'), got.field('content-location')]).toEqual([place(to), place(to)]);
});

test('the place is as the client asked, by what its proxy says', async () => {
  const reply = 'HTTP/1.1 302 Found\r\nLocation: http://internal:81/y\r\ncontent-length: 0\r\n\r\n';
  const told = get('/moved', 'x-forwarded-proto: https', 'x-forwarded-host: shop.example');
  expect((await exchange(told, reply)).response.field('location')).toBe('https://shop.example/y');
  expect((await exchange(told, reply, 'open')).response.field('location')).toBe('http://a.example/y');
  expect((await exchange('GET /moved HTTP/1.0\r\n\r\n', reply)).response.field('location')).toBe('/y');
});

test('a redirect may have a status alone', async () => {
  const { response: got } = await exchange(get('/again?q'));
  expect([got.status, got.field('location')]).toEqual([308, 'http://a.example/again?q']);
});

test('chunks pass without extensions, and trailers as a whole', async () => {
  const body = '5;a=b\r\nhello\r\n0;c\r\nx-sum: 1\r\n\r\n';
  const sent = requestText('POST', '/', ['transfer-encoding: chunked', 'TE: trailers']) + body;
  const { request, response: got } = await exchange(
    sent,
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n 5 ; a = b\r\nhello\r\n0 \r\nx-sum: 1\r\n\r\n`,
  );
  expect(request!.raw).toBe('5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n');
  expect(got.raw).toBe('5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n');
});

test('an unfinished trailer does not leave', async () => {
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/raw', ['transfer-encoding: chunked']) + '5\r\nhello\r\n');
  const arrived = await raw.wire(0);
  await eventually('the first chunk', () => arrived.unread.endsWith('hello\r\n'));
  await wire.write('0\r\nx-a: 1\r\nx-b');
  await eventually('the last chunk', () => arrived.unread.endsWith('0\r\n'));
  await sluice.turn();
  expect(arrived.unread).not.toContain('x-a');
  await wire.write(': 2\r\n\r\n');
  await eventually('the trailers', () => arrived.unread.endsWith('0\r\nx-a: 1\r\nx-b: 2\r\n\r\n'));
  wire.destroy();
});

test('blanks before a colon, and an empty line after an interim response, are taken off', async () => {
  const { response: got } = await exchange(get('/'), 'HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length\t: 2\r\n\r\nhi');
  expect([got.head, got.body]).toEqual(['HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\n', 'hi']);
  const wire = await connectTo(sluice);
  response = 'HTTP/1.1 100 Continue\r\n\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi';
  await wire.write(get('/'));
  expect((await wire.readMessage()).status).toBe(100);
  expect((await wire.readMessage()).body).toBe('hi');
  await wire.close();
});

test('an upstream cannot speak for Sluice', async () => {
  const { response: got } = await exchange(get('/'), 'HTTP/1.1 200 OK\r\nX-Sluice-Outcome: no_route\r\ncontent-length: 0\r\n\r\n');
  expect(got.head).toBe('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
});

test('claims of an untrusted peer do not get through, those of a trusted one do', async () => {
  const claims = [
    ...[
      'x-client-ip',
      'cf-connecting-ip',
      'x-cluster-client-ip',
      'proxy',
      'x-original-url',
      'x-rewrite-url',
      'true-client-ip',
      'x-real-ip',
    ],
    ...['fastly-client-ip', 'x-forwarded-server', 'x-original-forwarded-for', 'client-ip', 'wl-proxy-client-ip', 'x-original-host'],
  ];
  const lines = claims.map((name) => `${name.toUpperCase()}: 6.6.6.6`);
  const untrusted = await exchange(get('/', ...lines, 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA', 'x-kept: 1'), PLAIN, 'open');
  expect(untrusted.request!.head).not.toMatch(/6\.6\.6\.6|http2-settings/i);
  expect(untrusted.request!.field('x-kept')).toBe('1');
  const trusted = await exchange(get('/', ...lines, 'HTTP2-Settings: x'));
  expect(claims.map((name) => trusted.request!.field(name))).toEqual(claims.map(() => '6.6.6.6'));
  expect(trusted.request!.head).not.toMatch(/http2-settings/i);
});

test('what another reader could take for something else is refused', async () => {
  for (const request of [requestText('PRI', '/'), requestText('PRI', '*'), get('/%e0%80%af'), get('/%f0%80%80%ae'), get('/a%c0%af')]) {
    const { request: passed, response: got } = await exchange(request);
    expect([passed, got.status]).toEqual([undefined, 400]);
  }
});
