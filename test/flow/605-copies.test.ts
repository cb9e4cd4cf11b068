// The exact bytes of requests as the primary gets them and of their copies, recorded: a copy is the same message, with its mark, its
// own host and its own header changes, and nothing else. `<id>` stands for the request id, which must be the same in all of them,
// `<instance>` for the name of the instance.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

vi.setConfig({ testTimeout: 30_000 });

/** A request as it arrived, line by line; what follows the empty line is the body as framed. */
type Lines = readonly string[];

interface Arrived {
  readonly primary: Lines;
  /** The mirror without changes. */
  readonly plain: Lines;
  /** The mirror that changes headers and host. */
  readonly changed: Lines;
}

const TOLD = ['X-Forwarded-For: 6.6.6.6', 'X-Real-IP: 6.6.6.6', 'X-Request-Id: abc-1', 'Via: 1.0 fred', 'x-forwarded-port: 1'];
const CHANGES = { set: { 'x-stage': 'dark', via: 'mine' }, add: { 'x-b': '2' }, remove: ['cookie', 'x-forwarded-host'] };
const ROUTE = {
  name: 'moved',
  match: [{ path: { prefix: '/old' } }],
  pool: 'shop',
  rewrite: { host: 'internal', path: { prefix: '/new' } },
  requestHeaders: { set: { 'X-Set': 'route' }, add: { 'X-Add': 'route' }, remove: ['x-gone'] },
};

const arrived = new Map<string, string[]>();
let untrusting: Sluice;
let trusting: Sluice;

/** Keeps what arrives under its name. */
function startRecorder(name: string): Promise<Upstream> {
  arrived.set(name, []);
  return startUpstream(async (wire) => {
    for (;;) {
      const { head, raw } = await wire.readMessage();
      arrived.get(name)!.push(head + raw);
      await wire.write(ok());
    }
  });
}

beforeAll(async () => {
  const [primary, plain, changed] = [await startRecorder('primary'), await startRecorder('plain'), await startRecorder('changed')];
  const endpoints = { v1: [primary.address], v2: [plain.address], v3: [changed.address] };
  const shared = { sideEffects: 'allow' };
  const mirrors = [
    { name: 'plain', version: 'v2', ...shared },
    { name: 'changed', version: 'v3', ...shared, requestHeaders: CHANGES, rewrite: { host: 'shadow.internal:81' } },
  ];
  const routes = [ROUTE];
  const pool = { split: { v1: 1, v2: 0, v3: 0 }, mirrors };
  untrusting = await startSluice(configFor({ endpoints, pool, routes }));
  trusting = await startSluice(configFor({ endpoints, pool, routes, listener: { trustedProxies: ['127.0.0.0/8'] } }));
});
afterAll(closeAll);

async function send(sluice: Sluice, ...pieces: readonly string[]): Promise<Arrived> {
  for (const requests of arrived.values()) requests.length = 0;
  const wire = await connectTo(sluice);
  for (const piece of pieces) await sendPiece(wire, piece);
  expect((await wire.readMessage()).status).toBe(200);
  await wire.close();
  const names = ['primary', 'plain', 'changed'] as const;
  await eventually('all of them', () => names.every((name) => arrived.get(name)!.length === 1));
  const [primary, plain, changed] = names.map((name) => arrived.get(name)![0]!);
  const id = /x-request-id: (.*)\r\n/.exec(primary!)![1]!;
  const lines = (text: string): Lines => steady(text, id).split('\r\n');
  return { primary: lines(primary!), plain: lines(plain!), changed: lines(changed!) };
}

/** Without what differs from run to run. */
function steady(text: string, id: string): string {
  return text
    .replace(id, '<id>')
    .replaceAll(/sluice-[\w-]{12}/g, '<instance>')
    .replace(/^host: 127\.0\.0\.1:\d+/m, 'host: <primary>');
}

async function sendPiece(wire: Wire, piece: string): Promise<void> {
  await wire.write(piece);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a plain request', async () => {
  expect(await send(untrusting, get('/a?b=c', 'X-Odd:  v ', 'cookie: a=b', 'x-stage: live', 'x-b: 1'))).toMatchInlineSnapshot(`
    {
      "changed": [
        "GET /a?b=c HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "X-Odd:  v ",
        "x-b: 1",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "GET /a?b=c HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: plain",
        "X-Odd:  v ",
        "cookie: a=b",
        "x-stage: live",
        "x-b: 1",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
      "primary": [
        "GET /a?b=c HTTP/1.1",
        "host: a.example",
        "X-Odd:  v ",
        "cookie: a=b",
        "x-stage: live",
        "x-b: 1",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
    }
  `);
});

