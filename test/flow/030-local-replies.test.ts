// Local replies, the responses that Sluice makes itself: redirects, fixed responses, no route, paths with two readings.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;

beforeAll(async () => {
  upstream = await startUpstream(responding(() => ok()));
  const hosts = ['a.example'];
  const at = (path: string): object[] => [{ path: { prefix: path } }];
  const routes = [
    {
      name: 'moved',
      hosts,
      match: at('/moved'),
      redirect: { scheme: 'https', host: 'new.example', port: 8443, path: { prefix: '/to' }, status: 308 },
    },
    { name: 'secure', hosts, match: at('/secure'), redirect: { scheme: 'https', status: 301 } },
    {
      name: 'fixed',
      hosts,
      match: at('/fixed'),
      respond: { status: 418, body: 'tea é\n', headers: { 'content-type': 'text/plain; charset=utf-8', 'X-Pot': 'blue' } },
      responseHeaders: { set: { 'x-more': 'milk' } },
    },
    { name: 'empty', hosts, match: at('/empty'), respond: { status: 204 } },
  ];
  sluice = await startSluice(configFor({ endpoints: [upstream.address], routes, route: { hosts } }));
});
afterAll(closeAll);

test('redirects', async () => {
  const moved = await ask(sluice, get('/moved/a?b=c'));
  expect(moved.head).toBe('HTTP/1.1 308 Permanent Redirect\r\nlocation: https://new.example:8443/to/a?b=c\r\ncontent-length: 0\r\n\r\n');
  expect((await ask(sluice, get('/secure/x?y'))).field('location')).toBe('https://a.example/secure/x?y');
});

test('gives a fixed response, in UTF-8 throughout', async () => {
  const response = await ask(sluice, get('/fixed'));
  expect(response.line).toBe("HTTP/1.1 418 I'm a Teapot");
  expect(response.field('x-pot')).toBe('blue');
  expect(response.field('x-more')).toBe('milk');
  expect(Buffer.from(response.body, 'latin1').toString()).toBe('tea é\n');
  const head = await ask(sluice, requestText('HEAD', '/fixed'));
  expect(head.field('content-length')).toBe('7');
});

test('sends no body and no length with 204', async () => {
  expect((await ask(sluice, get('/empty'))).head).toBe('HTTP/1.1 204 No Content\r\n\r\n');
});

test('keeps the connection after local replies, also to requests with a body', async () => {
  const wire = await connectTo(sluice);
  await wire.write(post('/fixed', 'body') + get('/empty') + requestText('HEAD', '/fixed') + get('/moved'));
  expect((await wire.readMessage()).status).toBe(418);
  expect((await wire.readMessage()).status).toBe(204);
  expect((await wire.readMessage('HEAD')).status).toBe(418);
  expect((await wire.readMessage()).status).toBe(308);
  wire.destroy();
});

test('closes after a local reply to a request whose body is not read, and does not take the body for a request', async () => {
  const before = upstream.bytes;
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/fixed', ['content-length: 1000']));
  const response = await wire.readMessage();
  expect(response.status).toBe(418);
  expect(response.field('connection')).toBe('close');
  await wire.write(get('/smuggled'));
  expect(await wire.readRest()).toBe('');
  expect(upstream.bytes).toBe(before);
});

test('returns 404 where no route matches', async () => {
  const response = await ask(sluice, 'GET / HTTP/1.1\r\nhost: b.example\r\n\r\n');
  expect(response.status).toBe(404);
  expect(response.field('x-sluice-outcome')).toBe('no_route');
  expect(response.body).toBe('No route matches this request.\n');
});

test.each(['/a/../b', '/a/%2e%2e/b', '/./a', '/a//b/..', '/%2E/a', '/a/..', '/a%2f..%2fb', '/a\\..\\b', '/a;/../b', '/..;/b'])(
  'never forwards %s as something it is not',
  async (path) => {
    const before = upstream.bytes;
    const wire = await connectTo(sluice);
    await wire.write(get(path));
    const response = await wire.readMessage();
    if (response.status === 200) {
      // Served: then as an opaque text, untouched.
      expect(upstream.wires.at(-1)!.total).toBeGreaterThan(0);
      return;
    }
    expect(response.status).toBe(400);
    expect(response.field('x-sluice-outcome')).toBe('bad_request');
    expect(await wire.readRest()).toBe('');
    expect(upstream.bytes).toBe(before);
  },
);
