// Who may change what by the admin API, whichever call it comes by: what a change touches decides.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { call, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';

afterEach(closeAll);

const ROLES = ['viewer', 'operator', 'admin'] as const;
const secretOf = (role: string): string => `secret-of-the-${role}`;
const env = Object.fromEntries(ROLES.map((role) => [`TOKEN_${role}`, secretOf(role)]));
const TOKENS = { tokens: ROLES.map((role) => ({ name: role, role, env: `TOKEN_${role}` })) };
const as = (role: string) => ({ authorization: `Bearer ${secretOf(role)}` });

async function configWith(parts: object): Promise<object> {
  const endpoints: Record<string, readonly string[]> = {};
  for (const name of ['v1', 'v2']) endpoints[name] = [(await startLoadUpstream(name)).address];
  return { ...configFor({ endpoints, pool: { split: { v1: 90, v2: 10 } } }), ...parts };
}

/** The config in force, as an admin reads it and sends it back with something else in it. */
async function configOf(sluice: Sluice, fields: Readonly<Record<string, string>>): Promise<Record<string, object>> {
  return (await call(sluice, 'GET', '/v1/config', undefined, fields)).body as unknown as Record<string, object>;
}

test('a revision from before the tokens opens nothing, whoever restores it and however', { timeout: 60_000 }, async () => {
  const admin = { address: '127.0.0.1:0' };
  const open = await configWith({ admin });
  const sluice = await startSluice(open, { env });
  expect(sluice.logs.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('every caller of the admin API has the role operator'));
  const first = await revisionOf(sluice);
  await setWeights(sluice, { v1: 50, v2: 50 });
  await sluice.writeConfig({ ...open, admin: { ...admin, auth: TOKENS } });
  await eventually('the door is shut', async () => (await call(sluice, 'GET', '/v1/pools')).status === 401);

  const isShut = async (): Promise<void> => expect((await call(sluice, 'GET', '/v1/pools')).status).toBe(401);
  const split = async () => (await call(sluice, 'GET', '/v1/pools/shop/split', undefined, as('viewer'))).body.weights;
  expect((await call(sluice, 'POST', `/v1/revisions/${first}/restore`, {}, as('viewer'))).status).toBe(403);
  const back = await call(sluice, 'POST', `/v1/revisions/${first}/restore`, {}, as('operator'));
  expect(back).toMatchObject({ status: 200, body: { differences: [{ path: 'pools.shop.split.v1' }, { path: 'pools.shop.split.v2' }] } });
  expect(await split()).toEqual({ v1: 90, v2: 10 });
  await isShut();
  for (const role of ['operator', 'admin']) {
    const flags = ['--admin', `http://127.0.0.1:${sluice.adminPort}`, '--token', secretOf(role)];
    expect(await runCommand(['rollback', String(first), '--yes', ...flags])).toMatchObject({ code: 0 });
    expect((await call(sluice, 'POST', `/v1/revisions/${first}/restore`, {}, as(role))).status).toBe(200);
    await isShut();
  }
  // Nor does a file that lost its tokens, before a restart.
  sluice.expectLog(/those of before are needed until a restart/);
  await sluice.writeConfig(open);
  await eventually('the file is taken', () => sluice.logs.some(({ msg }) => msg.includes('needed until a restart')));
  await isShut();
  expect((await call(sluice, 'GET', '/v1/pools', undefined, as('admin'))).status).toBe(200);
});

test('a whole config is judged by its differences', { timeout: 60_000 }, async () => {
  const sluice = await startSluice(await configWith({ admin: { address: '127.0.0.1:0', auth: TOKENS } }), { env });
  const config = await configOf(sluice, as('viewer'));
  const put = (role: string, parts: object, query = '') => call(sluice, 'PUT', `/v1/config${query}`, { ...config, ...parts }, as(role));
  const shop = (parts: object) => ({ pools: { shop: { ...(config['pools'] as { shop: object }).shop, ...parts } } });
  const promoted = { ...config['admin'], auth: { tokens: TOKENS.tokens.map((token) => ({ ...token, role: 'admin' })) } };
  for (const query of ['', '?dryRun=true']) {
    expect(await put('operator', { admin: promoted }, query)).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/^This changes admin\.auth\.tokens\.viewer\.role and 1 more, which needs the role admin/) },
    });
    expect((await put('operator', { workers: 3 }, query)).body.problems).toMatchObject([{ path: 'workers' }]);
    expect((await put('operator', shop({ balancer: 'random' }), query)).body.problems).toMatchObject([{ path: 'pools.shop.balancer' }]);
    expect((await put('admin', { admin: { ...config['admin'], auth: { tokens: [] } } }, query)).status).toBe(403);
    expect((await put('admin', { state: { dir: '/tmp/elsewhere' } }, query)).body.problems).toMatchObject([{ path: 'state.dir' }]);
  }
  expect(await configOf(sluice, as('viewer'))).toEqual(config);
  expect((await put('operator', shop({ split: { v1: 1, v2: 1 } }))).status).toBe(200);
  expect((await put('admin', shop({ balancer: 'random' }))).status).toBe(200);
});

