// Memory runs short: load is shed in order, and all is as before when there is enough again.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, isFull } from './scaffold/full.ts';
import { makeMemoryUse } from './scaffold/memory-use.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, scripted, startUpstream } from './scaffold/upstream.ts';
import { Ended, Reset } from './scaffold/wire.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const MIB = 1024 ** 2;
const LIMIT = { overload: { memory: '1000MiB' } };

async function startShort(upstream: { readonly address: string }, workers = 1) {
  const memory = makeMemoryUse(100);
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: LIMIT }), { workers, ...memory.options });
  sluice.expectLog(/memory runs short/);
  /** Resolves when all workers know. */
  const press = async (mebibytes: number, level: number): Promise<void> => {
    memory.setMiB(mebibytes);
    await eventually(`level ${level}`, async () => (await sluice.metric('sluice_overload_level')) === level);
  };
  return { sluice, press };
}

async function readiness(sluice: Sluice): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/readyz`);
  const body = (await response.json()) as { reason?: string };
  return `${response.status} ${body.reason ?? ''}`.trim();
}

/** One request on a new connection, or `closed` when that is closed without a word. */
async function tryOne(sluice: Sluice): Promise<string> {
  try {
    const response = await ask(sluice, get());
    return `${response.status} ${response.field('x-sluice-outcome') ?? ''} ${response.field('connection') ?? 'kept'}`.replace(/ +/g, ' ');
  } catch (error) {
    if (error instanceof Ended || error instanceof Reset) return 'closed';
    throw error;
  }
}

/** Workers obey a moment after the gauge has risen or fallen. */
async function untilResponded(sluice: Sluice, expected: string): Promise<void> {
  let seen = '';
  await eventually('the response', async () => (seen = await tryOne(sluice)) === expected).catch((error: unknown) => {
    throw new Error(`${expected} expected, ${seen} seen`, { cause: error });
  });
}

test('connections are not kept, then requests are refused, then connections; and all of it ends', async () => {
  const upstream = await startUpstream(responding(() => ok()));
  const { sluice, press } = await startShort(upstream);
  expect(await tryOne(sluice)).toBe('200 kept');

  await press(930, 1);
  await untilResponded(sluice, '200 close');
  expect(await readiness(sluice)).toBe('200');

  await press(960, 2);
  await untilResponded(sluice, '503 overload close');
  expect(await readiness(sluice)).toBe('200');

  await press(990, 3);
  await untilResponded(sluice, 'closed');
  expect(await readiness(sluice)).toBe('503 overload');
  expect((await fetch(`http://127.0.0.1:${sluice.adminPort}/livez`)).status).toBe(200);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_memory_limit_bytes')).toBe(1000 * MIB);
  expect(metrics.sum('sluice_memory_used_bytes')).toBe(990 * MIB);

  await press(500, 0);
  await untilResponded(sluice, '200 kept');
  expect(await readiness(sluice)).toBe('200');
  expect(await sluice.metric('sluice_refused_total', { outcome: 'overload' })).toBeGreaterThanOrEqual(2);
  await sluice.untilQuiet();
  const logs = sluice.logs.filter(({ msg }) => msg.startsWith('memory'));
  expect(logs.map(({ level, fields }) => [level, fields['pressure']])).toEqual([
    [40, 1],
    [40, 2],
    [40, 3],
    [30, 0],
  ]);
});

test('connections without a request are closed, new ones and those with a request are not', async () => {
  const upstream = await startUpstream(
    scripted(() => async (wire) => {
      await wire.readMessage();
      await eventually('the level', () => release);
      await wire.write(ok());
    }),
  );
  let release = true;
  const { sluice, press } = await startShort(upstream);
  const unused = await connectTo(sluice);
  await unused.write(get());
  await unused.readMessage();
  release = false;
  const busy = await connectTo(sluice);
  await busy.write(get());
  await upstream
    .wire(0)
    .then(() => eventually('the request', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1));
  const fresh = await connectTo(sluice);
  await eventually('accepted', async () => (await sluice.metric('sluice_connections')) === 3);

  await press(990, 3);
  expect(await unused.readRest()).toBe('');
  release = true;
  const response = await busy.readMessage();
  expect([response.status, response.field('connection')]).toEqual([200, 'close']);
  await fresh.write(get());
  expect((await fresh.readMessage()).field('x-sluice-outcome')).toBe('overload');
  expect(await fresh.readRest()).toBe('');
  await press(500, 0);
  await untilResponded(sluice, '200 kept');
  await sluice.untilQuiet();
});

