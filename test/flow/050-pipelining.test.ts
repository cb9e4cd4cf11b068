// Requests sent before the responses to earlier ones: served in order, one at a time, with bounded memory no matter how little the client reads.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

let upstream: Upstream;
let sluice: Sluice;
let served = 0;

beforeAll(async () => {
  upstream = await startUpstream(
    responding((request) => {
      served++;
      return ok(request.line.startsWith('GET /big') ? 'x'.repeat(50_000) : `${request.line}|${request.body}`);
    }),
  );
  const routes = [
    { name: 'fixed', hosts: ['a.example'], match: [{ path: { prefix: '/fixed' } }], respond: { status: 200, body: 'y'.repeat(50_000) } },
  ];
  sluice = await startSluice(configFor({ endpoints: [upstream.address], routes }));
});
afterAll(closeAll);

test('responds in order, with any bodies', async () => {
  const wire = await connectTo(sluice);
  const chunked = requestText('POST', '/c', ['transfer-encoding: chunked']) + '3\r\nabc\r\n0\r\n\r\n';
  await wire.write(get('/1') + post('/2', 'two') + requestText('HEAD', '/3') + chunked + get('/fixed') + get('/4'));
  expect((await wire.readMessage()).body).toBe('GET /1 HTTP/1.1|');
  expect((await wire.readMessage()).body).toBe('POST /2 HTTP/1.1|two');
  expect((await wire.readMessage('HEAD')).status).toBe(200);
  expect((await wire.readMessage()).body).toBe('POST /c HTTP/1.1|abc');
  expect((await wire.readMessage()).body).toHaveLength(50_000);
  expect((await wire.readMessage()).body).toBe('GET /4 HTTP/1.1|');
  wire.destroy();
});

test('1,000 requests in one write', async () => {
  const wire = await connectTo(sluice);
  await wire.write(Array.from({ length: 1000 }, (_, i) => get(`/${i}`)).join(''));
  for (let i = 0; i < 1000; i++) expect((await wire.readMessage()).body).toBe(`GET /${i} HTTP/1.1|`);
  wire.destroy();
});

test('a request that closes ends the row', async () => {
  const before = served;
  const wire = await connectTo(sluice);
  await wire.write(get('/1') + get('/2', 'Connection: close') + get('/3'));
  expect((await wire.readMessage()).body).toBe('GET /1 HTTP/1.1|');
  expect((await wire.readMessage()).field('connection')).toBe('close');
  expect(await wire.readRest()).toBe('');
  expect(served - before).toBe(2);
  wire.destroy();
});

test('a malformed request behind a good one: the good one gets its response first', async () => {
  const wire = await connectTo(sluice);
  await wire.write(`${get('/1')}GET / HTTP/1.1\r\nhost : a\r\n\r\n${get('/3')}`);
  expect((await wire.readMessage()).body).toBe('GET /1 HTTP/1.1|');
  expect((await wire.readMessage()).status).toBe(400);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test.each(['/big', '/fixed'])('a client that sends %s over and over and reads nothing', async (path) => {
  const many = get(path).repeat(5_000);
  const wire = await connectTo(sluice);
  wire.pause();
  const rssBefore = sluice.rssBytes();
  wire.write(many).catch(() => undefined);
  // The row stands still once the buffers of both kernels are full.
  let last = -1;
  let still = 0;
  await eventually('standstill', async () => {
    const now = (await sluice.metrics()).sum('sluice_listener_requests_total');
    still = now === last ? still + 1 : 0;
    last = now;
    return still > 20;
  });
  expect(sluice.rssBytes() - rssBefore).toBeLessThan(32 * 1024 * 1024);
  const requests = last;
  wire.resume();
  for (let i = 0; i < 300; i++) expect((await wire.readMessage()).body).toHaveLength(50_000);
  expect((await sluice.metrics()).sum('sluice_listener_requests_total')).toBeGreaterThan(requests);
  wire.destroy();
});

test('what a slow reader has yet to take is not cut when the connection is to close', async () => {
  // How many responses the kernel takes before one is left over: the closing response shall be that one.
  const probe = await connectTo(sluice);
  probe.pause();
  const before = await sluice.metric('sluice_listener_requests_total');
  await probe.write(get('/fixed').repeat(1000));
  let fit = -1;
  await eventually('standstill', async () => {
    const now = (await sluice.metric('sluice_listener_requests_total')) - before;
    const still = now === fit;
    fit = now;
    return still && now > 0;
  });
  probe.destroy();
  const wires = [];
  for (let count = Math.max(1, fit - 4); count <= fit + 1; count++) {
    const wire = await connectTo(sluice);
    wire.pause();
    await wire.write(get('/fixed').repeat(count - 1) + get('/fixed', 'Connection: close'));
    wires.push({ wire, count });
  }
  // Longer than a closing connection lingers; there is no event to wait for in that nothing happens.
  const since = performance.now();
  await eventually('the lingering time to pass', () => performance.now() - since > 2_500);
  for (const { wire, count } of wires) {
    wire.resume();
    for (let i = 1; i < count; i++) expect((await wire.readMessage()).body).toHaveLength(50_000);
    const last = await wire.readMessage();
    expect([last.field('connection'), last.body.length]).toEqual(['close', 50_000]);
    wire.destroy();
  }
});

test.each(['/big', '/fixed'])('a client that pipelines %s, ends its side, and only then reads, gets all its responses', async (path) => {
  const count = 300;
  const wire = await connectTo(sluice);
  wire.pause();
  await wire.write(get(path).repeat(count));
  wire.end();
  for (let i = 0; i < 50; i++) await sluice.turn();
  wire.resume();
  for (let i = 0; i < count; i++) expect((await wire.readMessage()).body, `response ${i}`).toHaveLength(50_000);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
