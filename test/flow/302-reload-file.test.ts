// The ways in which a config file changes on real disks, and what a reload may never touch.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { digestOf, recipe, startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const NO_POOLS = { pools: {} };

/** A config that only says which one it is. */
function marked(text: string, more: object = {}): string {
  const routes = [{ name: 'all', respond: { status: 200, body: text } }];
  return JSON.stringify({ ...configFor({}), ...NO_POOLS, routes, ...more });
}

function says(sluice: Sluice, body: string): Promise<boolean> {
  return eventually(`serves ${body}`, async () => (await ask(sluice, get())).body === body, 3000);
}

test('rename-over, writing in place, SIGHUP: each takes effect; the log says what changed', async () => {
  const sluice = await startSluice(marked('one'));
  sluice.writeConfig(marked('two'));
  await says(sluice, 'two');
  writeFileSync(sluice.configPath, marked('three'));
  await says(sluice, 'three');
  const applied = await eventually('three log lines', () => {
    const lines = sluice.logs.filter((line) => line.msg === 'config applied');
    return lines.length === 3 && lines;
  });
  expect(applied.map((line) => line.fields['revision'])).toEqual([1, 2, 3]);
  expect(JSON.stringify(applied[2]!.fields['changes'])).toContain('three');
  sluice.signal('SIGHUP');
  await eventually('an unchanged reload', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'unchanged' })) === 1);
  expect(await sluice.metric('sluice_config_revision')).toBe(3);
  const unchanged = await eventually('the log line', () => sluice.logs.find((line) => line.msg === 'config unchanged'));
  expect(unchanged.fields['cause']).toBe('signal');
});

test('a storm of SIGHUP is one reload or few', async () => {
  const sluice = await startSluice(marked('one'));
  for (let sent = 0; sent < 100; sent++) sluice.signal('SIGHUP');
  await eventually('a reload', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'unchanged' })) > 0);
  await pause(300);
  expect(await sluice.metric('sluice_config_reloads_total', { result: 'unchanged' })).toBeLessThan(5);
});

test('swaps of the `..data` link are seen, each of them', async () => {
  const sluice = await startSluice(marked('start'));
  const swap = (name: string): void => {
    mkdirSync(join(sluice.dir, `..${name}`));
    writeFileSync(join(sluice.dir, `..${name}`, 'sluice.yaml'), marked(name));
    symlinkSync(`..${name}`, join(sluice.dir, '..data_tmp'));
    renameSync(join(sluice.dir, '..data_tmp'), join(sluice.dir, '..data'));
  };
  swap('first');
  symlinkSync('..data/sluice.yaml', join(sluice.dir, 'link'));
  renameSync(join(sluice.dir, 'link'), sluice.configPath);
  await says(sluice, 'first');
  for (const name of ['second', 'third', 'fourth']) {
    swap(name);
    await says(sluice, name);
  }
});

test('a file that arrives in three pieces is never served in part', async () => {
  const sluice = await startSluice(marked('whole'));
  const text = marked('new');
  sluice.expectLog(/config rejected|config problem/);
  writeFileSync(sluice.configPath, text.slice(0, 60));
  for (const [from, to] of [
    [60, text.length - 30],
    [text.length - 30, text.length],
  ] as const) {
    await pause(200);
    expect((await ask(sluice, get())).body).toBe('whole');
    appendFileSync(sluice.configPath, text.slice(from, to));
  }
  await says(sluice, 'new');
});

test('a deleted, empty, unreadable or directory config changes nothing; the next good one counts', async () => {
  const sluice = await startSluice(marked('good'));
  sluice.expectLog(/config/);
  rmSync(sluice.configPath);
  await eventually('a warning that it is gone', () => sluice.logs.some((line) => /is gone/.test(line.msg)));
  expect((await ask(sluice, get())).body).toBe('good');
  writeFileSync(sluice.configPath, '');
  await eventually(
    'the empty file rejected',
    async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) === 1,
  );
  expect((await ask(sluice, get())).body).toBe('good');
  rmSync(sluice.configPath);
  mkdirSync(sluice.configPath);
  await eventually(
    'the directory rejected',
    async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) === 2,
    4000,
  );
  expect((await ask(sluice, get())).body).toBe('good');
  rmSync(sluice.configPath, { recursive: true });
  writeFileSync(sluice.configPath, marked('better'));
  await says(sluice, 'better');
});

