// CF-30: reloads in a storm. CF-31: a reload takes away what is in use. CF-32: a worker is late with a config.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectToEach } from '../flow/scaffold/by-worker.ts';
import { ask, connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { figure, scaled } from '../flow/scaffold/full.ts';
import { startLoadUpstream } from '../flow/scaffold/load-upstream.ts';
import { startLoad } from '../flow/scaffold/load.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import type { Wire } from '../flow/scaffold/wire.ts';
import { leavesNothing } from './leak-check.ts';
import { startMortals } from './mortal-upstream.ts';
import { at, poolsConfig, startRig } from './rig.ts';

afterEach(closeAll);

function marker(body: string): object {
  return { name: 'marker', match: [{ path: { exact: '/marker' } }], respond: { status: 200, body } };
}

async function marks(wires: readonly Wire[]): Promise<string[]> {
  return Promise.all(
    wires.map(async (wire) => {
      await wire.write(get('/marker'));
      return (await wire.readMessage()).body;
    }),
  );
}

/** Resolves when all workers have it. */
async function reload(sluice: Sluice, config: object): Promise<void> {
  const before = await sluice.metric('sluice_config_revision');
  sluice.writeConfig(config);
  await eventually('the reload', async () => (await sluice.metric('sluice_config_revision')) > before);
}

test(
  'CF-30: reloads without end, good and bad, while there is load: nothing fails and nothing piles up',
  { timeout: 300_000 },
  async () => {
    const [v1, v2] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
    const writes = scaled(30, 1_000);
    let number = 0;
    // Pools, routes, versions and limits come, go and change.
    const config = (): object => {
      number++;
      const parts = {
        endpoints: { v1: [v1.address], v2: [v2.address] },
        pool: { split: { v1: number % 100, v2: 50 } },
        routes: [marker(`m-${number}`)],
      };
      const made = configFor(parts) as { pools: object; routes: object[] };
      const extra = { [`extra-${number % 7}`]: { ...at(v2.address), timeouts: { response: `${10 + (number % 5)}s` } } };
      return number % 3 === 0 ? { ...made, pools: { ...made.pools, ...extra } } : made;
    };
    const rig = await startRig(config());
    const { sluice } = rig;
    sluice.expectLog(/config rejected|config problem|no route leads to this pool/);
    await leavesNothing(rig, async () => {
      const load = startLoad({ port: sluice.port, keepAlive: 3, fresh: 2, uploads: 1 });
      const before = await sluice.metrics();
      for (let written = 0; written < writes; written++) {
        sluice.writeConfig(written % 4 === 3 ? { ...config(), nonsense: written } : config());
        await pause(60 + (written % 3) * 60);
      }
      sluice.writeConfig(config());
      await eventually('the last one', async () => (await ask(sluice, get('/marker'))).body === `m-${number}`);
      const tally = await load.stop();
      const after = await sluice.metrics();
      const more = (result: string): number =>
        after.sum('sluice_config_reloads_total', { result }) - before.sum('sluice_config_reloads_total', { result });
      figure(`${writes} writes`, { applied: more('applied'), rejected: more('rejected'), exchanges: tally.exchanges });
      expect(tally.faults).toEqual([]);
      expect(tally).toMatchObject({ failed: 0, truncated: 0, refused: 0, unaccepted: 0 });
      expect(more('applied')).toBeGreaterThan(writes / 8);
      expect(more('rejected')).toBeGreaterThan(0);
    });
  },
);

test('CF-31: a pool and a version go while they are used: what began ends well, their connections close, users move on', async () => {
  const [v1, v2] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const [other] = await startMortals('other');
  const affinity = { cookie: { name: 'sid' } };
  const both = poolsConfig({
    shop: { versions: { v1: { endpoints: [v1.address] }, v2: { endpoints: [v2.address] } }, split: { v1: 0, v2: 1 }, affinity },
    other: at(other!.address),
  });
  const less = poolsConfig({ shop: { versions: { v1: { endpoints: [v1.address] } }, affinity } });
  const rig = await startRig(both);
  const { sluice } = rig;
  const held: (() => void)[] = [];
  other!.respond = (_request, response) => void held.push(() => response.end('late'));
  await leavesNothing(rig, async () => {
    const first = await ask(sluice, get('/'));
    expect(first.field('x-version')).toBe('v2');
    const cookie = `cookie: ${first.field('set-cookie')?.split(';')[0]}`;
    const inPool = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
    for (const wire of inPool) await wire.write(get('/other'));
    const inVersion = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
    for (const wire of inVersion) await wire.write(get('/hold', cookie));
    await eventually('all at their upstreams', () => held.length === 6 && v2.held === 6);
    await reload(sluice, less);
    expect((await ask(sluice, get('/other'))).field('x-version')).toBe('v1');
    expect((await ask(sluice, get('/', cookie))).field('x-version')).toBe('v1');
    for (const finish of held.splice(0)) finish();
    v2.release();
    for (const wire of inPool) expect((await wire.readMessage()).body).toBe('late');
    for (const wire of inVersion) expect((await wire.readMessage()).body).toBe('released');
    for (const wire of [...inPool, ...inVersion]) wire.destroy();
    await eventually('their connections closed', async () => (await other!.open()) === 0);
    await eventually('their gauges', async () => (await sluice.metrics()).sum('sluice_endpoint_connections', { version: 'v2' }) === 0);
    await reload(sluice, both);
    expect((await ask(sluice, get('/', cookie))).field('x-version')).toBe('v2');
  });
});

test.each([0, 1])('CF-32: worker %i is late with a config: it is not in force before both have it', async (worker) => {
  const [upstream] = await startMortals('a');
  const config = (body: string): object => poolsConfig({ shop: at(upstream!.address) }, { routes: [marker(body)] });
  const rig = await startRig(config('m-1'));
  const { sluice, inside } = rig;
  let revision = 1;
  await leavesNothing(rig, async () => {
    const wires = await connectToEach(sluice, 2);
    expect(await marks(wires)).toEqual([`m-${revision}`, `m-${revision}`]);
    await inside.obey({ kind: 'stall', worker, ms: 1_500 });
    const began = performance.now();
    sluice.writeConfig(config(`m-${revision + 1}`));
    await eventually('the revision', async () => {
      const now = await sluice.metric('sluice_config_revision');
      expect(now).toBe(performance.now() - began > 1_300 ? now : revision);
      return now > revision;
    });
    revision++;
    // From the moment at which it counts as applied no worker serves the old one.
    expect(await marks(wires)).toEqual([`m-${revision}`, `m-${revision}`]);
    const line = await eventually('the log line', () =>
      sluice.logs.find(({ msg, fields }) => msg === 'config applied' && fields['revision'] === revision),
    );
    expect(line.fields['workers']).toEqual({ applied: 2, total: 2 });
    for (const wire of wires) wire.destroy();
  });
});
