// What strangers do to the port: silent, half-open, slow and talkative connections. The port stays open, and a status stays the truth.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AdminConnections } from '../../../src/admin/admin-connections.ts';
import { createServer, listen } from '../../../src/admin/open-server.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { peerOf } from '../../../src/admin/admin-connection.ts';
import type { ChangeOutcome } from '../../../src/control/control-api.ts';
import { FakeControl } from './fake-control.ts';
import { closeAdmins, openAdmin } from './open-admin.ts';

const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await closeAdmins();
});

/** A connection that keeps its side open whatever the server does. */
function dial(port: number, bytes = '') {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1');
  sockets.push(socket);
  const seen = { text: '', ended: false, closed: false };
  socket.on('data', (part: string) => (seen.text += part));
  socket.on('end', () => (seen.ended = true));
  socket.on('close', () => (seen.closed = true)).on('error', () => undefined);
  if (bytes !== '') socket.write(bytes, 'latin1');
  return { socket, seen };
}

const BODY = JSON.stringify({ weights: { v1: 1, v2: 1 } });
const put = (body = BODY, length = body.length) =>
  `PUT /v1/pools/shop/split HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
const GET = 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n';
const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 ([0-9]{3}) /g)].map(([, status]) => Number(status));

/** A control whose changes wait until they are let go. */
function slowControl() {
  const control = new FakeControl();
  const waiting: (() => void)[] = [];
  const applied: ChangeOutcome = { result: 'applied', revision: 8, workers: { applied: 1, total: 1 }, differences: [] };
  control.outcome = () => new Promise((resolve) => waiting.push(() => resolve(applied)));
  return { control, waiting };
}

describe('the port', () => {
  it('stays open beside any number of silent connections of one peer', async () => {
    const warnings: Readonly<Record<string, unknown>>[] = [];
    const log = {
      error: () => undefined,
      info: () => undefined,
      warn: (fields: Readonly<Record<string, unknown>>) => void warnings.push(fields),
    };
    const { port, ask, server } = await openAdmin({ log });
    const kept = dial(port, GET);
    await vi.waitFor(() => expect(statusesIn(kept.seen.text)).toEqual([200]));
    const silent = Array.from({ length: 400 }, () => dial(port));
    await vi.waitFor(() => expect(silent.filter(({ seen }) => seen.ended).length).toBeGreaterThan(270), 10_000);
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/v1/pools/shop/split', { method: 'PUT', body: { weights: { v1: 1 } } })).status).toBe(200);
    const counted = new Map([...server.refused()].map(([{ reason }, count]) => [reason, count]));
    expect(counted.get('connections')).toBeGreaterThan(270);
    expect(warnings).toHaveLength(1);
    expect(silent.at(-1)!.seen.ended).toBe(false);
  });

  it('hears one that asks within a crowd', async () => {
    const { port } = await openAdmin();
    const crowd = Array.from({ length: 300 }, (_, index) => dial(port, index === 7 ? GET : ''));
    await vi.waitFor(() => expect(statusesIn(crowd[7]!.seen.text)).toEqual([200]), 10_000);
  });

  it.each([
    ['metrics that nobody reads', 'GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'],
    ['bodies that never end', put('{', 1000)],
    ['heads that never end', 'GET /livez HTTP/1.1\r\nhost: local'],
  ])('stays open beside %s', async (_, bytes) => {
    const metrics = () => Promise.resolve(Buffer.from('a 1\n'.repeat(250_000)));
    const { port, ask } = await openAdmin({ ports: { ready: () => ({ ok: true, reason: '' }), metrics } });
    for (let count = 0; count < 150; count++) dial(port, bytes).socket.pause();
    await vi.waitFor(async () => expect((await ask('/livez')).status).toBe(200), 10_000);
    const drain = () => ask('/v1/pools/shop/versions/v1/drain', { method: 'POST' });
    await vi.waitFor(async () => expect((await drain()).status).toBe(200), 10_000);
  });

  it.each([
    ['a refused head', 'GARBAGE\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a huge field', `GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`],
    ['a response that closes', 'GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
  ])('does not wait for a client to close after %s', async (_, bytes) => {
    const connections = new AdminConnections({ clock: systemClock, log: { warn: () => undefined }, onRefused: () => undefined });
    const server = createServer(connections, (_request, response) => response.end('ok'));
    const bound = await listen(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
    const { seen } = dial(bound.kind === 'tcp' ? bound.port : 0, bytes);
    await vi.waitFor(() => expect(seen.ended).toBe(true));
    const open = () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    // The client keeps its side open and silent: only we can end it.
    await vi.waitFor(async () => expect(await open()).toBe(0), 5000);
    server.close();
  });

  it('serves no more than 16 requests that came at once on a connection', async () => {
    const { port, ask } = await openAdmin();
    const { seen } = dial(port, GET.repeat(2000));
    await vi.waitFor(() => expect(seen.ended || seen.closed).toBe(true));
    expect(statusesIn(seen.text)).toEqual(Array<number>(16).fill(200));
    expect((await ask('/livez')).status).toBe(200);
  });
});

describe('a status', () => {
  it.each([
    ['with it', 0],
    ['while it is carried out', 1],
  ])('stands, whatever follows the request %s', async (_, later) => {
    const { control, waiting } = slowControl();
    const { port } = await openAdmin({ control });
    const { socket, seen } = dial(port, later === 0 ? `${put()}\x00GARBAGE\r\n\r\n` : put());
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    if (later === 1) socket.write('\x00GARBAGE\r\n\r\n');
    const probe = dial(port, GET);
    await vi.waitFor(() => expect(statusesIn(probe.seen.text)).toEqual([200]));
    waiting[0]!();
    await vi.waitFor(() => expect(seen.ended).toBe(true));
    expect(statusesIn(seen.text)).toEqual([200]);
    expect(seen.text).toContain('"revision":8');
    expect(control.orders).toHaveLength(1);
  });

  it.each([
    ['a GET with a body that nobody reads', 'GET /openapi.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n', 200],
    ['a path that is not there', 'POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: text/plain\r\n', 404],
    ['a type that is not taken', 'PUT /v1/pools/shop/split HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: x/y\r\n', 415],
  ])('reaches a client that is still sending: %s', async (_, head, status) => {
    const { port } = await openAdmin();
    const { socket, seen } = dial(port, `${head}content-length: 1000000\r\n\r\nx`);
    const failed: Error[] = [];
    socket.on('error', (error) => failed.push(error));
    await vi.waitFor(() => expect(seen.ended).toBe(true), 5000);
    expect(statusesIn(seen.text)).toEqual([status]);
    // A connection that is closed with unread bytes is reset, and a reset takes away what the client has not read yet.
    for (let sent = 0; sent < 4; sent++) await new Promise((resolve) => socket.write('x'.repeat(10_000), resolve));
    expect({ failed, closed: seen.closed }).toEqual({ failed: [], closed: false });
    socket.end();
    await vi.waitFor(() => expect(seen.closed).toBe(true), 2000);
    expect(failed).toEqual([]);
  });

  it('serves nothing behind a request that ends the connection', async () => {
    const { port } = await openAdmin();
    const { seen } = dial(port, GET.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n') + GET + GET);
    await vi.waitFor(() => expect(seen.ended).toBe(true), 5000);
    expect(statusesIn(seen.text)).toEqual([200]);
  });

  it('reaches a client that has ended its side', async () => {
    const { control, waiting } = slowControl();
    const { port } = await openAdmin({ control });
    const { socket, seen } = dial(port);
    socket.end(put());
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    const probe = dial(port, GET);
    await vi.waitFor(() => expect(statusesIn(probe.seen.text)).toEqual([200]));
    waiting[0]!();
    await once(socket, 'end');
    expect(statusesIn(seen.text)).toEqual([200]);
  });

  it.each([
    ['a chunk that is none', 'transfer-encoding: chunked\r\n\r\n5\r\n{"wei\r\nZZZ\r\n'],
    ['an end of the connection', 'content-length: 100\r\n\r\n{"wei'],
  ])('is 400 for a body that is broken by %s, after those before it', async (_, rest) => {
    const { control, waiting } = slowControl();
    const { port, errors } = await openAdmin({ control });
    const broken = `PUT /v1/pools/shop/split HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${rest}`;
    const { socket, seen } = dial(port);
    socket.end(put() + broken);
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    waiting[0]!();
    await vi.waitFor(() => expect(seen.ended).toBe(true));
    expect(statusesIn(seen.text)).toEqual([200, 400]);
    expect(control.orders).toHaveLength(1);
    expect(errors).toEqual([]);
  });
});

describe('peerOf', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, ''],
  ])('takes %s for %s', (address, peer) => {
    expect(peerOf(address)).toBe(peer);
  });
});
