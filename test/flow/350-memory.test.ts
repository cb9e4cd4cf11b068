// What connections cost, and that nothing stays when they are gone.

import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { makeInside } from '../faults/inside.ts';
import { get, requestText } from './scaffold/client.ts';
import { startCrowd } from './scaffold/crowd.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, scaled } from './scaffold/full.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const KIB = 1024;
const MIB = 1024 * KIB;
const PARTS = 6;
/** Of an instance with one worker. */
const THREADS = 2;
const LISTENER = { limits: { connections: 40_000, idleTimeout: '10m', headerTimeout: '5m' } };

/** Resident memory when it has stopped moving. */
async function settledRss(sluice: Sluice): Promise<number> {
  let last = sluice.rssBytes();
  for (let calm = 0; calm < 4;) {
    await pause(100);
    const now = sluice.rssBytes();
    calm = Math.abs(now - last) < 256 * KIB ? calm + 1 : 0;
    last = now;
  }
  return last;
}

function descriptors(sluice: Sluice): number {
  return readdirSync(`/proc/${sluice.pid}/fd`).length;
}

test('idle keep-alive connections cost at most 4 KiB each', { timeout: 120_000 }, async () => {
  const count = scaled(2000, 10_000);
  const inside = makeInside();
  const upstream = await startUpstream(responding(() => ok()));
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], listener: LISTENER }), inside.options);
  // What the requests left behind, which made the connections, is no cost of a connection that rests.
  let heapBytes = 0;
  const settled = async (): Promise<number> => {
    heapBytes = (await inside.weigh(THREADS)).reduce((sum, each) => sum + each.heapBytes + each.externalBytes, 0);
    return settledRss(sluice);
  };
  const crowd = startCrowd();
  const gather = () => crowd.order({ kind: 'open', port: sluice.port, count, request: get() });
  const leave = async (): Promise<number> => {
    await crowd.order({ kind: 'leave' });
    await eventually('all closed', async () => (await sluice.metric('sluice_connections')) === 0);
    return settled();
  };
  for (let sent = 0; sent < 10; sent++) await crowd.order({ kind: 'open', port: sluice.port, count: 20, request: get() });
  const cold = await leave();
  await gather();
  expect(await sluice.metric('sluice_connections')).toBe(count);
  const first = await settled();
  const warm = await leave();
  const warmHeap = heapBytes;
  await gather();
  const second = await settled();
  const secondHeap = heapBytes;
  const after = await leave();
  figure(`${count} idle connections`, {
    'KiB each from a cold start': (first - cold) / count / KIB,
    'KiB each after a first crowd': (second - warm) / count / KIB,
    'KiB each of heaps': (secondHeap - warmHeap) / count / KIB,
    'cold MiB': cold / MIB,
    'open MiB': second / MIB,
    'closed MiB': after / MIB,
  });
  expect((second - warm) / count).toBeLessThan(4 * KIB);
  expect((secondHeap - warmHeap) / count).toBeLessThan(4 * KIB);
});

test('slow readers of large responses cost at most 256 KiB each, and the upstream is held back', { timeout: 180_000 }, async () => {
  const readers = scaled(40, 200);
  const size = scaled(30, 50) * MIB;
  const block = Buffer.alloc(64 * KIB, 'b');
  const upstream = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    for (let sent = 0; sent < size; sent += block.length) await wire.write(block);
    await wire.readRest();
  });
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], listener: LISTENER }));
  const crowd = startCrowd();
  await crowd.order({ kind: 'sip', everyMs: 200 });
  const before = await settledRss(sluice);
  await crowd.order({ kind: 'open', port: sluice.port, count: readers, request: get('/', 'connection: close') });
  let peak = 0;
  for (let looked = 0; looked < scaled(15, 50); looked++) {
    await pause(100);
    peak = Math.max(peak, sluice.rssBytes());
  }
  const sent = upstream.wires.reduce((sum, wire) => sum + wire.socket.bytesWritten, 0);
  const slow = await crowd.order({ kind: 'gulp' });
  const done = sluice.rssBytes();
  figure(`${readers} slow readers of ${size / MIB} MiB`, {
    'KiB each': (peak - before) / readers / KIB,
    'MiB taken from the upstream while slow': sent / MIB,
    'peak MiB': peak / MIB,
    'MiB at the end': done / MIB,
  });
  expect((peak - before) / readers).toBeLessThan(256 * KIB);
  expect((done - before) / readers).toBeLessThan(512 * KIB);
  // What the kernel's own buffers hold on both sides is not ours.
  expect(sent).toBeLessThan((readers * size) / 2);
  expect(slow).toMatchObject({ open: 0 });
  expect(slow.least).toBeGreaterThan(size);
  expect(slow.most - slow.least).toBe(0);
});

