// Bytes may arrive in any pieces: heads and bodies split at every boundary mean the same, on both sides.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get } from './scaffold/client.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Message, Wire } from './scaffold/wire.ts';

let sluice: Sluice;
const seen: Message[] = [];
/** How the next response is cut, or undefined for one piece. */
let pieces: readonly string[] = [];

beforeAll(async () => {
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      seen.push(await wire.readMessage());
      await send(wire, pieces);
    }
  });
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

/** Each piece reaches the worker in a read of its own. */
async function send(wire: Wire, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    if (part === '') continue;
    await wire.write(part);
    await sluice.turn();
  }
}

const cut = (text: string, at: number): string[] => [text.slice(0, at), text.slice(at)];

const REQUEST =
  'POST /p?q HTTP/1.1\r\nHost: a.example\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: u\r\n\r\n';
const RESPONSE = 'HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-T: u\r\n\r\n';
const TAIL = get('/next');

test('requests split at every boundary', async () => {
  const wire = await connectTo(sluice);
  pieces = ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'];
  for (let at = 0; at <= REQUEST.length; at++) {
    seen.length = 0;
    await send(wire, cut(REQUEST, at));
    expect((await wire.readMessage()).body, `split at ${at}`).toBe('ok');
    expect(seen).toHaveLength(1);
    expect(seen[0]!.line).toBe('POST /p?q HTTP/1.1');
    expect(seen[0]!.field('x-a')).toBe('b');
    expect(seen[0]!.raw).toBe('3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-T: u\r\n\r\n');
  }
  wire.destroy();
});

test('a request that arrives byte by byte, and the next right behind it', async () => {
  const wire = await connectTo(sluice);
  seen.length = 0;
  await send(wire, [...REQUEST.slice(0, -1)]);
  await wire.write(REQUEST.slice(-1) + TAIL);
  expect((await wire.readMessage()).body).toBe('ok');
  expect((await wire.readMessage()).body).toBe('ok');
  expect(seen.map((request) => request.line)).toEqual(['POST /p?q HTTP/1.1', 'GET /next HTTP/1.1']);
  wire.destroy();
});

test('pipelined requests split at every boundary of the second', async () => {
  const wire = await connectTo(sluice);
  for (let at = 0; at <= TAIL.length; at++) {
    seen.length = 0;
    await send(wire, [get('/first') + TAIL.slice(0, at), TAIL.slice(at)]);
    expect((await wire.readMessage()).body, `split at ${at}`).toBe('ok');
    expect((await wire.readMessage()).body, `split at ${at}`).toBe('ok');
    expect(seen.map((request) => request.line)).toEqual(['GET /first HTTP/1.1', 'GET /next HTTP/1.1']);
  }
  wire.destroy();
});

test('responses split at every boundary, for a client that takes trailers', async () => {
  const wire = await connectTo(sluice);
  for (let at = 0; at <= RESPONSE.length; at++) {
    pieces = cut(RESPONSE, at);
    await wire.write(get('/', 'TE: trailers', 'Connection: TE'));
    const response = await wire.readMessage();
    expect(response.head, `split at ${at}`).toBe('HTTP/1.1 200 OK\r\nX-A: b\r\ntransfer-encoding: chunked\r\n\r\n');
    expect(response.raw, `split at ${at}`).toBe('3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: u\r\n\r\n');
  }
  wire.destroy();
});

test('responses split at every boundary, for a client that does not', async () => {
  const wire = await connectTo(sluice);
  for (let at = 0; at <= RESPONSE.length; at++) {
    pieces = cut(RESPONSE, at);
    await wire.write(get('/'));
    const response = await wire.readMessage();
    expect(response.raw, `split at ${at}`).toBe('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n');
  }
  wire.destroy();
});

test('responses split at every boundary, taken apart for HTTP/1.0', async () => {
  for (let at = 0; at <= RESPONSE.length; at += 3) {
    pieces = cut(RESPONSE, at);
    const wire = await connectTo(sluice);
    await wire.write('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const response = await wire.readMessage();
    expect(response.head, `split at ${at}`).toBe('HTTP/1.1 200 OK\r\nX-A: b\r\nconnection: close\r\n\r\n');
    expect(response.body, `split at ${at}`).toBe('abcde');
    wire.destroy();
  }
});

test('a response that arrives byte by byte, interim ones first', async () => {
  pieces = [...`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${RESPONSE}`];
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  expect(await wire.readHead()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
  expect((await wire.readMessage()).body).toBe('abcde');
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
