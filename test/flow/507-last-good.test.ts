// A start with a broken file: it ends with the Problems, or serves what was served last, loudly, until the file is mended.

import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { call, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, Sluice, startSluice } from './scaffold/sluice.ts';
import type { SluiceOptions } from './scaffold/sluice.ts';

afterEach(closeAll);

const FALLBACK: SluiceOptions = { runArguments: ['--fallback-to-last-good'] };

/** All goes to v1, unless a change says otherwise. */
async function configIn(dir: string): Promise<Record<string, unknown>> {
  const [one, two] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const pool = { split: { v1: 100 } };
  return configFor({ endpoints: { v1: [one.address], v2: [two.address] }, pool, top: { state: { dir } } }) as Record<string, unknown>;
}

async function servedBy(sluice: Sluice): Promise<string | undefined> {
  return (await ask(sluice, get('/'))).field('x-version');
}

async function stop(sluice: Sluice): Promise<void> {
  sluice.signal('SIGTERM');
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(0);
}

/** Served, changed by the API, stopped. */
async function serveOnce(config: object): Promise<void> {
  const sluice = await startSluice(config);
  expect(await setWeights(sluice, { v1: 0, v2: 1 })).toBe(2);
  await stop(sluice);
}

/** The last known good, with the file broken. */
async function startBroken(config: object | string, options: SluiceOptions): Promise<Sluice> {
  const sluice = open(new Sluice(typeof config === 'string' ? config : JSON.stringify(config), options));
  sluice.expectLog(/the last known good one is served/);
  sluice.expectLog(/sluice\.yaml:\d+:\d+: /);
  await eventually('the ready line', () => sluice.readyLine !== '');
  return sluice;
}

async function endsWith(config: string, options: SluiceOptions): Promise<string> {
  const sluice = open(new Sluice(config, options));
  sluice.exitCode = 1;
  sluice.expectLog(/./);
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(1);
  expect(sluice.readyLine).toBe('');
  return sluice.logs.map(({ text }) => text).join('\n');
}

test('serves what was served last, says so loudly, and takes the file when it is mended', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const config = await configIn(dir);
  await serveOnce(config);

  const sluice = await startBroken({ ...config, wrokers: 2 }, FALLBACK);
  expect(sluice.readyLine).toMatch(/the last known good config/);
  expect(await servedBy(sluice)).toBe('v2');
  expect(await revisionOf(sluice)).toBe(2);
  expect(await sluice.metric('sluice_config_last_reload_successful')).toBe(0);
  const told = sluice.logs.find(({ msg }) => msg.includes('last known good'))!;
  expect(told.level).toBe(50);
  expect(JSON.stringify(told.fields)).toContain('wrokers');

  // What the API is asked is done meanwhile, and stays over the file that comes.
  expect(await setWeights(sluice, { v1: 1, v2: 3 })).toBe(3);
  expect(await sluice.metric('sluice_config_last_reload_successful')).toBe(0);
  await sluice.writeConfig({ ...config, drain: { timeout: '7s' } });
  await eventually('the mended file', async () => (await revisionOf(sluice)) === 4);
  expect(await sluice.metric('sluice_config_last_reload_successful')).toBe(1);
  expect(await weightsOf(sluice)).toEqual({ v1: 1, v2: 3 });
  expect((await call(sluice, 'GET', '/v1/pools/shop/split')).body.weights).toEqual({ v1: 1, v2: 3 });
});

test('the file that comes wins for a field that it changed itself, as ever', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const config = await configIn(dir);
  await serveOnce(config);
  const sluice = await startBroken({ ...config, wrokers: 2 }, FALLBACK);
  expect(await weightsOf(sluice)).toEqual({ v1: 0, v2: 1 });
  const pools = structuredClone(config['pools']) as { shop: { split: object } };
  pools.shop.split = { v1: 3, v2: 1 };
  await sluice.writeConfig({ ...config, pools });
  await eventually('the weights of the file', async () => (await weightsOf(sluice))['v1'] === 3);
});

test('where the text cannot be read at all, the state folder can be named', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  await serveOnce(await configIn(dir));
  expect(await endsWith('pools: {', FALLBACK)).toMatch(/no last known good config.*--fallback-to-last-good <dir>/);
  const sluice = await startBroken('pools: {', { runArguments: ['--fallback-to-last-good', dir] });
  expect(await servedBy(sluice)).toBe('v2');
});

test('it is not asked for, or nothing was kept: the Problems, and exit 1', { timeout: 60_000 }, async () => {
  const folder = makeFolder();
  const broken = JSON.stringify({ ...(await configIn(folder.file('state'))), wrokers: 2 });
  await serveOnce(await configIn(folder.file('state')));
  const without = await endsWith(broken, {});
  expect(without).toMatch(/sluice\.yaml:1:\d+: unknown key "wrokers" \(did you mean "workers"\?\)/);
  expect(without).not.toMatch(/last known good/);

  mkdirSync(folder.file('empty'));
  expect(await endsWith('pools: {', { runArguments: ['--fallback-to-last-good', folder.file('empty')] })).toMatch(
    /there is no last known good config to fall back to in .*empty/,
  );
  // A file in the place of the folder.
  writeFileSync(folder.file('none'), '');
  await endsWith('pools: {', { runArguments: ['--fallback-to-last-good', folder.file('none')] });
});