test('what an untrusted peer forges', async () => {
  expect(await send(untrusting, get('/', ...TOLD, 'X_Forwarded_For: 6.6.6.6', 'X-Forwarded_-For: 6.6.6.6'))).toMatchInlineSnapshot(`
    {
      "changed": [
        "GET / HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "GET / HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: plain",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.0 fred, 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
      "primary": [
        "GET / HTTP/1.1",
        "host: a.example",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.0 fred, 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
    }
  `);
});

test('what a trusted peer says', async () => {
  const more = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example', 'X-Forwarded-For: 7.7.7.7'];
  expect(await send(trusting, get('/', ...TOLD, ...more))).toMatchInlineSnapshot(`
    {
      "changed": [
        "GET / HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "X-Real-IP: 6.6.6.6",
        "x-forwarded-port: 1",
        "x-forwarded-for: 6.6.6.6, 7.7.7.7, 127.0.0.1",
        "x-forwarded-proto: https",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "GET / HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: plain",
        "X-Real-IP: 6.6.6.6",
        "x-forwarded-port: 1",
        "x-forwarded-for: 6.6.6.6, 7.7.7.7, 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-host: shop.example",
        "x-request-id: <id>",
        "via: 1.0 fred, 1.1 <instance>",
        "",
        "",
      ],
      "primary": [
        "GET / HTTP/1.1",
        "host: a.example",
        "X-Real-IP: 6.6.6.6",
        "x-forwarded-port: 1",
        "x-forwarded-for: 6.6.6.6, 7.7.7.7, 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-host: shop.example",
        "x-request-id: <id>",
        "via: 1.0 fred, 1.1 <instance>",
        "",
        "",
      ],
    }
  `);
});

test('rewrites and header changes of the route', async () => {
  expect(await send(untrusting, get('/old/a?b=%20', 'X-Set: theirs', 'x-gone: 1', 'x-add: one', 'Via: 1.1 x'))).toMatchInlineSnapshot(`
    {
      "changed": [
        "GET /new/a?b=%20 HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "x-add: one",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "GET /new/a?b=%20 HTTP/1.1",
        "host: internal",
        "x-sluice-shadow: plain",
        "x-add: one",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 x, 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
      "primary": [
        "GET /new/a?b=%20 HTTP/1.1",
        "host: internal",
        "x-add: one",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 x, 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
    }
  `);
});

test('a body by length, and one that comes in pieces', async () => {
  const head = 'POST /old/up HTTP/1.1\r\nhost: a.example\r\ncontent-length: 10\r\nExpect: 100-continue\r\n\r\n';
  const whole = await send(untrusting, `${head}helloworld`);
  expect(whole).toMatchInlineSnapshot(`
    {
      "changed": [
        "POST /new/up HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "content-length: 10",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "helloworld",
      ],
      "plain": [
        "POST /new/up HTTP/1.1",
        "host: internal",
        "x-sluice-shadow: plain",
        "content-length: 10",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "helloworld",
      ],
      "primary": [
        "POST /new/up HTTP/1.1",
        "host: internal",
        "content-length: 10",
        "Expect: 100-continue",
        "X-Set: route",
        "X-Add: route",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "helloworld",
      ],
    }
  `);
  expect(await send(untrusting, `${head}hello`, 'world')).toEqual(whole);
});

test('chunks and trailers', async () => {
  const head =
    'PUT /up HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\nTrailer: x-sum\r\n\r\n';
  const whole = await send(untrusting, `${head}5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`);
  expect(whole).toMatchInlineSnapshot(`
    {
      "changed": [
        "PUT /up HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "Trailer: x-sum",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "transfer-encoding: chunked",
        "te: trailers",
        "connection: te",
        "",
        "5",
        "hello",
        "0",
        "X-Sum: 1",
        "",
        "",
      ],
      "plain": [
        "PUT /up HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: plain",
        "Trailer: x-sum",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "transfer-encoding: chunked",
        "te: trailers",
        "connection: te",
        "",
        "5",
        "hello",
        "0",
        "X-Sum: 1",
        "",
        "",
      ],
      "primary": [
        "PUT /up HTTP/1.1",
        "host: a.example",
        "Trailer: x-sum",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "transfer-encoding: chunked",
        "te: trailers",
        "connection: te",
        "",
        "5",
        "hello",
        "0",
        "X-Sum: 1",
        "",
        "",
      ],
    }
  `);
  expect(await send(untrusting, head, '5;a=b\r\nhel', 'lo\r\n0\r\nX-Sum: ', '1\r\n\r\n')).toEqual(whole);
});

