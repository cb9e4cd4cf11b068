// Uploads that fill their reads pass without a copy, in memory that others use a moment later: no byte of one reaches another, however
// reads, writes, pauses and aborts fall, and memory stays bounded.

import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

let sluice: Sluice;
let upstream: Upstream;
/** Resolves when an upload to `/stuck` may be read. */
let unstick: () => void;
let unstuck: Promise<void>;
/** Uploads to `/stuck` that have begun. */
let stuck = 0;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Reads each upload as its target says, and returns its digest. */
async function script(wire: Wire): Promise<void> {
  for (;;) {
    const head = await wire.readHead();
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (head.includes(' /cut ')) return wire.reset();
    if (head.includes(' /early ')) {
      await wire.write(ok('early'));
      return wire.end();
    }
    if (head.includes(' /stuck ')) {
      wire.pause();
      stuck++;
      await unstuck;
      wire.resume();
    }
    await wire.write(ok(head.includes(' /slow ') ? await sip(wire, length) : length > 0 ? await wire.digest(length) : 'none'));
  }
}

/** Reads with pauses, so that writes to it have to wait. */
async function sip(wire: Wire, length: number): Promise<string> {
  const hash = createHash('sha256');
  for (let left = length; left > 0;) {
    const size = Math.min(left, 700_001);
    wire.pause();
    await pause(2);
    wire.resume();
    hash.update(await wire.read(size), 'latin1');
    left -= size;
  }
  return hash.digest('hex');
}

beforeAll(async () => {
  unstuck = new Promise((resolve) => (unstick = resolve));
  upstream = await startUpstream(script);
  sluice = await startSluice(configFor(upstream));
});
afterAll(closeAll);

/** In pieces of any size: a few bytes, some reads, or all at once. */
async function upload(wire: Wire, target: string, body: Buffer): Promise<void> {
  await wire.write(requestText('POST', target, [`content-length: ${body.length}`]));
  const most = [MIB, 200_000, 3 * MIB, 70_000][body[0]! % 4]!;
  for (let at = 0; at < body.length;) {
    const size = 1 + Math.floor((most * body[at]!) / 255);
    await wire.write(body.subarray(at, at + size));
    at += size;
  }
}

test('many at once, split at random, to upstreams that are fast and slow: each gets its own bytes', async () => {
  const one = async (index: number): Promise<void> => {
    const wire = await connectTo(sluice);
    for (const size of [3 * MIB, 256 * KIB, 65_536, MIB + 1]) {
      const body = randomBytes(size);
      const target = index % 3 === 0 ? '/slow' : '/fast';
      await upload(wire, target, body);
      expect((await wire.readMessage()).body, `${target} ${size}`).toBe(sha256(body));
    }
    await wire.write(get('/'));
    expect((await wire.readMessage()).body).toBe('none');
    wire.destroy();
  };
  await Promise.all(Array.from({ length: 12 }, (_, index) => one(index)));
});

test('uploads that end midway on either side harm no other one', async () => {
  const beside = (async () => {
    const wire = await connectTo(sluice);
    for (let round = 0; round < 6; round++) {
      const body = randomBytes(2 * MIB);
      await upload(wire, round % 2 === 0 ? '/slow' : '/fast', body);
      expect((await wire.readMessage()).body).toBe(sha256(body));
    }
    wire.destroy();
  })();
  const endings = ['/cut', '/early', '/fast', '/slow']
    .flatMap((target) => [target, target, target])
    .map(async (target) => {
      const wire = await connectTo(sluice);
      await wire.write(requestText('POST', target, [`content-length: ${64 * MIB}`]));
      const sending = (async () => {
        for (let sent = 0; sent < 4 * MIB; sent += MIB) await wire.write(randomBytes(MIB));
      })().catch(() => undefined);
      if (target === '/cut' || target === '/early') expect((await wire.readHead()).slice(9, 12)).toBe(target === '/cut' ? '502' : '200');
      else await sending;
      wire.reset();
    });
  await Promise.all(endings);
  await beside;
  await sluice.untilQuiet();
});

test('a hundred uploads that nobody takes cost at most 512 KiB each', async () => {
  const before = sluice.rssBytes();
  const body = randomBytes(8 * MIB);
  const wires = await Promise.all(Array.from({ length: 100 }, () => connectTo(sluice)));
  const sending = wires.map((wire) => upload(wire, '/stuck', body).catch(() => undefined));
  await eventually('uploads', () => stuck === 100);
  let [most, still] = [0, 0];
  await eventually(
    'standstill',
    async () => {
      await sluice.turn();
      const now = sluice.rssBytes();
      still = now > most ? 0 : still + 1;
      most = Math.max(most, now);
      return still > 20;
    },
    20_000,
  );
  expect((most - before) / 100).toBeLessThan(512 * KIB);
  for (const wire of wires.slice(1)) wire.reset();
  unstick();
  await sending[0];
  expect((await wires[0]!.readMessage()).body).toBe(sha256(body));
  wires[0]!.destroy();
  await Promise.all(sending);
});

test('leaves nothing in flight', () => sluice.untilQuiet());
