// Nothing dangerous by omission: what the API and the command line want to be told before they do it, and how a rollback walks back.

import { afterEach, expect, test } from 'vitest';
import { call, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import type { Ended } from './scaffold/command.ts';
import { closeAll } from './scaffold/open.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

async function startShop(split: object = { v1: 100, v2: 0 }): Promise<Sluice> {
  const endpoints: Record<string, readonly string[]> = {};
  for (const name of ['v1', 'v2']) endpoints[name] = [(await startLoadUpstream(name)).address];
  return startSluice(configFor({ endpoints, pool: { split } }));
}

const sluiceCommand = (sluice: Sluice, ...words: readonly string[]): Promise<Ended> =>
  runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
const ramp = async (sluice: Sluice, ...shares: readonly number[]): Promise<void> => {
  for (const share of shares) await setWeights(sluice, { v1: 100 - share, v2: share });
};

test('one of several versions is a share or a mistake', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  for (const query of ['', '?dryRun=true'])
    expect(await call(sluice, 'PUT', `/v1/pools/shop/split${query}`, { weights: { v2: 10 } })).toMatchObject({
      status: 422,
      body: { problems: [{ path: 'pools.shop.split', message: expect.stringContaining('only "v2" of 2 versions is named') }] },
    });
  const refused = await sluiceCommand(sluice, 'split', 'shop', 'v2=10');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/split shop v2=10% .*\n.*split shop v1=0 v2=10 /);
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
  expect(await sluiceCommand(sluice, 'split', 'shop', 'v2=10%')).toMatchObject({ code: 0, stderr: '' });
  expect(await weightsOf(sluice)).toEqual({ v1: 90, v2: 10 });
});

test('most of the users at once: the command line asks, the API obeys', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const refused = await sluiceCommand(sluice, 'split', 'shop', 'v2=51%');
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('51 % of the users of shop') });
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
  expect((await sluiceCommand(sluice, 'split', 'shop', 'v2=50%')).code).toBe(0);
  expect((await sluiceCommand(sluice, 'split', 'shop', 'v1=0', 'v2=1', '--yes')).code).toBe(0);
  await setWeights(sluice, { v1: 1, v2: 0 });
  // Back to the file, which says the same with another number.
  expect((await sluiceCommand(sluice, 'split', 'shop', '--reset')).code).toBe(0);
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
});

test('the last version that responds is drained when that is meant', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const version = '/v1/pools/shop/versions/v1';
  const endpoints = (await call(sluice, 'GET', version)).body.endpoints;
  for (const path of [version, `${version}/endpoints/${encodeURIComponent(endpoints[0]!.address)}`])
    expect(await call(sluice, 'POST', `${path}/drain`, {})).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/no version left that responds.* Send "force": true/) },
    });
  expect((await sluiceCommand(sluice, 'drain', 'shop', 'v1')).code).toBe(2);
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v2/drain', {})).status).toBe(200);
  expect((await call(sluice, 'POST', `${version}/drain`, { force: true })).status).toBe(200);
  expect((await call(sluice, 'POST', `${version}/drain`, {})).status).toBe(200);
  expect((await sluiceCommand(sluice, 'resume', 'shop', 'v1')).code).toBe(0);
  expect((await sluiceCommand(sluice, 'drain', 'shop', 'v1', '--yes')).code).toBe(0);
});

