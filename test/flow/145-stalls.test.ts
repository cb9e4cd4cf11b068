// Whatever moves goes on, however long it takes; what stands still in the middle of a body ends, and it can be seen whose it was.

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { promised } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;
const STALL_MS = 1200;
/** Pieces of what is slow: each comes well within the time, all together take twice as long. */
const PIECES = 12;
const GAP_MS = 200;
/** Made before anybody waits for it. */
const MUCH = Buffer.alloc(64 * MIB, 'x');
const OPEN = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

let sluice: Sluice;

beforeAll(async () => {
  const upstream = await startUpstream(serve);
  const at = (name: string, timeouts: object, route: object = {}): { route: object; pool: object } => ({
    route: { name, match: [{ path: { prefix: `/${name}` } }], pool: name, ...route },
    pool: { versions: { v1: { endpoints: [upstream.address] } }, timeouts, retries: { attempts: 0 } },
  });
  const made = {
    brief: at('brief', { stall: `${STALL_MS}ms`, response: '600ms' }),
    patient: at('patient', { stall: '0s' }),
    plain: at('plain', {}),
    late: at('late', { stall: '200ms', response: '0s' }),
  };
  // What bounds an unused connection, or a head, is no bound of a transfer.
  const config = configFor({
    endpoints: [upstream.address],
    listener: { limits: { headerTimeout: '300ms', idleTimeout: '300ms' } },
    routes: Object.values(made).map(({ route }) => route),
  }) as { pools: object };
  const pools = Object.fromEntries(Object.entries(made).map(([name, { pool }]) => [name, pool]));
  sluice = await startSluice({ ...config, pools: { ...config.pools, ...pools } });
});
afterAll(closeAll);

/** Does what the last element of the path says. */
async function serve(wire: Wire): Promise<void> {
  for (;;) {
    const head = await wire.readHead();
    const what = head.split(' ')[1]!.split('/').at(-1)!;
    if (what === 'drip') await drip(wire);
    else if (what === 'stop') await wire.write(`${OPEN}3\r\none\r\n`);
    else if (what === 'silence') {
      await wire.write(`${OPEN}3\r\none\r\n`);
      await pause(2 * STALL_MS);
      await wire.write('3\r\ntwo\r\n0\r\n\r\n');
    } else if (what === 'much') {
      await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${MUCH.length}\r\n\r\n`);
      await wire.write(MUCH);
    } else if (what === 'late') {
      await pause(2 * STALL_MS);
      await wire.write(ok('late'));
    } else if (what === 'both') {
      await wire.write(OPEN);
      await drip(wire, '');
    } else if (what === 'take') {
      await wire.read(Number(/content-length: (\d+)/i.exec(head)![1]));
      await wire.write(ok('taken'));
    } else await wire.closed;
  }
}

async function drip(wire: Wire, before = OPEN): Promise<void> {
  await wire.write(before);
  for (let i = 0; i < PIECES; i++) {
    await pause(GAP_MS);
    await wire.write('1\r\na\r\n');
  }
  await wire.write('0\r\n\r\n');
}

async function begin(path: string, ...fields: string[]): Promise<Wire> {
  const wire = await connectTo(sluice);
  await wire.write(fields.length === 0 ? get(path) : requestText('POST', path, fields));
  return wire;
}

/** The exchange of the pool that ended so. */
async function seen(pool: string, outcome: string): Promise<void> {
  const attempts = { pool, outcome };
  await eventually(`${outcome} of ${pool}`, async () => (await sluice.metrics()).sum('sluice_attempts_total', attempts) > 0);
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges?outcome=${outcome}`);
  const { exchanges } = (await response.json()) as { exchanges: { target: string }[] };
  expect(exchanges.filter(({ target }) => target.startsWith(`/${pool}/`)).length).toBeGreaterThan(0);
}

test('a download that drips, and events with pauses between them, arrive whole', async () => {
  const wire = await begin('/brief/drip');
  expect((await wire.readMessage()).body).toBe('a'.repeat(PIECES));
});

test('an upload that drips arrives whole, and its time is not that of the response', async () => {
  const wire = await begin('/brief/take', `content-length: ${PIECES}`);
  for (let i = 0; i < PIECES; i++) {
    await pause(GAP_MS);
    await wire.write('x');
  }
  expect((await wire.readMessage()).body).toBe('taken');
});

test('a response goes on while the rest of its request is not sent', async () => {
  const wire = await begin('/brief/both', 'content-length: 10');
  expect((await wire.readMessage()).body).toBe('a'.repeat(PIECES));
});

test('an upload goes on while its response stands still', async () => {
  const wire = await begin('/brief/stop', `content-length: ${PIECES + 1}`);
  await wire.readTo('one');
  for (let i = 0; i < PIECES; i++) {
    await pause(GAP_MS);
    await wire.write('x');
  }
  expect(wire.ended).toBe(false);
  wire.destroy();
});

test('a response that stops is cut in time, and the upstream is named', async () => {
  const wire = await begin('/brief/stop');
  await wire.readTo('one');
  const since = performance.now();
  await eventually('the end', () => wire.ended);
  expect(performance.now() - since).toBeGreaterThan(STALL_MS * 0.7);
  expect(performance.now() - since).toBeLessThan(promised(STALL_MS * 4));
  expect(wire.unread).not.toContain('\r\n0\r\n');
  await seen('brief', 'upstream_stalled');
});

test('an upload that stops is 408 in time, and the client is named', async () => {
  const wire = await begin('/brief/take', 'content-length: 10');
  await wire.write('some');
  const since = performance.now();
  const response = await wire.readMessage();
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([408, 'downstream_stalled']);
  expect(performance.now() - since).toBeGreaterThan(STALL_MS * 0.7);
  await seen('brief', 'downstream_stalled');
});

test('a client that takes nothing is cut in time', async () => {
  const wire = await begin('/brief/much');
  await wire.readHead();
  wire.pause();
  await sluice.untilQuiet(0);
  wire.destroy();
});

test('a client that takes a little now and then gets all of it', async () => {
  const wire = await begin('/brief/much');
  await wire.readHead();
  // As much as makes room in the kernel's buffers: less of it is not seen.
  const slice = (64 * MIB) / PIECES / 2;
  for (let i = 0; i < PIECES; i++) {
    wire.pause();
    await pause(GAP_MS);
    wire.resume();
    await wire.digest(Math.floor(slice));
  }
  await wire.digest(64 * MIB - Math.floor(slice) * PIECES);
});

test('no time is up by default while nothing stands still for minutes: neither that of a head nor that of an unused connection', async () => {
  const download = await begin('/plain/silence');
  const upload = await begin('/plain/take', 'content-length: 8');
  const unread = await begin('/plain/much');
  await upload.write('half');
  await unread.readHead();
  unread.pause();
  await pause(2 * STALL_MS);
  await upload.write('half');
  expect((await upload.readMessage()).body).toBe('taken');
  expect((await download.readMessage()).body).toBe('onetwo');
  unread.resume();
  await unread.digest(64 * MIB);
});

test('stall: 0s waits for ever', async () => {
  const wire = await begin('/patient/silence');
  expect((await wire.readMessage()).body).toBe('onetwo');
});

test('a response that is long in coming is no stall', async () => {
  const wire = await begin('/late/late');
  expect((await wire.readMessage()).body).toBe('late');
});
