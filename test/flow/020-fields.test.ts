// Which fields cross: hop-by-hop ones never, forged ones never, changed ones as the route says.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, get, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

let sluice: Sluice;
let trusting: Sluice;
let response = '';
let seen: Message | undefined;

const PLAIN = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

beforeAll(async () => {
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      seen = await wire.readMessage();
      await wire.write(response);
    }
  });
  const pool = 'shop';
  const routes = [
    {
      name: 'changed',
      match: [{ path: { prefix: '/old' } }],
      pool,
      rewrite: { host: 'internal', path: { prefix: '/new' } },
      requestHeaders: { set: { 'X-Set': 'mine', 'X-Fresh': 'new' }, add: { 'X-Add': 'two' }, remove: ['x-gone'] },
      responseHeaders: { set: { 'X-Set': 'mine' }, add: { 'X-Add': 'two' }, remove: ['X-Gone'] },
    },
    { name: 'whole', match: [{ path: { exact: '/whole' } }], pool, rewrite: { path: { full: '/other' } } },
  ];
  sluice = await startSluice(configFor({ endpoints: [upstream.address], routes }));
  trusting = await startSluice(configFor({ endpoints: [upstream.address], listener: { trustedProxies: ['127.0.0.0/8'] } }));
});
afterAll(closeAll);

async function exchange(request: string, reply = PLAIN, on = sluice): Promise<{ request: Message; response: Message }> {
  seen = undefined;
  response = reply;
  const got = await ask(on, request);
  return { request: seen!, response: got };
}

const names = (message: Message): string[] => message.fields.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
const OURS = ['x-forwarded-for', 'x-forwarded-proto', 'x-request-id', 'via', 'x-forwarded-host'];

test('takes hop-by-hop fields out of a request, and those that Connection names', async () => {
  const { request } = await exchange(
    get(
      '/',
      'A: 1',
      'Connection: keep-alive, X-Named,x-twice',
      'Keep-Alive: timeout=5',
      'X-Named: n',
      'Proxy-Connection: keep-alive',
      'X-TWICE: 1',
      'x-twice: 2',
      'TE: gzip',
      'Upgrade: h2c',
      'B: 2',
    ),
  );
  expect(names(request)).toEqual(['host', 'a', 'b', ...OURS]);
});

test('does not let Connection take out what the application relies on', async () => {
  const { request } = await exchange(get('/', 'Connection: x-forwarded-for, Cookie, Authorization', 'Cookie: a', 'Authorization: b'));
  expect(names(request)).toEqual(['host', 'cookie', 'authorization', ...OURS]);
  expect(request.field('x-forwarded-for')).toBe('127.0.0.1');
});

test('takes hop-by-hop fields out of a response', async () => {
  const fields =
    'A: 1\r\nConnection: X-Named\r\nKeep-Alive: timeout=5\r\nX-Named: n\r\nProxy-Connection: close\r\nUpgrade: h2c\r\nB: 2\r\n';
  const { response: got } = await exchange(get('/'), `HTTP/1.1 200 Very Well\r\n${fields}Content-Length: 0\r\n\r\n`);
  expect(got.head).toBe('HTTP/1.1 200 Very Well\r\nA: 1\r\nB: 2\r\nContent-Length: 0\r\n\r\n');
});

test('drops forged forwarding fields, whichever way they are written', async () => {
  const forged = [
    'X-Forwarded-For: 6.6.6.6',
    'x_forwarded_for: 6.6.6.6',
    'X-Forwarded_Proto: https',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: evil',
    'Forwarded: for=6.6.6.6',
    'X-Request-Id: forged',
    'x_request_id: forged',
  ];
  const { request } = await exchange(get('/', ...forged));
  expect(names(request)).toEqual(['host', ...OURS]);
  expect(request.field('x-forwarded-for')).toBe('127.0.0.1');
  expect(request.field('x-forwarded-proto')).toBe('http');
  expect(request.field('x-forwarded-host')).toBe('a.example');
  expect(request.field('x-request-id')).not.toBe('forged');
});

