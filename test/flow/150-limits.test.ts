// The bounds of a listener and of a pool: a definite response at each, and whole service below it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;
let narrow: Sluice;

beforeAll(async () => {
  upstream = await startUpstream(responding((request) => ok(String(request.body.length))));
  const limits = { headerBytes: '2KiB', headerCount: 10, requestLine: '1KiB', bodyBytes: '1000B', requestsPerConnection: 3 };
  sluice = await startSluice(configFor({ endpoints: [upstream.address], listener: { limits } }));
  const silent = await startUpstream(() => undefined);
  narrow = await startSluice(
    configFor({
      endpoints: [silent.address],
      listener: { limits: { connections: 4 } },
      pool: { timeouts: { connect: '5s' }, limits: { connections: 1, pending: 1 } },
      route: { timeout: '1s' },
    }),
  );
});
afterAll(closeAll);

async function refused(text: string, status: number, outcome: string): Promise<void> {
  const before = upstream.bytes;
  const counted = await sluice.metric('sluice_refused_total', { outcome });
  const wire = await connectTo(sluice);
  await wire.write(text);
  const response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome'), response.field('connection')]).toEqual([status, outcome, 'close']);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
  expect(upstream.bytes).toBe(before);
  expect(await sluice.metric('sluice_refused_total', { outcome })).toBe(counted + 1);
}

test('request line', async () => {
  const longest = '/'.padEnd(1024 - 'GET  HTTP/1.1'.length, 'a');
  expect((await ask(sluice, get(longest))).status).toBe(200);
  await refused(get(`${longest}a`), 414, 'uri_too_long');
  await refused(`GET /${'a'.repeat(3000)}`, 414, 'uri_too_long');
});

test('head', async () => {
  const fits = 2048 - get('/', 'x: ').length;
  expect((await ask(sluice, get('/', `x: ${'y'.repeat(fits)}`))).status).toBe(200);
  await refused(get('/', `x: ${'y'.repeat(fits + 1)}`), 431, 'header_too_large');
  await refused(`GET / HTTP/1.1\r\nhost: a.example\r\nx: ${'y'.repeat(3000)}`, 431, 'header_too_large');
  expect((await ask(sluice, get('/', ...Array<string>(9).fill('a: b')))).status).toBe(200);
  await refused(get('/', ...Array<string>(10).fill('a: b')), 431, 'header_too_large');
});

test('body by length', async () => {
  expect((await ask(sluice, post('/', 'x'.repeat(1000)))).body).toBe('1000');
  await refused(requestText('POST', '/', ['content-length: 1001']), 413, 'body_too_large');
  await refused(requestText('POST', '/', ['content-length: 1001', 'expect: 100-continue']), 413, 'body_too_large');
});

test('chunked body', async () => {
  const chunked = requestText('POST', '/', ['transfer-encoding: chunked']);
  expect((await ask(sluice, `${chunked}3e8\r\n${'x'.repeat(1000)}\r\n0\r\n\r\n`)).body).toBe('1000');
  await refused(`${chunked}3e9\r\n`, 413, 'body_too_large');
});

test('chunked body that grows too large under way', async () => {
  const wire = await connectTo(sluice);
  await wire.write(`${requestText('POST', '/', ['transfer-encoding: chunked'])}3e8\r\n${'x'.repeat(1000)}\r\n`);
  await sluice.turn();
  await wire.write('1\r\nx\r\n0\r\n\r\n');
  expect((await wire.readMessage()).status).toBe(413);
  await upstream.wires.at(-1)!.closed;
  wire.destroy();
});

test('requests per connection: the last one says so', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/').repeat(4));
  expect((await wire.readMessage()).field('connection')).toBeUndefined();
  expect((await wire.readMessage()).field('connection')).toBeUndefined();
  expect((await wire.readMessage()).field('connection')).toBe('close');
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test('connections of a pool: one waits, the next is refused', async () => {
  const first = await connectTo(narrow);
  await first.write(get('/'));
  const second = await connectTo(narrow);
  await second.write(get('/'));
  await eventually('both', async () => (await narrow.metric('sluice_requests_in_flight')) === 2);
  const third = await ask(narrow, get('/'));
  expect([third.status, third.field('x-sluice-outcome'), third.field('retry-after')]).toEqual([503, 'overload', '1']);
  expect(await narrow.metric('sluice_endpoint_connections')).toBe(1);
  expect((await first.readMessage()).status).toBe(504);
  expect((await second.readMessage()).status).toBe(504);
  first.destroy();
  second.destroy();
  await narrow.untilQuiet();
});

test('connections of a listener', async () => {
  const wires = [];
  for (let i = 0; i < 4; i++) {
    const wire = await connectTo(narrow);
    await wire.write('GET /');
    wires.push(wire);
  }
  await eventually('four', async () => (await narrow.metric('sluice_connections')) === 4);
  const fifth = await connectTo(narrow);
  await eventually('the end of the fifth', () => fifth.ended);
  expect(fifth.total).toBe(0);
  wires[0]!.destroy();
  await eventually('three', async () => (await narrow.metric('sluice_connections')) === 3);
  const sixth = await connectTo(narrow);
  await sixth.write('nonsense\r\n\r\n');
  expect((await sixth.readMessage()).status).toBe(400);
  for (const wire of [...wires, sixth]) wire.destroy();
  await narrow.untilQuiet();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
