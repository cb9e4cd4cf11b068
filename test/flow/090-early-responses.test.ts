// Responses that come before the request body has been sent: they reach the client, and what is left of the body does no harm.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;

let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  const upstream = await startUpstream(scripted(() => script));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

test.each([
  ['by length', `content-length: ${8 * MIB}`, 'x'.repeat(MIB)],
  ['chunked', 'transfer-encoding: chunked', `${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`],
])('an early response to an upload %s: delivered, connection closed', async (_what, field, piece) => {
  script = async (wire) => {
    await wire.readHead();
    await wire.read(1);
    await wire.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    wire.resume();
    await wire.closed;
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [field]));
  const sending = (async () => {
    for (let i = 0; i < 8; i++) await wire.write(piece);
  })().catch(() => undefined);
  const response = await wire.readMessage();
  expect(response.status).toBe(403);
  expect(response.body).toBe('no');
  expect(response.field('connection')).toBe('close');
  wire.destroy();
  await sending;
  await sluice.untilQuiet(0);
});

test('an upstream that responds, closes and resets what comes: the response gets through', async () => {
  script = async (wire) => {
    await wire.readHead();
    wire.pause();
    await wire.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno');
    // With unread bytes in its buffer the kernel reacts with a reset.
    wire.destroy();
  };
  for (let i = 0; i < 20; i++) {
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/', [`content-length: ${4 * MIB}`]));
    const sending = wire.write('x'.repeat(4 * MIB)).catch(() => undefined);
    const response = await wire.readMessage();
    expect(response.status, `try ${i}`).toBe(413);
    expect(response.body).toBe('no');
    wire.destroy();
    await sending;
  }
  await sluice.untilQuiet(0);
});

test('a long early response while the body goes on: both arrive whole', async () => {
  let digest = '';
  script = async (wire) => {
    await wire.readHead();
    await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * MIB}\r\n\r\n${'a'.repeat(MIB)}`);
    digest = await wire.digest(4 * MIB);
    await wire.write('b'.repeat(MIB));
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${4 * MIB}`]));
  expect((await wire.readHead()).startsWith('HTTP/1.1 200')).toBe(true);
  expect(await wire.read(MIB)).toBe('a'.repeat(MIB));
  await wire.write('x'.repeat(4 * MIB));
  expect(await wire.read(MIB)).toBe('b'.repeat(MIB));
  expect(digest).toHaveLength(64);
  wire.destroy();
});

test('the rest of an unread body is never taken for a request', async () => {
  script = async (wire) => {
    await wire.readHead();
    await wire.write(ok());
    await wire.closed;
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', ['content-length: 500']));
  expect((await wire.readMessage()).status).toBe(200);
  const before = await sluice.metric('sluice_listener_requests_total');
  await wire.write(get('/smuggled'));
  expect(await wire.readRest()).toBe('');
  // The turn is a request, too.
  expect(await sluice.counted('sluice_listener_requests_total')).toBe(before + 1);
  wire.destroy();
  await sluice.untilQuiet();
});