test('HTTP/1.0, with and without a host', async () => {
  expect(await send(untrusting, 'GET /old HTTP/1.0\r\nHost: b:81\r\nExpect: anything\r\nConnection: keep-alive\r\n\r\n'))
    .toMatchInlineSnapshot(`
      {
        "changed": [
          "GET /new HTTP/1.1",
          "host: shadow.internal:81",
          "x-sluice-shadow: changed",
          "cdn-loop: <instance>",
          "X-Set: route",
          "X-Add: route",
          "x-forwarded-for: 127.0.0.1",
          "x-forwarded-proto: http",
          "x-request-id: <id>",
          "x-stage: dark",
          "via: mine",
          "x-b: 2",
          "",
          "",
        ],
        "plain": [
          "GET /new HTTP/1.1",
          "host: internal",
          "x-sluice-shadow: plain",
          "X-Set: route",
          "X-Add: route",
          "x-forwarded-for: 127.0.0.1",
          "x-forwarded-proto: http",
          "x-request-id: <id>",
          "via: 1.1 <instance>",
          "x-forwarded-host: b:81",
          "",
          "",
        ],
        "primary": [
          "GET /new HTTP/1.1",
          "host: internal",
          "X-Set: route",
          "X-Add: route",
          "x-forwarded-for: 127.0.0.1",
          "x-forwarded-proto: http",
          "x-request-id: <id>",
          "via: 1.1 <instance>",
          "x-forwarded-host: b:81",
          "",
          "",
        ],
      }
    `);
  expect(await send(untrusting, 'POST /x HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi')).toMatchInlineSnapshot(`
    {
      "changed": [
        "POST /x HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "Content-Length: 2",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "hi",
      ],
      "plain": [
        "POST /x HTTP/1.1",
        "host: <primary>",
        "x-sluice-shadow: plain",
        "Content-Length: 2",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "",
        "hi",
      ],
      "primary": [
        "POST /x HTTP/1.1",
        "host: <primary>",
        "Content-Length: 2",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "",
        "hi",
      ],
    }
  `);
});

test('absolute-form, OPTIONS * and hop-by-hop fields', async () => {
  expect(await send(untrusting, 'GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n\r\n')).toMatchInlineSnapshot(`
    {
      "changed": [
        "GET /b?c HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "GET /b?c HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: plain",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
      "primary": [
        "GET /b?c HTTP/1.1",
        "host: a.example",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "",
        "",
      ],
    }
  `);
  const hops = 'Connection: close, X-Hop\r\nX-Hop: 1\r\nUpgrade: h2c\r\nProxy-Connection: x\r\nKeep-Alive: 5\r\n';
  expect(await send(trusting, `OPTIONS * HTTP/1.1\r\nHost: a\r\n${hops}\r\n`)).toMatchInlineSnapshot(`
    {
      "changed": [
        "OPTIONS * HTTP/1.1",
        "host: shadow.internal:81",
        "x-sluice-shadow: changed",
        "cdn-loop: <instance>",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "",
        "",
      ],
      "plain": [
        "OPTIONS * HTTP/1.1",
        "host: a",
        "x-sluice-shadow: plain",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: a",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "",
        "",
      ],
      "primary": [
        "OPTIONS * HTTP/1.1",
        "host: a",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: a",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "",
        "",
      ],
    }
  `);
});

test('the mark alone is added to a second copy for the version that responds', async () => {
  const [one, two, candidate] = [await startRecorder('one'), await startRecorder('two'), await startRecorder('candidate')];
  const mirrors = [
    { name: 'dark', version: 'v2', compare: { noise: { percent: 100 } }, requestHeaders: CHANGES, rewrite: { host: 'dark.internal' } },
  ];
  const endpoints = { v1: [one.address, two.address], v2: [candidate.address] };
  const sluice = await startSluice(configFor({ endpoints, pool: { split: { v1: 1, v2: 0 }, mirrors } }), { workers: 1 });
  const wire = await connectTo(sluice);
  await wire.write(get('/a', 'cookie: a=b', 'TE: trailers'));
  expect((await wire.readMessage()).status).toBe(200);
  await wire.close();
  const names = ['one', 'two', 'candidate'];
  await eventually('all of them', () => names.every((name) => arrived.get(name)!.length === 1));
  const all = names.map((name) => arrived.get(name)![0]!);
  const id = /x-request-id: (.*)\r\n/.exec(all[0]!)![1]!;
  expect(all.map((text) => steady(text, id).split('\r\n')).sort((a, b) => a.length - b.length)).toMatchInlineSnapshot(`
    [
      [
        "GET /a HTTP/1.1",
        "host: a.example",
        "cookie: a=b",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "te: trailers",
        "connection: te",
        "",
        "",
      ],
      [
        "GET /a HTTP/1.1",
        "host: a.example",
        "x-sluice-shadow: dark",
        "cookie: a=b",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "via: 1.1 <instance>",
        "x-forwarded-host: a.example",
        "te: trailers",
        "connection: te",
        "",
        "",
      ],
      [
        "GET /a HTTP/1.1",
        "host: dark.internal",
        "x-sluice-shadow: dark",
        "cdn-loop: <instance>",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-request-id: <id>",
        "x-stage: dark",
        "via: mine",
        "x-b: 2",
        "te: trailers",
        "connection: te",
        "",
        "",
      ],
    ]
  `);
});
