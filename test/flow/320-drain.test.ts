// The end of a process that no client notices: SIGTERM under load, with slow clients, with a deadline, with a second signal.

import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { figure, scaled, promised } from './scaffold/full.ts';
import { startLoad } from './scaffold/load.ts';
import { digestOf, recipe, startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;

async function readiness(sluice: Sluice): Promise<number> {
  return (await fetch(`http://127.0.0.1:${sluice.adminPort}/readyz`)).status;
}

/** Reads a large body in small bites, as a slow client does, and checks it. */
async function readSlowly(wire: Wire, size: number, seed: number): Promise<void> {
  const expected = recipe(size, seed);
  const bite = Math.ceil(size / 16);
  for (let at = 0; at < size; at += bite) {
    wire.pause();
    await pause(40);
    wire.resume();
    const text = await wire.read(Math.min(bite, size - at));
    if (text !== expected.toString('latin1', at, at + text.length)) throw new Error(`other bytes than were sent near ${at}`);
  }
}

/** The last of 16 bites waits for `last`. */
async function writeSlowly(wire: Wire, body: Buffer, last: Promise<void>): Promise<void> {
  const bite = Math.ceil(body.length / 16);
  for (let at = 0; at < body.length; at += bite) {
    if (at + bite >= body.length) await last;
    await wire.write(body.subarray(at, at + bite));
    await pause(40);
  }
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s under load: nothing fails, nothing is cut, exit 0 in time', async (signal) => {
  const upstream = await startLoadUpstream();
  const size = scaled(3, 8) * MIB;
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { drain: { timeout: '10s' } } }), { workers: 2 });
  const idle = await Promise.all(Array.from({ length: 20 }, () => connectTo(sluice)));
  const used = await connectTo(sluice);
  await used.write(get('/bytes/10/1'));
  await used.readMessage();
  const holding = await connectTo(sluice);
  await holding.write(get('/hold'));
  const downloads = await Promise.all(Array.from({ length: 3 }, () => connectTo(sluice)));
  for (const [seed, wire] of downloads.entries()) await wire.write(get(`/bytes/${size}/${seed}`));
  for (const wire of downloads) expect(await wire.readHead()).not.toContain('connection: close');
  const uploads = await Promise.all(Array.from({ length: 3 }, () => connectTo(sluice)));
  const body = recipe(size, 9);
  for (const wire of uploads) await wire.write(requestText('POST', '/digest', [`content-length: ${size}`]));
  let endUploads = (): void => undefined;
  const last = new Promise<void>((resolve) => (endUploads = resolve));
  const slow = [...downloads.map((wire, seed) => readSlowly(wire, size, seed)), ...uploads.map((wire) => writeSlowly(wire, body, last))];
  const load = startLoad({ port: sluice.port, keepAlive: 4, fresh: 3, uploads: 2, untilRefused: true });
  await eventually('load', () => load.tally.exchanges > 200 && upstream.held === 1);
  expect(await readiness(sluice)).toBe(200);
  const signalled = performance.now();
  sluice.signal(signal);
  await eventually('readyz 503', async () => (await readiness(sluice)) === 503);
  endUploads();
  const tally = await load.finished();
  for (const wire of [...idle, used]) await eventually('idle connections closed', () => wire.ended, 3000);
  await Promise.all(slow);
  for (const wire of uploads) {
    const response = await wire.readMessage();
    expect(response.body).toBe(digestOf(body));
    expect(response.field('connection')).toBe('close');
  }
  for (const wire of downloads) await eventually('connections closed after their response', () => wire.ended, 3000);
  expect(await sluice.metric('sluice_connections_accepted_total')).toBe(tally.connections + 28);
  upstream.release();
  const held = await holding.readMessage();
  expect([held.body, held.field('connection')]).toEqual(['released', 'close']);
  for (const wire of [...idle, used, holding, ...downloads, ...uploads]) wire.destroy();
  const end = await within('exit', sluice.exited, 11_000);
  figure(`drain by ${signal}`, {
    exchanges: tally.exchanges,
    failed: tally.failed,
    truncated: tally.truncated,
    refused: tally.refused,
    unaccepted: tally.unaccepted,
    ms: performance.now() - signalled,
  });
  expect(end).toEqual({ code: 0, signal: null });
  expect(tally.faults).toEqual([]);
  expect(tally).toMatchObject({ failed: 0, truncated: 0 });
  expect(performance.now() - signalled).toBeLessThan(promised(11_000));
  expect(sluice.logs.filter((line) => line.level > 30)).toEqual([]);
});