test('a rollback undoes a whole ramp, once, and a step at a time', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  await ramp(sluice, 5, 25, 50);
  const top = await revisionOf(sluice);
  const back = await sluiceCommand(sluice, 'rollback', '--yes');
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(back.stdout).toContain(`it undoes revisions ${top - 2} to ${top}`);
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
  for (let again = 0; again < 2; again++) {
    const same = await sluiceCommand(sluice, 'rollback', '--yes');
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/^already rolled back: revision/) });
  }
  expect([await weightsOf(sluice), await revisionOf(sluice)]).toEqual([{ v1: 100, v2: 0 }, top + 1]);

  await ramp(sluice, 10, 20);
  await call(sluice, 'PUT', '/v1/pools/shop/overrides/qa', { header: { name: 'x-qa', value: '1' }, version: 'v2' });
  await ramp(sluice, 30);
  const overrides = async (): Promise<readonly string[]> =>
    (await call(sluice, 'GET', '/v1/pools/shop/overrides')).body.overrides.map(({ name }) => name);
  expect((await sluiceCommand(sluice, 'rollback', '--yes')).code).toBe(0);
  expect([await weightsOf(sluice), await overrides()]).toEqual([{ v1: 80, v2: 20 }, ['qa']]);
  for (const weights of [
    { v1: 80, v2: 20 },
    { v1: 90, v2: 10 },
    { v1: 100, v2: 0 },
  ]) {
    expect((await sluiceCommand(sluice, 'rollback', '--step', '--yes')).code).toBe(0);
    expect([await weightsOf(sluice), await overrides()]).toEqual([weights, []]);
  }
});

test('what the API changed is taken back as a whole', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ v1: 90, v2: 10 });
  const first = (await call(sluice, 'GET', '/v1/config')).body;
  await setWeights(sluice, { v1: 80, v2: 20 });
  await call(sluice, 'PUT', '/v1/pools/shop/overrides/qa', { header: { name: 'x-qa', value: '1' }, version: 'v2' });
  expect((await sluiceCommand(sluice, 'override', 'reset', 'shop')).code).toBe(0);
  const tried = await sluiceCommand(sluice, 'config', 'reset', '--dry-run');
  expect(tried).toMatchObject({ code: 0, stdout: expect.stringMatching(/pools\.shop\.split\.v1 +80 -> 90/) });
  expect((await sluiceCommand(sluice, 'config', 'reset')).code).toBe(0);
  expect((await call(sluice, 'GET', '/v1/config')).body).toEqual(first);
});

test('a split that a reset, a config or a restore brings along is not given to drained versions alone', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  await setWeights(sluice, { v1: 0, v2: 100 });
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', {})).status).toBe(200);
  const config = (await call(sluice, 'GET', '/v1/config')).body as unknown as { readonly pools: { readonly shop: object } };
  const document = { ...config, pools: { shop: { ...config.pools.shop, split: { v1: 1, v2: 0 } } } };
  const calls = [
    ['DELETE', '/v1/pools/shop/split', undefined, /Send force=true in the query/],
    ['PUT', '/v1/config', document, /Send force=true in the query/],
    ['POST', '/v1/revisions/1/restore', { pools: ['shop'] }, undefined],
  ] as const;
  for (const [method, path, body, refused] of calls) {
    for (const query of ['?dryRun=true', '']) {
      const { status, body: said } = await call(sluice, method, path + query, body);
      // That revision had no drain: with its split its version comes back.
      if (refused === undefined) expect(status).toBe(200);
      else expect([status, said.detail]).toEqual([409, expect.stringMatching(refused)]);
    }
  }
  await setWeights(sluice, { v1: 0, v2: 100 });
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', {})).status).toBe(200);
  const unattended = await sluiceCommand(sluice, 'split', 'shop', '--reset');
  expect(unattended).toMatchObject({ code: 2, stderr: expect.stringContaining('are drained') as string });
  expect(unattended.stderr).not.toContain('force=true');
  expect(await weightsOf(sluice)).toEqual({ v1: 0, v2: 100 });
  expect((await call(sluice, 'PUT', '/v1/config?force=true&dryRun=true', document)).status).toBe(200);
  expect(await sluiceCommand(sluice, 'split', 'shop', '--reset', '--yes')).toMatchObject({ code: 0 });
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
  // What it came from: a restore of it is a split of drained versions alone.
  const revision = await revisionOf(sluice);
  await setWeights(sluice, { v1: 0, v2: 100 });
  expect(await call(sluice, 'POST', `/v1/revisions/${revision}/restore`, {})).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('Send "force": true') as string },
  });
  expect((await call(sluice, 'POST', `/v1/revisions/${revision}/restore`, { force: true })).status).toBe(200);
});