test('the API names no file that the config file does not name, not even for an admin', { timeout: 60_000 }, async () => {
  const config = await configWith({ admin: { address: '127.0.0.1:0', auth: TOKENS } });
  const sluice = await startSluice(config, { env });
  const now = await configOf(sluice, as('viewer'));
  const shop = (now['pools'] as { shop: { versions: object } }).shop;
  const withVersion = (version: object) => ({ pools: { shop: { ...shop, versions: { ...shop.versions, v3: version } } } });
  const path = `${sluice.dir}/profile`;
  const refused: readonly (readonly [object, string])[] = [
    [{ accessLog: { path } }, 'accessLog.path'],
    [{ accessLog: { path: 'profile' } }, 'accessLog.path'],
    [withVersion({ endpointsFile: '/etc/passwd' }), 'pools.shop.versions.v3.endpointsFile'],
    [withVersion({ endpoints: ['unix:/var/run/docker.sock'] }), 'pools.shop.versions.v3.endpoints["unix:/var/run/docker.sock"].address'],
    [{ admin: { ...now['admin'], auth: { tokens: [{ name: 'me', role: 'admin', file: '/etc/hostname' }] } } }, 'admin.auth.tokens.me.file'],
    [
      { listeners: [...(now['listeners'] as unknown as object[]), { name: 'more', address: 'unix:/tmp/more.sock' }] },
      'listeners.more.address',
    ],
  ];
  for (const [parts, field] of refused) {
    const { status, body } = await call(sluice, 'PUT', '/v1/config', { ...now, ...parts }, as('admin'));
    expect([field, status, body.problems]).toEqual([field, 403, expect.arrayContaining([expect.objectContaining({ path: field })])]);
  }
  expect((await call(sluice, 'PUT', '/v1/config', { ...now, accessLog: { path: 'stdout' } }, as('admin'))).status).toBe(200);
  // What the file names may be used, and left.
  const log = `${sluice.dir}/access.log`;
  await sluice.writeConfig({ ...config, accessLog: { path: log } });
  await eventually('the file is in force', async () => JSON.stringify(await configOf(sluice, as('viewer'))).includes(log));
  for (const accessLog of ['off', { path: log, sample: 0.5 }])
    expect((await call(sluice, 'PUT', '/v1/config', { ...now, accessLog }, as('admin'))).status).toBe(200);
  expect(() => readFileSync(path)).toThrow('ENOENT');
});

test('below a folder of admin.files an admin names new files, and nobody else opens or uses one', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sluice = await startSluice(await configWith({ admin: { address: '127.0.0.1:0', auth: TOKENS, files: [folder] } }), { env });
  const now = await configOf(sluice, as('viewer'));
  const put = (role: string, parts: object) => call(sluice, 'PUT', '/v1/config', { ...now, ...parts }, as(role));
  const log = { accessLog: { path: join(folder, 'access.log') } };
  expect((await put('operator', log)).status).toBe(403);
  expect((await put('admin', { accessLog: { path: join(folder, '..', 'access.log') } })).status).toBe(403);
  const opened = await put('admin', { admin: { ...now['admin'], files: [folder, `${folder}-2`] } });
  expect(opened).toMatchObject({ status: 403, body: { problems: [{ path: 'admin.files' }] } });
  expect((await put('admin', log)).status).toBe(200);
  await eventually('the log is there', () => existsSync(log.accessLog.path));
});

test('without tokens nobody is an admin', { timeout: 60_000 }, async () => {
  const sluice = await startSluice(await configWith({}));
  const config = await configOf(sluice, {});
  const path = `${sluice.dir}/written`;
  for (const parts of [
    { accessLog: { path } },
    { admin: { ...config['admin'], auth: { tokens: [{ name: 'me', role: 'admin', env: 'HOME' }] } } },
    { listeners: [] },
    { overload: { memory: 'off' } },
  ])
    expect([403, 422]).toContain((await call(sluice, 'PUT', '/v1/config', { ...config, ...parts })).status);
  const flags = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const told = await runCommand(['config', 'apply', sluice.configPath, ...flags]);
  expect(told).toMatchObject({ code: 0 });
  writeFileSync(`${sluice.dir}/other.json`, JSON.stringify({ ...config, workers: 2 }));
  const refused = await runCommand(['config', 'apply', `${sluice.dir}/other.json`, ...flags]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/every caller has the role operator/);
  expect(refused.stderr).toMatch(/admin\.auth\.tokens/);
  await setWeights(sluice, { v1: 1, v2: 2 });
  expect(await weightsOf(sluice)).toEqual({ v1: 1, v2: 2 });
  expect(() => readFileSync(path)).toThrow('ENOENT');
});
