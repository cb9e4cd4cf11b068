// Worker threads: how many there are, and what happens when one dies.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectToEach, workerOf } from './scaffold/by-worker.ts';
import { ask, connectAt, get } from './scaffold/client.ts';
import { startCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, promised } from './scaffold/full.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import type { Death } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

async function stillResponds(wire: Wire): Promise<void> {
  await wire.write(get('/bytes/10/1'));
  expect((await wire.readMessage()).status).toBe(200);
}

test.each<Death>(['throw', 'reject', 'exit'])('a worker that dies by %s is replaced within a second; the others go on', async (death) => {
  const upstream = await startLoadUpstream();
  const marker = (body: string) => ({ name: 'marker', match: [{ path: { exact: '/marker' } }], respond: { status: 200, body } });
  const config = (body: string) => configFor({ endpoints: [upstream.address], routes: [marker(body)] });
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(config('one'), { workers: 2, ...mortal(path) });
  sluice.writeConfig(config('two'));
  await eventually('revision 2', async () => (await sluice.metric('sluice_config_revision')) === 2);
  sluice.expectLog(/a worker died|a worker was replaced/);
  const wires = await connectToEach(sluice, 2);
  for (const wire of wires) await wire.write(get('/hold'));
  await eventually(
    'both in flight',
    async () => upstream.held === 2 && (await sluice.metric('sluice_requests_in_flight', { pool: 'shop' })) === 2,
  );
  const began = performance.now();
  await strike(path, 0, death);
  const victim = await eventually('the connection of the dead worker to end', () => wires.find((wire) => wire.ended));
  const survivor = wires.find((wire) => wire !== victim)!;
  await eventually('both workers to serve', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
  });
  figure(`worker replaced after ${death}`, { ms: performance.now() - began });
  expect(performance.now() - began).toBeLessThan(promised(1000));
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_requests_in_flight', { pool: 'shop' })).toBe(1);
  expect(metrics.sum('sluice_endpoint_requests_in_flight', { pool: 'shop' })).toBe(1);
  expect(metrics.sum('sluice_connections')).toBe(1);
  upstream.release();
  expect((await survivor.readMessage()).body).toBe('released');
  await stillResponds(survivor);
  const fresh = await connectToEach(sluice, 2);
  for (const wire of fresh) {
    await wire.write(get('/marker'));
    expect((await wire.readMessage()).body).toBe('two');
  }
  sluice.writeConfig(config('three'));
  await eventually('the new worker takes reloads', async () => {
    for (const wire of fresh) {
      await wire.write(get('/marker'));
      if ((await wire.readMessage()).body !== 'three') return false;
    }
    return true;
  });
  for (const wire of [...fresh, ...wires]) wire.destroy();
  await sluice.untilQuiet();
});

test('a sole worker that dies is replaced, and its Unix socket with it', async () => {
  const folder = makeFolder();
  const [socket, path] = [folder.file('web.sock'), folder.file('mortal')];
  const config = { ...configFor({}), pools: {}, routes: [{ name: 'all', respond: { status: 200, body: 'hi' } }] };
  const listeners = [
    { name: 'tcp', address: '127.0.0.1:0' },
    { name: 'web', address: `unix:${socket}` },
  ];
  const sluice = await startSluice({ ...config, listeners }, { ...mortal(path) });
  sluice.expectLog(/a worker died|a worker was replaced/);
  await strike(path, 0, 'throw');
  await eventually('the restart', async () => (await sluice.metric('sluice_worker_restarts_total')) === 1);
  const wire = await eventually('the socket again', () =>
    existsSync(socket) ? connectAt({ path: socket }).catch(() => undefined) : undefined,
  );
  await wire.write(get());
  expect((await wire.readMessage()).body).toBe('hi');
  expect((await ask(sluice, get(), 'tcp')).body).toBe('hi');
});

test('deaths during a reload leave no worker behind on an old config', async () => {
  const upstream = await startLoadUpstream();
  const config = (body: string) =>
    configFor({
      endpoints: [upstream.address],
      routes: [{ name: 'marker', match: [{ path: { exact: '/marker' } }], respond: { status: 200, body } }],
    });
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(config('rev-0'), { workers: 2, ...mortal(path) });
  sluice.expectLog(/a worker died|was replaced|config applied, but not by every worker|did not take the config|could not be put in force/);
  for (let round = 1; round <= 3; round++) {
    sluice.writeConfig(config(`rev-${round}`));
    await pause(90 + round * 15);
    await strike(path, round % 2, 'throw');
    await eventually(`round ${round}: both serve rev-${round}`, async () => {
      const metrics = await sluice.metrics();
      if (metrics.sum('sluice_workers', { state: 'serving' }) !== 2 || metrics.sum('sluice_worker_restarts_total') !== round) return false;
      const wires = await connectToEach(sluice, 2);
      const bodies = [];
      for (const wire of wires) {
        await wire.write(get('/marker'));
        bodies.push((await wire.readMessage()).body);
        wire.destroy();
      }
      return bodies.every((body) => body === `rev-${round}`);
    });
  }
});

test.each([1, 2])('a worker that dies while it is asked to take a config does not cost the config, of %i', async (workers) => {
  const marker = (body: string) => ({ ...configFor({}), pools: {}, routes: [{ name: 'all', respond: { status: 200, body } }] });
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(marker('old'), { workers, ...mortal(path) });
  sluice.expectLog(/a worker died|was replaced|config applied, but not by every worker/);
  await strike(path, 0, 'stall-exit');
  sluice.writeConfig(marker('new'));
  await eventually('all workers to serve the new config', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_workers', { state: 'serving' }) === workers && metrics.sum('sluice_config_revision') === 2;
  });
  expect(await sluice.metric('sluice_worker_restarts_total')).toBe(1);
  for (let asked = 0; asked < 20; asked++) expect((await ask(sluice, get())).body).toBe('new');
});

test('a worker that stalls does not hold up the other', async () => {
  const upstream = await startLoadUpstream();
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(configFor(upstream), { workers: 2, ...mortal(path) });
  const wires = await connectToEach(sluice, 2);
  await strike(path, 1, 'stall');
  const began = performance.now();
  let responded = 0;
  await Promise.all(
    wires.map(async (wire) => {
      await stillResponds(wire);
      if (performance.now() - began < 700) responded++;
    }),
  );
  expect(responded).toBe(1);
  for (const wire of wires) await stillResponds(wire);
});

test('`workers` of the config, auto and --workers decide how many there are', async () => {
  const folder = makeFolder();
  const config = (workers: number | 'auto') => ({ ...configFor({ endpoints: ['127.0.0.1:1'] }), workers });
  const count = async (...parameters: string[]): Promise<string> => {
    const command = startCommand(['run', ...parameters]);
    const [, workers = ''] = await command.printed(/^sluice ready: .*, (\d+ workers?)$/m);
    command.signal('SIGTERM');
    expect((await command.ended).code).toBe(0);
    return workers;
  };
  const cores = availableParallelism();
  expect(await count('--config', folder.write('auto.yaml', config('auto')))).toBe(cores === 1 ? '1 worker' : `${cores} workers`);
  expect(await count('--config', folder.write('three.yaml', config(3)))).toBe('3 workers');
  expect(await count('--config', folder.file('three.yaml'), '--workers', '1')).toBe('1 worker');
});

test('the worker that serves a request is found by its request ids', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor(upstream), { workers: 2 });
  const [one, two] = await connectToEach(sluice, 2);
  expect(await workerOf(one!)).toBe(await workerOf(one!));
  expect(await workerOf(one!)).not.toBe(await workerOf(two!));
});