test('with nothing to do it ends at once', async () => {
  const sluice = await startSluice(configFor({ endpoints: ['127.0.0.1:1'] }), { workers: 2 });
  const began = performance.now();
  sluice.signal('SIGTERM');
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(promised(1000));
});

test('the deadline cuts what is too slow, counts it, and the process ends', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { drain: { timeout: '700ms' } } }), { workers: 2 });
  const wires = await Promise.all(Array.from({ length: 3 }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/hold'));
  await eventually('all at the upstream', () => upstream.held === 3);
  sluice.expectLog(/connections were cut at the drain deadline/);
  const began = performance.now();
  sluice.signal('SIGTERM');
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
  const tookMs = performance.now() - began;
  expect(tookMs).toBeGreaterThan(650);
  expect(tookMs).toBeLessThan(promised(1700));
  const cut = sluice.logs.find((line) => line.msg.startsWith('connections were cut'));
  expect(cut?.fields['cut']).toBe(3);
});

test('drain.delay: not ready at once, but serving and accepting until it is over', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { drain: { delay: '800ms', timeout: '5s' } } }));
  const load = startLoad({ port: sluice.port, keepAlive: 1, fresh: 2, untilRefused: true });
  await eventually('load', () => load.tally.exchanges > 20);
  const began = performance.now();
  sluice.signal('SIGTERM');
  await eventually('readyz 503', async () => (await readiness(sluice)) === 503);
  expect(performance.now() - began).toBeLessThan(promised(500));
  const tally = await load.finished();
  expect(performance.now() - began).toBeGreaterThan(750);
  expect(tally.faults).toEqual([]);
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});

test('a second signal ends at once; its echo within 100 ms does not', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { drain: { timeout: '30s' } } }));
  const wire = await connectTo(sluice);
  await wire.write(get('/hold'));
  await eventually('held', () => upstream.held === 1);
  sluice.expectLog(/stopped at once by a second signal/);
  sluice.exitCode = 143;
  sluice.signal('SIGINT');
  sluice.signal('SIGINT');
  await eventually('stopping', () => sluice.logs.some((line) => line.msg === 'draining'));
  await pause(250);
  expect(await readiness(sluice)).toBe(503);
  const began = performance.now();
  sluice.signal('SIGTERM');
  expect(await sluice.exited).toEqual({ code: 143, signal: null });
  expect(performance.now() - began).toBeLessThan(promised(500));
});

test('SIGHUP while draining is no end: logs are rotated at any time', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }));
  const wire = await connectTo(sluice);
  await wire.write(get('/hold'));
  await eventually('held', () => upstream.held === 1);
  sluice.signal('SIGTERM');
  await eventually('readyz 503', async () => (await readiness(sluice)) === 503);
  sluice.signal('SIGHUP');
  await pause(50);
  upstream.release();
  expect((await wire.readMessage()).body).toBe('released');
  wire.destroy();
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});

test('a connection that was accepted during the drain of its neighbours gets its response', async () => {
  // A request sent right after the signal on a kept connection: it gets a response that tells it to close.
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }));
  const wire = await connectTo(sluice);
  await wire.write(get('/bytes/10/1'));
  await wire.readMessage();
  const other = connect({ host: '127.0.0.1', port: sluice.port });
  await new Promise((resolve) => other.once('connect', resolve));
  sluice.signal('SIGTERM');
  await eventually('readyz 503', async () => (await readiness(sluice)) === 503);
  await wire.write(get('/bytes/10/1'));
  const response = await wire.readMessage();
  expect([response.status, response.field('connection')]).toEqual([200, 'close']);
  wire.destroy();
  other.destroy();
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});