test('clients that give up, in every phase, leave nothing behind', { timeout: 300_000 }, async () => {
  const count = scaled(3000, 99_996);
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], listener: LISTENER }), { workers: 2 });
  const state = async (): Promise<{ descriptors: number; rss: number }> => {
    upstream.release();
    await sluice.untilQuiet();
    const upstreams = await sluice.metric('sluice_endpoint_connections');
    return { descriptors: descriptors(sluice) - upstreams, rss: await settledRss(sluice) };
  };
  const abort = async (many: number): Promise<void> => {
    let next = 0;
    const loops = Array.from({ length: 40 }, async () => {
      while (next < many) await giveUp(sluice.port, next++);
    });
    const releasing = setInterval(() => upstream.release(), 50);
    await Promise.all(loops);
    clearInterval(releasing);
  };
  const idle = await state();
  const marks = [];
  for (let part = 0; part < PARTS; part++) {
    await abort(count / PARTS);
    marks.push(await state());
  }
  const last = marks.at(-1)!;
  figure(`${count} aborts`, {
    'descriptors before': idle.descriptors,
    'descriptors after': last.descriptors,
    'MiB after each sixth': marks.map(({ rss }) => Math.round(rss / MIB)).join(' '),
  });
  expect(last.descriptors).toBe(idle.descriptors);
  const half = marks[PARTS / 2 - 1]!.rss;
  // V8 and malloc keep what they once had (measured: the live heap of a worker stays at 11 MiB over 100,000); a leak of a
  // connection's 66 KiB each would be 100 MiB already in the small version.
  expect(last.rss - half).toBeLessThan(half * 0.25);
  expect(await sluice.metric('sluice_internal_errors_total')).toBe(0);
});

const HEAD = get('/bytes/10/1');
const UPLOAD = requestText('POST', '/digest', ['content-length: 100000']);
const CHUNKED = requestText('POST', '/digest', ['transfer-encoding: chunked']);

/** What is sent before the client gives up, and whether it first waits for a response to begin. */
const PHASES: readonly { readonly text: string; readonly response: boolean }[] = [
  { text: '', response: false },
  { text: HEAD.slice(0, 20), response: false },
  { text: get('/hold'), response: false },
  { text: UPLOAD + 'x'.repeat(30_000), response: false },
  { text: get('/bytes/2000000/1'), response: true },
  { text: CHUNKED + '400\r\nhalf a chunk', response: false },
  { text: HEAD + HEAD + get('/hold'), response: true },
  { text: HEAD, response: true },
  { text: get('/bytes/300000/1?slow=500'), response: true },
];

/** One client: connects, sends, perhaps waits, and goes away by a reset or by an end. */
function giveUp(port: number, index: number): Promise<void> {
  const { text, response } = PHASES[index % PHASES.length]!;
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${2 + (index % 50)}` });
    const go = (): void => void (index % 4 === 3 ? socket.destroy() : socket.resetAndDestroy());
    socket.once('close', () => resolve());
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve() : reject(error),
    );
    socket.once('connect', () => {
      if (text === '') return go();
      socket.write(text, () => (response ? undefined : index % 2 === 0 ? go() : setTimeout(go, 5)));
    });
    socket.once('data', go);
  });
}
