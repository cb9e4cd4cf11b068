// Requests that wait for an upstream connection: never sent to an endpoint that left, never for ever, and bounded by the present limits.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import { ok, startUpstream } from '../flow/scaffold/upstream.ts';
import type { Upstream } from '../flow/scaffold/upstream.ts';
import type { Wire } from '../flow/scaffold/wire.ts';

let loops: Promise<void>[] = [];
let looping = false;

afterEach(async () => {
  looping = false;
  const ends = await Promise.allSettled(loops);
  loops = [];
  await closeAll();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
});

/** Clients that send again as soon as they have their response, until the test ends. */
async function startLoops(sluice: Sluice, count: number): Promise<void> {
  looping = true;
  const wires = await Promise.all(Array.from({ length: count }, () => connectTo(sluice)));
  loops = wires.map(async (wire) => {
    while (looping) {
      await wire.write(get('/'));
      expect((await wire.readMessage()).status).toBe(200);
    }
  });
}

/** Takes `tookMs` for each response, so that connections are in use at the same time. */
function startCounting(asked: { count: number }, tookMs: number): Promise<Upstream> {
  return startUpstream(async (wire) => {
    for (;;) {
      await wire.readMessage();
      asked.count++;
      await pause(tookMs);
      await wire.write(ok());
    }
  });
}

test.each([
  ['removed', 1],
  ['removed', 2],
  ['set to weight 0', 1],
  ['set to weight 0', 2],
])('an endpoint that is %s gets nothing more while others wait, with %i connection(s)', async (how, connections) => {
  const old = { count: 0 };
  const fresh = { count: 0 };
  const [a, b] = [(await startCounting(old, 2)).address, (await startCounting(fresh, 2)).address];
  const at = (...endpoints: unknown[]): object => configFor({ endpoints: { v1: endpoints }, pool: { limits: { connections } } });
  const isRemoved = how === 'removed';
  const sluice = await startSluice(isRemoved ? at(a) : at({ address: a, weight: 1 }, { address: b, weight: 0 }));
  await startLoops(sluice, connections + 5);
  await eventually('load', () => old.count > 50);
  sluice.writeConfig(isRemoved ? at(b) : at({ address: a, weight: 0 }, { address: b, weight: 1 }));
  await eventually('the other endpoint to be asked', () => fresh.count > 20, 3000);
  const [before, seen] = [old.count, fresh.count];
  await eventually('it to be asked on', () => fresh.count > seen + 50, 3000);
  expect(old.count - before).toBe(0);
});

test('a lower limit of connections is soon obeyed, however busy they are', async () => {
  const upstream = await startCounting({ count: 0 }, 20);
  // Two connections serve the fifty in half a second, if the machine has nothing else to do.
  const timeouts = { connect: '20s' };
  const limited = (connections: number): object =>
    configFor({ endpoints: [upstream.address], pool: { limits: { connections }, timeouts } });
  const sluice = await startSluice(limited(50));
  await startLoops(sluice, 50);
  await eventually('as many connections as clients', () => upstream.open === 50);
  sluice.writeConfig(limited(2));
  await eventually('2 connections', () => upstream.open <= 2);
  expect(await sluice.counted('sluice_endpoint_connections')).toBeLessThanOrEqual(2);
  sluice.writeConfig(limited(50));
  await eventually('more connections again', () => upstream.open > 25);
});

test('a higher limit of connections serves the requests that wait', async () => {
  const upstream = await startUpstream(() => undefined);
  const timeouts = { connect: '5s' };
  const limited = (connections: number): object =>
    configFor({ endpoints: [upstream.address], pool: { limits: { connections }, timeouts } });
  const sluice = await startSluice(limited(2));
  const wires = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/'));
  await eventually('all six', async () => (await sluice.metric('sluice_requests_in_flight')) === 6);
  expect(upstream.open).toBe(2);
  sluice.writeConfig(limited(50));
  await eventually('a connection for each', () => upstream.open === 6, 3000);
  for (const wire of wires) wire.destroy();
});

/** A pool whose one connection is held until `release`, with two waiting places. */
async function startHeld(connect = '1s'): Promise<{ sluice: Sluice; holder: Wire; release: () => void }> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const upstream = await startUpstream(async (wire) => {
    for (;;) {
      await wire.readMessage();
      await released;
      await wire.write(ok());
    }
  });
  const pool = { limits: { connections: 1, pending: 2 }, timeouts: { connect, response: '0s' } };
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], pool, route: { timeout: '0s' } }));
  const holder = await connectTo(sluice);
  await holder.write(get('/'));
  await upstream.wire(0);
  return { sluice, holder, release };
}

test('an upload whose client left while it waited gives its place away', async () => {
  const { sluice, holder, release } = await startHeld('4s');
  for (let i = 0; i < 2; i++) {
    const wire = await connectTo(sluice);
    // More than is buffered for one that waits: it is read no further, and so its end is not seen.
    await wire.write(requestText('POST', '/', ['content-length: 400000']) + 'x'.repeat(200_000));
    await eventually('it to wait', async () => (await sluice.metric('sluice_requests_in_flight')) === 2 + i);
    wire.destroy();
  }
  await eventually('the places to be free', async () => (await sluice.metric('sluice_requests_in_flight')) === 1, 15_000);
  const fresh = await connectTo(sluice);
  await fresh.write(get('/'));
  await eventually('a fresh one to wait', async () => (await sluice.metric('sluice_requests_in_flight')) === 2);
  release();
  expect([(await holder.readMessage()).status, (await fresh.readMessage()).status]).toEqual([200, 200]);
});

test('no request waits longer than a connection may take', async () => {
  const { sluice } = await startHeld();
  const response = await ask(sluice, get('/'));
  expect([response.status, response.field('x-sluice-outcome')]).toEqual([503, 'overload']);
});
