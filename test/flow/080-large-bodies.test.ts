// Large bodies both ways, whole to the byte; the slow side slows the other one, and memory stays bounded.

import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;
const BODY = randomBytes(10 * MIB);
const DIGEST = createHash('sha256').update(BODY).digest('hex');

let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  const upstream = await startUpstream(scripted(() => script));
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

function chunked(bytes: Buffer, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

test('10 MiB down, by length', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`), BODY]));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  expect(await wire.digest(BODY.length)).toBe(DIGEST);
  wire.destroy();
});

test('10 MiB down, chunked, with odd sizes', async () => {
  const body = chunked(BODY, 9973);
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'), body]));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  expect(await wire.digest(body.length)).toBe(sha256(body));
  await wire.write('GET / HTTP/1.0\r\n\r\n');
  await wire.readHead();
  expect(await wire.digest(BODY.length), 'taken apart for HTTP/1.0').toBe(DIGEST);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test('10 MiB down, until the end', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), BODY]));
    wire.end();
    await wire.closed;
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  expect(await wire.digest(BODY.length)).toBe(DIGEST);
  expect(await wire.readRest()).toBe('');
  wire.destroy();
});

test.each([
  ['by length', `content-length: ${BODY.length}`, BODY],
  ['chunked', 'transfer-encoding: chunked', chunked(BODY, 70_001)],
])('10 MiB up, %s, the response and the next request after it', async (_what, field, body) => {
  script = async (wire) => {
    await wire.readHead();
    await wire.write(ok(await wire.digest(body.length)));
    await wire.readMessage();
    await wire.write(ok('next'));
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [field]));
  await wire.write(body);
  expect((await wire.readMessage()).body).toBe(sha256(body));
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('next');
  wire.destroy();
});

test('both ways at once: an upstream that echoes as it reads', async () => {
  script = async (wire) => {
    await wire.readHead();
    await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`);
    for (let at = 0; at < BODY.length; at += MIB) await wire.write(await wire.read(MIB));
  };
  const wire = await connectTo(sluice);
  const sending = wire.write(requestText('POST', '/', [`content-length: ${BODY.length}`])).then(() => wire.write(BODY));
  await wire.readHead();
  expect(await wire.digest(BODY.length)).toBe(DIGEST);
  await sending;
  wire.destroy();
});

/** Waits until `count` has not grown over many looks; returns it. */
async function standstill(count: () => number): Promise<number> {
  let last = -1;
  let still = 0;
  return eventually('standstill', async () => {
    await sluice.turn();
    const now = count();
    still = now === last ? still + 1 : 0;
    last = now;
    return still > 40 && now > 0 ? now : undefined;
  });
}

test('a slow reader stops the upstream; memory stays bounded; then all arrives', async () => {
  const big = 64 * MIB;
  let sent = 0;
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${big}\r\n\r\n`);
    const piece = BODY.subarray(0, MIB);
    for (let at = 0; at < big; at += MIB) {
      await wire.write(piece);
      sent += MIB;
    }
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readHead();
  wire.pause();
  const before = sluice.rssBytes();
  const stuck = await standstill(() => sent);
  // What had come before the pause took hold is not what is held up.
  expect(stuck - wire.total).toBeLessThan(big / 2);
  expect(sluice.rssBytes() - before).toBeLessThan(16 * MIB);
  wire.resume();
  await wire.digest(big);
  wire.destroy();
});

test('a slow upstream stops the client; memory stays bounded; then all arrives', async () => {
  const big = 64 * MIB;
  let go: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (go = resolve));
  let taken = (): number => 0;
  script = async (wire) => {
    taken = () => wire.total;
    await wire.readHead();
    wire.pause();
    await gone;
    wire.resume();
    await wire.digest(big);
    await wire.write(ok('all'));
  };
  const wire = await connectTo(sluice);
  await wire.write(requestText('POST', '/', [`content-length: ${big}`]));
  const piece = BODY.subarray(0, MIB);
  let sent = 0;
  const sending = (async () => {
    for (let at = 0; at < big; at += MIB) {
      await wire.write(piece);
      sent += MIB;
    }
  })();
  const before = sluice.rssBytes();
  const stuck = await standstill(() => sent);
  expect(stuck - taken()).toBeLessThan(big / 2);
  expect(sluice.rssBytes() - before).toBeLessThan(16 * MIB);
  go();
  await sending;
  expect((await wire.readMessage()).body).toBe('all');
  wire.destroy();
});

test('leaves nothing in flight', () => sluice.untilQuiet());