test('a connection that was promised to stay before memory ran short stays for a moment only', async () => {
  let release = false;
  const upstream = await startUpstream(
    scripted(() => async (wire) => {
      await wire.readMessage();
      await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no');
      await eventually('the level', () => release);
      await wire.write('k');
    }),
  );
  const { sluice, press } = await startShort(upstream);
  const wire = await connectTo(sluice);
  await wire.write(get());
  expect(await wire.readHead()).not.toMatch(/connection: close/i);
  await press(960, 2);
  await untilResponded(sluice, '503 overload close');
  release = true;
  expect(await wire.readRest()).toBe('ok');
  await press(500, 0);
});

test('uploads under way go on; a new one is refused before its body has come', async () => {
  const bodies: string[] = [];
  const upstream = await startUpstream(
    scripted(() => async (wire) => {
      bodies.push((await wire.readMessage('POST')).body);
      await wire.write(ok());
    }),
  );
  const { sluice, press } = await startShort(upstream);
  const begin = async (): Promise<Wire> => {
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/', ['content-length: 10']) + 'first');
    return wire;
  };
  const early = await begin();
  await upstream.wire(0).then((wire) => wire.arrival());
  await press(960, 2);
  await untilResponded(sluice, '503 overload close');
  const late = await begin();
  const refusal = await late.readMessage();
  expect([refusal.status, refusal.field('retry-after'), refusal.field('connection')]).toEqual([503, '1', 'close']);
  expect(await late.readRest()).toBe('');
  await early.write('-last');
  expect((await early.readMessage()).status).toBe(200);
  expect(bodies).toEqual(['first-last']);
  await press(500, 0);
  await untilResponded(sluice, '200 kept');
  await sluice.untilQuiet();
});

test('a limit comes and goes with the config', async () => {
  const upstream = await startUpstream(responding(() => ok()));
  const { sluice, press } = await startShort(upstream);
  await press(990, 3);
  const parts = { endpoints: [upstream.address] };
  sluice.writeConfig(configFor({ ...parts, top: { overload: { memory: 'off' } } }));
  await untilResponded(sluice, '200 kept');
  expect(await sluice.metric('sluice_memory_limit_bytes')).toBe(0);
  sluice.writeConfig(configFor({ ...parts, top: LIMIT }));
  await untilResponded(sluice, 'closed');
  await press(500, 0);
});

test.runIf(isFull)(
  'real memory: slow readers drive it up level by level, and it falls when they have gone',
  { timeout: 180_000 },
  async () => {
    const block = Buffer.alloc(64 * 1024, 'b');
    const size = 64 * MIB;
    const upstream = await startUpstream(async (wire) => {
      const { line } = await wire.readMessage();
      if (!line.includes('/large')) return wire.write(ok());
      await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
      for (let sent = 0; sent < size; sent += block.length) await wire.write(block);
    });
    const first = await startSluice(configFor({ endpoints: [upstream.address] }), { workers: 2 });
    await pause(3000);
    const idle = first.rssBytes();
    await first.close();
    const limit = Math.ceil((idle + 60 * MIB) / MIB);
    const parts = { endpoints: [upstream.address], pool: { limits: { connections: 0 } } };
    const sluice = await startSluice(configFor({ ...parts, top: { overload: { memory: `${limit}MiB` } } }), { workers: 2 });
    sluice.expectLog(/memory runs short/);
    const readers: Wire[] = [];
    let levels: readonly number[] = [];
    let peak = 0;
    while (readers.length < 5000 && !levels.includes(2) && !levels.includes(3)) {
      for (let each = 0; each < 20; each++) readers.push(await beginLarge(sluice));
      await pause(50);
      levels = [...new Set([...levels, await sluice.metric('sluice_overload_level')])];
      peak = Math.max(peak, sluice.rssBytes());
    }
    expect(Math.max(...levels)).toBeGreaterThanOrEqual(2);
    const leftMs = performance.now();
    for (const wire of readers) wire.reset();
    await eventually('level 0', async () => (await sluice.metric('sluice_overload_level')) === 0, 30_000);
    const recoveredMs = performance.now() - leftMs;
    await untilResponded(sluice, '200 kept');
    await sluice.untilQuiet();
    figure('memory pressure', {
      'idle MiB': idle / MIB,
      'limit MiB': limit,
      'peak MiB': peak / MIB,
      readers: readers.length,
      levels: levels.join(' '),
      'ms until level 0': recoveredMs,
      'MiB after': sluice.rssBytes() / MIB,
      'MiB in use after': (await sluice.metric('sluice_memory_used_bytes')) / MIB,
    });
  },
);

/** A client that reads no more than the beginning of what it asked for. */
async function beginLarge(sluice: Sluice): Promise<Wire> {
  const wire = await connectTo(sluice);
  wire.pause();
  await wire.write(get('/large'));
  return wire;
}