test('keeps them from a trusted proxy, and adds that proxy', async () => {
  const told = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 7.7.7.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example'];
  const { request } = await exchange(get('/', ...told, 'X-Request-Id: abc-123', 'Via: 1.1 edge'), PLAIN, trusting);
  expect(request.field('x-forwarded-for')).toBe('6.6.6.6, 7.7.7.7, 127.0.0.1');
  expect(request.field('x-forwarded-proto')).toBe('https');
  expect(request.field('x-forwarded-host')).toBe('shop.example');
  expect(request.field('x-request-id')).toBe('abc-123');
  expect(request.field('via')).toMatch(/^1\.1 edge, 1\.1 sluice-[\w-]{12}$/);
  expect(names(request).filter((name) => name === 'x-forwarded-for')).toHaveLength(1);
});

test('does not keep a request id that is no plain word, even from a trusted proxy', async () => {
  const { request } = await exchange(get('/', `X-Request-Id: ${'a'.repeat(129)}`), PLAIN, trusting);
  expect(request.field('x-request-id')).toMatch(/^[\w-]{12,30}$/);
  const spaced = await exchange(get('/', 'X-Request-Id: a b'), PLAIN, trusting);
  expect(spaced.request.field('x-request-id')).not.toContain(' ');
});

test('gives every request its own id', async () => {
  const first = await exchange(get('/'));
  const second = await exchange(get('/'));
  expect(first.request.field('x-request-id')).not.toBe(second.request.field('x-request-id'));
});

test('appends to Via and passes traceparent through', async () => {
  const { request } = await exchange(get('/', 'Via: 1.0 fred', 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'));
  expect(request.field('via')).toMatch(/^1\.0 fred, 1\.1 sluice-[\w-]{12}$/);
  expect(request.field('traceparent')).toBe('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
});

test('asks for trailers only for a client that takes them', async () => {
  const { request } = await exchange(get('/', 'TE: trailers, gzip;q=0.5', 'Connection: TE'));
  expect(request.field('te')).toBe('trailers');
  expect(request.field('connection')).toBe('te');
});

test('rewrites host and prefix, and keeps the query', async () => {
  const { request } = await exchange(get('/old/a?b=%20'));
  expect(request.line).toBe('GET /new/a?b=%20 HTTP/1.1');
  expect(request.field('host')).toBe('internal');
  expect(request.field('x-forwarded-host')).toBe('a.example');
  expect((await exchange(get('/whole?q'))).request.line).toBe('GET /other?q HTTP/1.1');
});

test('changes request and response headers', async () => {
  const reply = 'HTTP/1.1 200 OK\r\nx-set: theirs\r\nx-gone: 1\r\nx-add: one\r\ncontent-length: 0\r\n\r\n';
  const { request, response: got } = await exchange(get('/old', 'x-set: theirs', 'X-Set: again', 'X-Gone: 1', 'x-add: one'), reply);
  expect(request.fields.filter((line) => /^x-(set|gone|add|fresh)/i.test(line)).map((line) => line.toLowerCase())).toEqual([
    'x-add: one',
    'x-set: mine',
    'x-fresh: new',
    'x-add: two',
  ]);
  expect(got.fields.filter((line) => /^x-/i.test(line)).map((line) => line.toLowerCase())).toEqual([
    'x-add: one',
    'x-set: mine',
    'x-add: two',
  ]);
});

test('names the endpoint as the host that an HTTP/1.0 request left out', async () => {
  const { request } = await exchange('GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n');
  expect(names(request)).toEqual(['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-request-id', 'via']);
  expect(request.field('host')).toMatch(/^127\.0\.0\.1:\d+$/);
});

test('does not take another host for a Host written with an underscore or a space', async () => {
  const { request } = await exchange(requestText('GET', '/', ['X-Host: b']));
  expect(request.field('host')).toBe('a.example');
});
