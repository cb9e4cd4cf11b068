// `hold`: requests wait for a bounded time while no endpoint of a version responds, instead of failing.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { promised } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

// Not the address that connections come from: a port of the ephemeral range could connect to itself.
const HOST = '127.0.0.2';

/** A port without a listener, and a way to change that. */
async function place(): Promise<{ readonly address: string; readonly open: () => ReturnType<typeof startUpstream> }> {
  const port = await freePort();
  return {
    address: `${HOST}:${port}`,
    open: () =>
      startUpstream(
        responding((request) => ok(request.body === '' ? 'here' : request.body)),
        { host: HOST, port },
      ),
  };
}

const held = (sluice: Sluice, count: number): Promise<unknown> =>
  eventually(`${count} held`, async () => (await sluice.metric('sluice_requests_held')) === count);

test.each([1, 2])('a deploy that stops the old before it starts the new loses no request, with %i worker(s)', async (workers) => {
  const { address, open } = await place();
  const sluice = await startSluice(configFor({ endpoints: [address], pool: { hold: '10s' } }), { workers });
  const before = await open();
  expect((await ask(sluice, get('/'))).body).toBe('here');
  await before.close();

  const wires = await Promise.all(Array.from({ length: 20 }, () => connectTo(sluice)));
  await Promise.all(wires.map((wire, index) => wire.write(index % 2 === 0 ? get('/') : post('/', `body ${index}`))));
  await eventually('all held but the scouts', async () => (await sluice.metric('sluice_requests_held')) >= 20 - 2 * workers);
  await open();
  const opened = performance.now();
  const responses = await Promise.all(wires.map((wire) => wire.readMessage()));
  expect(performance.now() - opened).toBeLessThan(promised(1_000));
  expect(responses.map(({ body }) => body)).toEqual(wires.map((_, index) => (index % 2 === 0 ? 'here' : `body ${index}`)));
  for (const wire of wires) wire.destroy();
  await sluice.untilQuiet();
  expect(await sluice.metric('sluice_requests_held')).toBe(0);
});

test('waiting ends in 503 when the time is over, and scouts are few', async () => {
  const { address } = await place();
  const sluice = await startSluice(configFor({ endpoints: [address], pool: { hold: '600ms', retries: { attempts: 0 } } }));
  const began = performance.now();
  const responses = await Promise.all(Array.from({ length: 20 }, () => ask(sluice, get('/'))));
  const tookMs = performance.now() - began;
  expect(tookMs).toBeGreaterThan(590);
  expect(tookMs).toBeLessThan(promised(2_000));
  for (const response of responses)
    expect([response.status, response.field('x-sluice-outcome'), response.field('retry-after')]).toEqual([503, 'no_endpoint', '1']);
  // Each came once by itself; then one scout per 100 ms.
  expect(await sluice.counted('sluice_attempts_total', { outcome: 'connect_refused' })).toBeLessThanOrEqual(20 + 12);
});

test('no ready endpoint: probes bring it back, and what waited goes on', async () => {
  let well = false;
  const upstream = await startUpstream(
    responding((request) => (request.line.includes('/healthz') && !well ? 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n' : ok('well'))),
  );
  const health = { interval: '100ms', healthyAfter: 1, unhealthyAfter: 1 };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool: { hold: '10s', health } }));
  sluice.expectLog(/unhealthy/);
  await eventually('unhealthy', async () => (await sluice.metric('sluice_endpoint_ready')) === 0);
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await held(sluice, 1);
  well = true;
  expect((await wire.readMessage()).body).toBe('well');
});

test('a request goes to another version that is ready instead of waiting', async () => {
  const { address } = await place();
  const other = await startUpstream(responding(() => ok('other')));
  const versions = { v1: { endpoints: [address], drain: true }, v2: { endpoints: [other.address] } };
  const sluice = await startSluice(configFor({ pool: { versions, split: { v1: 100, v2: 1 }, hold: '10s' } }));
  expect((await ask(sluice, get('/'))).body).toBe('other');
});

test('limits.pending bounds the requests that wait, and a client that leaves frees its place', async () => {
  const { address } = await place();
  const pool = { hold: '10s', limits: { pending: 2 }, versions: { v1: { endpoints: [address], drain: true } } };
  const sluice = await startSluice(configFor({ pool }));
  const wires = [await connectTo(sluice), await connectTo(sluice)];
  for (const wire of wires) await wire.write(get('/'));
  await held(sluice, 2);
  expect((await ask(sluice, get('/'))).field('x-sluice-outcome')).toBe('overload');
  wires[0]!.reset();
  await held(sluice, 1);
  const third = await connectTo(sluice);
  await third.write(get('/'));
  await held(sluice, 2);
  for (const wire of [wires[1]!, third]) wire.destroy();
  await held(sluice, 0);
});
