// A client that goes away, in every phase and in both manners: its upstream work ends, nothing stays behind, the next one is served.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBlackhole } from './scaffold/blackhole.ts';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { promised } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, scripted, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

const MIB = 1024 * 1024;

let upstream: Upstream;
let sluice: Sluice;
let script: (wire: Wire) => Promise<void>;

beforeAll(async () => {
  upstream = await startUpstream(scripted(() => script));
  const hole = await startBlackhole();
  const holed = { versions: { v1: { endpoints: [hole.address] } }, timeouts: { connect: '60s' } };
  const held = { versions: { v1: { endpoints: ['127.0.0.1:1'] } }, hold: '60s' };
  const narrow = { versions: { v1: { endpoints: [upstream.address] } }, limits: { connections: 1 } };
  const config = configFor({
    endpoints: [upstream.address],
    routes: [
      { name: 'hole', match: [{ path: { prefix: '/hole' } }], pool: 'hole' },
      { name: 'held', match: [{ path: { prefix: '/held' } }], pool: 'held' },
      { name: 'narrow', match: [{ path: { prefix: '/narrow' } }], pool: 'narrow' },
    ],
  }) as { pools: object };
  sluice = await startSluice({ ...config, pools: { ...config.pools, hole: holed, held, narrow } });
});
afterAll(closeAll);

const silent = async (wire: Wire): Promise<void> => {
  await wire.readHead();
  await wire.closed;
};

test('before it is accepted: what it has sent is not served for a client whom nobody knows', async () => {
  const before = upstream.wires.length;
  const wires: Wire[] = [];
  sluice.signal('SIGSTOP');
  for (let client = 0; client < 3; client++) {
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/unknown', ['content-length: 0']));
    wires.push(wire);
  }
  for (const wire of wires) wire.reset();
  await Promise.all(wires.map((wire) => wire.closed));
  sluice.signal('SIGCONT');
  await sluice.untilQuiet(0);
  expect(upstream.wires.length).toBe(before);
  await staysUsable();
});

async function staysUsable(): Promise<void> {
  await sluice.untilQuiet(0);
  expect(upstream.open).toBe(0);
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(ok('still here', 'connection: close'));
  };
  expect((await ask(sluice, get('/'))).body).toBe('still here');
  expect(await sluice.counted('sluice_internal_errors_total')).toBe(0);
}

