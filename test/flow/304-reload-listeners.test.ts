// Listeners that come, go, move and change their names while they are in use.

import { afterEach, describe, expect, test } from 'vitest';
import { connect } from 'node:net';
import { connectAt, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { startLoad } from './scaffold/load.ts';
import { recipe, startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface Bound {
  readonly name: string;
  readonly address: string;
}

function withListeners(upstream: string, listeners: readonly Bound[]): object {
  return { ...configFor({ endpoints: [upstream] }), listeners };
}

async function applied(sluice: Sluice, revision: number): Promise<void> {
  await eventually(`revision ${revision}`, async () => (await sluice.metric('sluice_config_revision')) === revision);
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(false))).once('error', () => resolve(true));
  });
}

describe.each([1, 2])('with %i worker(s)', (workers) => {
  test('a listener that leaves fails no exchange: requests that came are served, later ones are refused', async () => {
    const upstream = await startLoadUpstream();
    const [stay, leave] = [await freePort(), await freePort()];
    const web = { name: 'web', address: `127.0.0.1:${stay}` };
    const sluice = await startSluice(withListeners(upstream.address, [web, { name: 'extra', address: `127.0.0.1:${leave}` }]), { workers });
    const slow = await connectAt({ host: '127.0.0.1', port: leave });
    await slow.write(get('/bytes/100000/3?slow=600'));
    await slow.readHead();
    const load = startLoad({ port: leave, keepAlive: 6, uploads: 1, untilRefused: true });
    await eventually('load', () => load.tally.exchanges > 50);
    sluice.writeConfig(withListeners(upstream.address, [web]));
    const tally = await load.finished();
    expect(tally.faults).toEqual([]);
    expect(tally).toMatchObject({ failed: 0, truncated: 0 });
    expect(await slow.read(100_000)).toBe(recipe(100_000, 3).toString('latin1'));
    // It was promised to stay open when its response began; it is closed soon, not at its idle timeout.
    await eventually('the connection to be closed', () => slow.ended, 3000);
    expect(await isRefused(leave)).toBe(true);
    expect(await isRefused(stay)).toBe(false);
  });

  test('an application that leaves with its listener, route and pool at once fails no exchange', async () => {
    const upstream = await startLoadUpstream();
    const [stay, leave] = [await freePort(), await freePort()];
    const without = withListeners(upstream.address, [{ name: 'web', address: `127.0.0.1:${stay}` }]) as {
      listeners: object[];
      routes: object[];
      pools: object;
    };
    const sluice = await startSluice(
      {
        ...without,
        listeners: [...without.listeners, { name: 'old', address: `127.0.0.1:${leave}` }],
        routes: [{ name: 'old', listeners: ['old'], pool: 'old' }, ...without.routes],
        pools: { ...without.pools, old: { versions: { v1: { endpoints: [upstream.address] } } } },
      },
      { workers },
    );
    const load = startLoad({ port: leave, keepAlive: 6, uploads: 1, untilRefused: true });
    await eventually('load', () => load.tally.exchanges > 50);
    sluice.writeConfig(without);
    const tally = await load.finished();
    expect(tally.faults).toEqual([]);
    expect(tally).toMatchObject({ failed: 0, truncated: 0 });
    await sluice.untilQuiet(0);
  });

  test('a listener that moves is found at its new address, and no longer at its old one', async () => {
    const upstream = await startLoadUpstream();
    const [from, to] = [await freePort(), await freePort()];
    const sluice = await startSluice(withListeners(upstream.address, [{ name: 'web', address: `127.0.0.1:${from}` }]), { workers });
    sluice.writeConfig(withListeners(upstream.address, [{ name: 'web', address: `127.0.0.1:${to}` }]));
    await applied(sluice, 2);
    const wire = await connectAt({ host: '127.0.0.1', port: to });
    await wire.write(get('/bytes/10/1'));
    expect((await wire.readMessage()).status).toBe(200);
    expect(await isRefused(from)).toBe(true);
  });

  test('a listener that is only renamed keeps its address and its connections', async () => {
    const upstream = await startLoadUpstream();
    const port = await freePort();
    const sluice = await startSluice(withListeners(upstream.address, [{ name: 'web', address: `127.0.0.1:${port}` }]), { workers });
    const load = startLoad({ port, keepAlive: 3, fresh: 3 });
    await eventually('load', () => load.tally.exchanges > 50);
    sluice.writeConfig(withListeners(upstream.address, [{ name: 'edge', address: `127.0.0.1:${port}` }]));
    await applied(sluice, 2);
    const before = load.tally.exchanges;
    await eventually('load goes on', () => load.tally.exchanges > before + 50);
    const tally = await load.stop();
    expect(tally.faults).toEqual([]);
    expect(tally).toMatchObject({ failed: 0, truncated: 0, refused: 0 });
    expect(await sluice.metric('sluice_listener_requests_total', { listener: 'edge' })).toBeGreaterThan(0);
  });
});

test.each([1, 2])('a port may change its host, to all interfaces and back, with %i worker(s)', async (workers) => {
  const upstream = await startLoadUpstream();
  const port = await freePort();
  const at = (host: string): object => withListeners(upstream.address, [{ name: 'web', address: `${host}:${port}` }]);
  const sluice = await startSluice(at('127.0.0.1'), { workers });
  const load = startLoad({ port, keepAlive: 4, fresh: 1 });
  for (const [index, host] of ['0.0.0.0', '127.0.0.1'].entries()) {
    sluice.writeConfig(at(host));
    await applied(sluice, index + 2);
    const before = load.tally.exchanges;
    await eventually('load goes on', () => load.tally.exchanges > before + 30);
  }
  const tally = await load.stop();
  expect(tally.faults).toEqual([]);
  expect(tally).toMatchObject({ failed: 0, truncated: 0, refused: 0 });
  // What the kernel takes in between our last accept and the close of the old socket it resets.
  expect(tally.unaccepted).toBeLessThan(5);
});

test('an address that is taken refuses the reload; the listeners that are there serve on', async () => {
  const upstream = await startLoadUpstream();
  const [port, taken] = [await freePort(), Number(upstream.address.split(':')[1])];
  const web = { name: 'web', address: `127.0.0.1:${port}` };
  const sluice = await startSluice(withListeners(upstream.address, [web]), { workers: 2 });
  sluice.expectLog(/in use by another process.*config could not be put in force/);
  sluice.writeConfig(withListeners(upstream.address, [web, { name: 'extra', address: `127.0.0.1:${taken}` }]));
  await eventually('the refusal', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) === 1);
  const wire = await connectTo(sluice);
  await wire.write(get('/bytes/10/1'));
  expect((await wire.readMessage()).status).toBe(200);
  expect(await sluice.metric('sluice_config_revision')).toBe(1);
});
