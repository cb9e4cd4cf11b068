// A connection sends large reads from the memory that they lie in, and keeps that until the kernel has taken them; others it copies.

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import { LARGE_BYTES, beginRead, canKeep, endRead, giveLarge, takeLarge, usedLargeBlocks } from '../../../../src/net/large-memory.ts';
import { OutgoingRequest } from '../../../../src/http/request.ts';
import type { Endpoint } from '../../../../src/upstream/endpoint.ts';
import { Introduction } from '../../../../src/upstream/introduction.ts';
import { Http1Connection } from '../../../../src/upstream/protocol/http1-connection.ts';
import type { StreamRequest } from '../../../../src/upstream/stream-request.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../../flow/scaffold/open.ts';

/** More than a socket's buffers take while nobody reads. */
const MAX_READS = 200;

let connection: Http1Connection;
let sink: StreamRequest;
let drained: number;
const request = Object.assign(new OutgoingRequest(), { method: 'POST', target: '/' });
/** The other end, which does not read until it is told to. */
let peer: Socket;
const received: Buffer[] = [];
const sent: Buffer[] = [];

beforeEach(async () => {
  received.length = 0;
  sent.length = 0;
  drained = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    peer = socket.on('error', () => undefined).on('data', (bytes: Buffer) => received.push(bytes));
    peer.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => (peer.destroy(), server.close(() => resolve()))) });
  const deadlines = new Deadlines();
  open({ close: () => Promise.resolve(deadlines.close()) });
  const settings = {
    responseLimits: { headerBytes: 1024, headerCount: 10, requestLineBytes: 100 },
    connectMs: 10_000,
    idleMs: 10_000,
    streams: 1,
  };
  const none = (): void => undefined;
  const owner = {
    deadlines,
    settings,
    secure: undefined,
    onFault: none,
    onOpened: none,
    onFree: none,
    onRetired: none,
    onClosed: none,
    onRawClosed: none,
    serverName: undefined,
    proxyProtocol: undefined,
    protocol: 'http1' as const,
    manner: 0,
  };
  const { port } = server.address() as AddressInfo;
  const endpoint = { address: { kind: 'tcp', host: '127.0.0.1', port } } as Endpoint;
  let connected = false;
  sink = {
    isRaw: false,
    upgrades: false,
    introduction: new Introduction(() => ''),
    onSwitch: () => '',
    onConnecting: none,
    onConnected: () => {
      begin();
      connected = true;
    },
    onInterim: none,
    onResponse: () => false,
    onResponseBytes: () => false,
    onUpstreamDrained: () => void drained++,
    onUpstreamFailure: none,
  };
  connection = new Http1Connection(endpoint, owner, sink);
  await eventually('the connection', () => connected);
});

afterEach(async () => {
  connection.destroy();
  await closeAll();
  expect(usedLargeBlocks()).toBe(0);
});

/** Sends the head of a request, and these behind it. */
function begin(text = '', bytes?: Buffer): void {
  sent.push(Buffer.from(`POST / HTTP/1.1\r\nhost: a\r\n\r\n${text}`, 'latin1'));
  connection.begin(sink, request, 'a', text, bytes);
}

/** As a stream does with a read of `length` bytes. Returns whether more may be sent, and whether the block was kept. */
function passRead(block: Buffer, length = LARGE_BYTES, from = 0): { more: boolean; kept: boolean } {
  block.set(randomBytes(LARGE_BYTES));
  sent.push(Buffer.from(block.subarray(from, length)));
  beginRead(block);
  const more = connection.sendRead(block, from, length);
  return { more, kept: endRead() };
}

/** Sends until the kernel takes no more. Returns the block that was kept then. */
function fill(): Buffer {
  const block = takeLarge()!;
  for (let reads = 0; reads < MAX_READS; reads++) {
    const { more, kept } = passRead(block);
    expect(kept).toBe(!more);
    if (kept) return block;
  }
  throw new Error('the kernel takes everything');
}

async function expectAllReceived(): Promise<void> {
  peer.resume();
  const total = sent.reduce((sum, bytes) => sum + bytes.length, 0);
  await eventually('all bytes', () => received.reduce((sum, bytes) => sum + bytes.length, 0) === total);
  expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
}

test('a block whose bytes the kernel took may be read into again; one that waits is kept, and given back when it has left', async () => {
  const kept = fill();
  expect(usedLargeBlocks()).toBe(1);
  expect(canKeep(kept)).toBe(false);
  await expectAllReceived();
  await eventually('the drain', () => drained > 0 && usedLargeBlocks() === 0);
});

test('while one is kept, another is copied', async () => {
  fill();
  const other = takeLarge()!;
  expect(passRead(other, LARGE_BYTES, 7)).toEqual({ more: false, kept: false });
  other.fill(0);
  giveLarge(other);
  await expectAllReceived();
});

test('a little of a block is copied: no call tells when it has left', async () => {
  const kept = fill();
  const other = takeLarge()!;
  expect(other).not.toBe(kept);
  expect(passRead(other, 5000).kept).toBe(false);
  other.fill(0);
  giveLarge(other);
  await expectAllReceived();
});

test('bytes of no read are copied, however many', async () => {
  const bytes = randomBytes(LARGE_BYTES);
  sent.push(Buffer.from(bytes));
  connection.sendRead(bytes, 0, bytes.length);
  bytes.fill(0);
  await expectAllReceived();
});

test('text and bytes behind it leave as they are, short and long', async () => {
  for (const length of [20_000, 65_000, 131_072]) {
    const bytes = randomBytes(length);
    begin('h\xe9ad', bytes);
    sent.push(Buffer.from(bytes));
    bytes.fill(0);
  }
  await expectAllReceived();
});

test('a connection that ends leaves its block to the collector', () => {
  const kept = fill();
  connection.destroy();
  expect(usedLargeBlocks()).toBe(0);
  const fresh = takeLarge()!;
  expect(fresh).not.toBe(kept);
  giveLarge(fresh);
});
