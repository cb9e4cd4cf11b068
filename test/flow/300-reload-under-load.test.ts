// Reloads of every kind while clients hold connections, make new ones and upload: clients notice only what the config says.

import { afterEach, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { connectToEach } from './scaffold/by-worker.ts';
import { get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, scaled, promised } from './scaffold/full.ts';
import { freePort } from '../scaffold/free-port.ts';
import { startLoad } from './scaffold/load.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const IN_FORCE_MS = 1000;

test('reloads under load fail no exchange, and each is in force on all workers within a second', { timeout: 90_000 }, async () => {
  const count = scaled(30, 100);
  const upstreams = [await startLoadUpstream('v1'), await startLoadUpstream('v2'), await startLoadUpstream('v1')];
  const addresses = upstreams.map(({ address }) => address);
  const extraPort = await freePort();
  const config = (revision: number): object => reloadConfig(revision, addresses, extraPort);
  const sluice = await startSluice(config(0), { workers: 2 });
  const wires = await connectToEach(sluice, 2);
  const load = startLoad({ port: sluice.port, keepAlive: 4, fresh: 3, uploads: 2 });
  sluice.expectLog(/config rejected|config problem/);
  const began = performance.now();
  let slowestMs = 0;
  let rejected = 0;
  let current = 0;
  for (let step = 1; step <= count; step++) {
    const written = performance.now();
    if (step % 5 === 0) {
      rejected++;
      sluice.writeConfig(step % 2 === 0 ? 'listeners: [\n' : { ...config(step), nonsense: 1 });
      await eventually(
        `reload ${step} rejected`,
        async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) === rejected,
      );
    } else {
      current = step;
      sluice.writeConfig(config(step));
      await eventually(`reload ${step} in force on both workers`, () => allSay(wires, `rev-${step}`), 5000);
      slowestMs = Math.max(slowestMs, performance.now() - written);
    }
    await allSay(wires, `rev-${current}`).then((yes) => expect(yes).toBe(true));
    await pause(Math.max(0, began + step * 200 - performance.now()));
  }
  const tally = await load.stop();
  figure(`${count} reloads in ${((performance.now() - began) / 1000).toFixed(1)} s`, {
    exchanges: tally.exchanges,
    failed: tally.failed,
    truncated: tally.truncated,
    refused: tally.refused,
    slowestInForceMs: slowestMs,
    slowestExchangeMs: tally.slowestMs,
  });
  expect(tally.faults).toEqual([]);
  expect(tally).toMatchObject({ failed: 0, truncated: 0, refused: 0 });
  expect(tally.exchanges).toBeGreaterThan(count * 20);
  expect(slowestMs).toBeLessThan(promised(IN_FORCE_MS));
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_config_reloads_total', { result: 'rejected' })).toBe(rejected);
  expect(metrics.sum('sluice_config_reloads_total', { result: 'applied' })).toBe(count - rejected + 1);
  // Those wires' requests are part of it; none was forgotten when pools and endpoints came and went.
  await eventually(
    `all ${tally.exchanges} to be counted`,
    async () => (await sluice.metric('sluice_requests_total', { route: 'shop' })) >= tally.exchanges,
  );
  for (const wire of wires) wire.destroy();
  await sluice.untilQuiet();
});

/** Every step differs from the one before in something else; all carry their revision. */
function reloadConfig(revision: number, [a = '', b = '', c = '']: readonly string[], extraPort: number): object {
  const kind = revision % 10;
  const split = kind === 1 ? { v1: 20, v2: 80 } : { v1: 50, v2: 50 };
  const v1 = kind === 6 || kind === 7 ? [a, c] : [a];
  const marker = { name: 'revision', match: [{ path: { exact: '/revision' } }], respond: { status: 200, body: `rev-${revision}` } };
  const added = kind === 3 ? [{ name: `added-${revision}`, match: [{ path: { prefix: '/added' } }], pool: 'shop' }] : [];
  const other = kind === 4 ? [{ name: 'other', match: [{ path: { prefix: '/other' } }], pool: 'other' }] : [];
  const base = configFor({
    endpoints: { v1, v2: [b] },
    pool: { split, timeouts: { response: kind === 2 ? '14s' : '15s' } },
    routes: [marker, ...added, ...other],
  }) as { listeners: object[]; pools: object };
  if (kind === 8) base.listeners.push({ name: 'extra', address: `127.0.0.1:${extraPort}` });
  if (kind === 4) base.pools = { ...base.pools, other: { versions: { v1: { endpoints: [c] } } } };
  return base;
}

async function allSay(wires: readonly Wire[], body: string): Promise<boolean> {
  for (const wire of wires) {
    await wire.write(get('/revision'));
    if ((await wire.readMessage()).body !== body) return false;
  }
  return true;
}