test('a rejected reload names file, line and column, is counted, and the old Table serves on', async () => {
  const sluice = await startSluice(marked('good'));
  sluice.expectLog(/config rejected|config problem/);
  sluice.writeConfig('listeners:\n  - name: web\n    addres: 127.0.0.1:0\n');
  await eventually('the Problem in the log', () =>
    sluice.logs.some((line) => line.msg === 'config problem' && /sluice\.yaml:3:5: .*address/.test(String(line.fields['at']))),
  );
  expect(sluice.logs.some((line) => line.msg === 'config rejected, what was served stays')).toBe(true);
  expect(await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })).toBe(1);
  expect((await ask(sluice, get())).body).toBe('good');
});

test('exchanges under way outlive their pool, and its return counts from nothing', async () => {
  const upstream = await startLoadUpstream();
  const other = await startLoadUpstream('other');
  const at = (address: string) => ({ versions: { v1: { endpoints: [address] } } });
  const routes = [{ name: 'other', match: [{ path: { prefix: '/' }, headers: { 'x-pool': 'other' } }], pool: 'other' }];
  const without = configFor({ endpoints: [upstream.address] }) as { pools: object };
  const withOther = configFor({ endpoints: [upstream.address], routes }) as { pools: object };
  withOther.pools = { ...withOther.pools, other: at(other.address) };
  const sluice = await startSluice(withOther);
  const holding = await connectTo(sluice);
  await holding.write(get('/hold', 'x-pool: other'));
  const loading = await connectTo(sluice);
  await loading.write(get('/bytes/300000/7?slow=1500', 'x-pool: other'));
  const uploading = await connectTo(sluice);
  const body = recipe(100_000, 3);
  await uploading.write(requestText('POST', '/digest', ['x-pool: other', `content-length: ${body.length}`]));
  await uploading.write(body.subarray(0, 50_000));
  await eventually('all three at the upstream', () => other.requests === 3);
  sluice.writeConfig(without);
  await eventually('the new config', async () => (await sluice.metric('sluice_config_revision')) === 2);
  other.release();
  expect((await holding.readMessage()).body).toBe('released');
  await uploading.write(body.subarray(50_000));
  expect((await uploading.readMessage()).body).toBe(digestOf(body));
  expect((await loading.readMessage()).body).toBe(recipe(300_000, 7).toString('latin1'));
  // The connections themselves stay, and find the new Table.
  await holding.write(get('/bytes/5/1', 'x-pool: other'));
  expect((await holding.readMessage()).field('x-version')).toBe('v1');
  sluice.writeConfig(withOther);
  await eventually('the pool again', async () => (await ask(sluice, get('/', 'x-pool: other'))).field('x-version') === 'other');
  for (const wire of [holding, loading, uploading]) wire.destroy();
  await sluice.untilQuiet();
  expect(await sluice.counted('sluice_request_duration_seconds_count', { pool: 'other' })).toBe(1);
});

test('counters and the stream of the split go on over a reload', async () => {
  const [v1, v2] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const config = (response: string): object =>
    configFor({ endpoints: { v1: [v1.address], v2: [v2.address] }, pool: { split: { v1: 50, v2: 50 }, timeouts: { response } } });
  const sluice = await startSluice(config('10s'));
  const wire = await connectTo(sluice);
  const seen: string[] = [];
  for (let revision = 1; revision <= 4; revision++) {
    if (revision > 1) sluice.writeConfig(config(`${10 + revision}s`));
    await eventually(`revision ${revision}`, async () => (await sluice.metric('sluice_config_revision')) === revision);
    for (let sent = 0; sent < 150; sent++) {
      await wire.write(get());
      seen.push((await wire.readMessage()).field('x-version') ?? '');
    }
  }
  await sluice.turn();
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_requests_total', { route: 'shop' })).toBe(600);
  // Of an even number in a row half are v1, give or take one; a start anew adds what is between two strata that do not fit, each time.
  const ahead = seen.reduce<number[]>((sums, version) => [...sums, sums.at(-1)! + (version === 'v1' ? 0.5 : -0.5)], [0]);
  for (const parity of [0, 1]) {
    const sums = ahead.filter((_, sent) => sent % 2 === parity);
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(1);
  }
});
