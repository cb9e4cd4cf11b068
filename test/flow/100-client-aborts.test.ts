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
  const narrow = { versions: { v1: { endpoints: [upstream.address] } }, limits: { connections: 1 } };
  const config = configFor({
    endpoints: [upstream.address],
    routes: [
      { name: 'hole', match: [{ path: { prefix: '/hole' } }], pool: 'hole' },
      { name: 'narrow', match: [{ path: { prefix: '/narrow' } }], pool: 'narrow' },
    ],
  }) as { pools: object };
  sluice = await startSluice({ ...config, pools: { ...config.pools, hole: holed, narrow } });
});
afterAll(closeAll);

const silent = async (wire: Wire): Promise<void> => {
  await wire.readHead();
  await wire.closed;
};

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