describe.each(['destroy', 'reset'] as const)('by %s', (manner) => {
  test('before the head is complete', async () => {
    const before = upstream.bytes;
    const wire = await connectTo(sluice);
    await wire.write('GET / HTTP/1.1\r\nHost: a.exam');
    await sluice.turn();
    wire[manner]();
    await staysUsable();
    expect(upstream.bytes).toBeGreaterThan(before);
  });

  test('while connecting', async () => {
    const wire = await connectTo(sluice);
    await wire.write(get('/hole'));
    await eventually('an attempt', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
    wire[manner]();
    await staysUsable();
  });

  test('while connecting, in the middle of an upload', async () => {
    const wire = await connectTo(sluice);
    await wire.write(requestText('POST', '/hole', ['content-length: 60000']) + 'x'.repeat(30_000));
    await eventually('an attempt', async () => (await sluice.metric('sluice_endpoint_requests_in_flight')) === 1);
    await wire.write('x'.repeat(10_000));
    await sluice.turn();
    wire[manner]();
    await staysUsable();
  });

  test('while waiting for a connection', async () => {
    script = silent;
    const holder = await connectTo(sluice);
    await holder.write(get('/narrow/1'));
    const wire = await connectTo(sluice);
    await wire.write(get('/narrow/2'));
    await eventually('both', async () => (await sluice.metric('sluice_requests_in_flight', { pool: 'narrow' })) === 2);
    wire[manner]();
    await eventually('one', async () => (await sluice.metric('sluice_requests_in_flight', { pool: 'narrow' })) === 1);
    holder[manner]();
    await staysUsable();
  });

  test('while waiting for the response', async () => {
    script = silent;
    const opened = upstream.wires.length;
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    const there = await upstream.wire(opened);
    await eventually('the request', () => there.total > 0);
    wire[manner]();
    await there.closed;
    await staysUsable();
  });

  test('while waiting for the first of several pipelined responses', async () => {
    script = silent;
    const opened = upstream.wires.length;
    const wire = await connectTo(sluice);
    await wire.write(get('/1') + get('/2') + get('/3'));
    const there = await upstream.wire(opened);
    await sluice.turn();
    wire[manner]();
    await there.closed;
    await staysUsable();
  });

  test('in the middle of the response', async () => {
    script = async (wire) => {
      await wire.readHead();
      await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
      await wire.closed;
    };
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    await wire.readTo('some');
    wire[manner]();
    await staysUsable();
  });

  test('in the middle of a response that it does not read', async () => {
    script = async (wire) => {
      await wire.readHead();
      await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${64 * MIB}\r\n\r\n`);
      const piece = 'x'.repeat(MIB);
      for (let i = 0; i < 64; i++) await wire.write(piece);
    };
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    await wire.readHead();
    wire.pause();
    await sluice.turn();
    wire[manner]();
    await staysUsable();
  });

  test('in the middle of an upload', async () => {
    script = silent;
    const opened = upstream.wires.length;
    const wire = await connectTo(sluice);
    await wire.write(`${requestText('POST', '/', ['content-length: 1000'])}some`);
    const there = await upstream.wire(opened);
    await sluice.turn();
    wire[manner]();
    await there.closed;
    await staysUsable();
  });

  test('in the middle of a chunked upload', async () => {
    script = silent;
    const opened = upstream.wires.length;
    const wire = await connectTo(sluice);
    await wire.write(`${requestText('POST', '/', ['transfer-encoding: chunked'])}5\r\nso`);
    const there = await upstream.wire(opened);
    await sluice.turn();
    wire[manner]();
    await there.closed;
    await staysUsable();
  });
});

/** Clients that have gone give up what they had within this, whatever time their requests have. */
const AT_ONCE_MS = promised(1_000);
const inFlight = async (count: number, pool = 'shop'): Promise<unknown> =>
  eventually(`${count} in flight`, async () => (await sluice.metric('sluice_requests_in_flight', { pool })) === count, AT_ONCE_MS);

describe.each(['end', 'reset'] as const)('clients that have sent more than is kept of it go by %s', (manner) => {
  test.each([
    ['a little', 20_000],
    ['much', 400_000],
  ])('%s, while they wait for the response', async (_what, bytes) => {
    script = silent;
    const wires = await Promise.all(Array.from({ length: 20 }, () => connectTo(sluice)));
    for (const wire of wires) await wire.write(get('/') + get('/next').repeat(bytes / 40));
    await inFlight(wires.length);
    for (const wire of wires) wire[manner]();
    await inFlight(0);
    await staysUsable();
  });

  test('while they wait for a connection', async () => {
    script = silent;
    const holder = await connectTo(sluice);
    await holder.write(get('/narrow/1'));
    await inFlight(1, 'narrow');
    const wires = await Promise.all(Array.from({ length: 10 }, () => connectTo(sluice)));
    for (const wire of wires) await wire.write(get('/narrow/2') + 'x'.repeat(300_000));
    await inFlight(11, 'narrow');
    for (const wire of wires) wire[manner]();
    await inFlight(1, 'narrow');
    holder.destroy();
    await staysUsable();
  });

  test('while they are held', async () => {
    const wires = await Promise.all(Array.from({ length: 10 }, () => connectTo(sluice)));
    for (const wire of wires) await wire.write(get('/held') + 'x'.repeat(300_000));
    await eventually('all held', async () => (await sluice.metric('sluice_requests_held')) >= 9);
    for (const wire of wires) wire[manner]();
    await inFlight(0, 'held');
    await staysUsable();
  });

  test('in a pause of the response', async () => {
    script = async (wire) => {
      await wire.readHead();
      await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
      await wire.closed;
    };
    const wire = await connectTo(sluice);
    await wire.write(get('/') + 'x'.repeat(300_000));
    await wire.readTo('some');
    await inFlight(1);
    wire[manner]();
    // A half-closed client may still read: it has two seconds between two pieces.
    await eventually('none', async () => (await sluice.metric('sluice_requests_in_flight', { pool: 'shop' })) === 0, promised(3_000));
    await staysUsable();
  });
});

describe('clients that are not read are seen to have reset their connections', () => {
  test('with endless bytes behind a request', async () => {
    script = silent;
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    await inFlight(1);
    wire.write('x'.repeat(64 * MIB)).catch(() => undefined);
    for (let i = 0; i < 20; i++) await sluice.turn();
    wire.reset();
    await inFlight(0);
    await staysUsable();
  });

  test.each([
    ['an upstream that reads nothing', '/', ['content-length: 67108864'], 'shop'],
    ['an upstream that reads nothing, in chunks', '/', ['transfer-encoding: chunked'], 'shop'],
    ['a connection that is not there yet', '/hole', ['content-length: 67108864'], 'hole'],
    ['an endpoint, held', '/held', ['content-length: 67108864'], 'held'],
  ])('in an upload to %s', async (_what, path, fields, pool) => {
    script = async (wire) => {
      await wire.readHead();
      wire.pause();
      await wire.closed;
    };
    const wire = await connectTo(sluice);
    wire.write(`${requestText('POST', path, fields)}1000000\r\n`.padEnd(16 * MIB, 'x')).catch(() => undefined);
    await inFlight(1, pool);
    for (let i = 0; i < 20; i++) await sluice.turn();
    wire.reset();
    await inFlight(0, pool);
    // They read nothing, so they have not seen that their connections have ended.
    for (const each of upstream.wires) each.destroy();
    await sluice.untilQuiet(0);
  });
});

test('a client that sends more requests than are kept gets a last response that says so', async () => {
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  script = async (wire) => {
    await wire.readMessage();
    await held;
    await wire.write(ok('one', 'connection: close'));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/') + get('/next').repeat(15_000));
  await sluice.turn();
  go();
  const response = await wire.readMessage();
  expect([response.body, response.field('connection')]).toEqual(['one', 'close']);
  expect(await wire.readRest()).toBe('');
  await staysUsable();
});

test('a client that pipelines and leaves: its requests are given up here, too', async () => {
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const paths: string[] = [];
  script = async (wire) => {
    paths.push((await wire.readMessage()).line);
    if (paths.length > 1) return wire.closed;
    await left;
    await wire.write(ok());
  };
  const opened = upstream.wires.length;
  const wire = await connectTo(sluice);
  await wire.write(get('/1') + get('/2'));
  const there = await upstream.wire(opened);
  wire.end();
  await sluice.turn();
  leave();
  const since = performance.now();
  await there.closed;
  expect(paths).toEqual(['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1']);
  expect(performance.now() - since).toBeLessThan(promised(2_000));
  await staysUsable();
});

test('a client that only ends its side after the request gets a prompt response', async () => {
  script = async (wire) => {
    await wire.readMessage();
    await wire.write(ok('in time'));
  };
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  wire.end();
  expect((await wire.readMessage()).body).toBe('in time');
  expect(await wire.readRest()).toBe('');
});

test('a client that pipelines, then only ends its side, gets all its responses', async () => {
  const wire = await connectTo(sluice);
  await wire.write(get('/').repeat(50));
  wire.end();
  for (let i = 0; i < 50; i++) expect((await wire.readMessage()).body, `response ${i}`).toBe('in time');
  expect(await wire.readRest()).toBe('');
});
