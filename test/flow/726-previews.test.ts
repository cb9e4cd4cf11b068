// Preview versions: an address for a branch that only those who ask for it meet, and that goes by itself.

import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { PATIENCE_MS, splitOf, startShops, startVersion } from './scaffold/shops.ts';
import { startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { Wire } from './scaffold/wire.ts';
import { connect } from 'node:net';

afterEach(closeAll);

async function versionOf(sluice: Sluice, ...fields: readonly string[]): Promise<string | undefined> {
  const wire = new Wire(connect(sluice.whereOf()));
  try {
    await wire.write(get('/shop', ...fields));
    return (await wire.readMessage()).field('x-version');
  } finally {
    wire.destroy();
  }
}

const listed = async (sluice: Sluice): Promise<readonly { readonly name: string; readonly untilMs: number }[]> =>
  ((await call(sluice, 'GET', '/v1/pools/shop/previews')).body as unknown as { previews: { name: string; untilMs: number }[] }).previews;

test('a preview is met by header or host alone, survives a reload, and is gone when its time is over', { timeout: 60_000 }, async () => {
  const branch = await startVersion('branch');
  const open = { previews: { endpoints: ['127.0.0.2'], hosts: ['*.example.com'], atMost: 2 }, affinity: { cookie: {}, remember: '1h' } };
  const dir = makeFolder().file('state');
  const { sluice, config } = await startShops(['shop'], { rollouts: {}, pool: open, top: { state: { dir } } });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const body = { endpoints: [branch.address], header: { name: 'x-preview', value: 'pr-123' }, ttl: '1h' };
  const path = '/v1/pools/shop/previews/pr-123';

  expect(await call(sluice, 'PUT', `${path}?dryRun=true`, body)).toMatchObject({ status: 200, body: { dryRun: true } });
  expect(await listed(sluice)).toEqual([]);
  expect(await call(sluice, 'PUT', path, { ...body, endpoints: ['169.254.169.254:80'] })).toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining('the role admin, or to be opened for operators by pools.shop.previews.endpoints;') },
  });
  expect((await call(sluice, 'PUT', path, { ...body, endpoints: ['localhost:80'] })).status).toBe(403);
  expect((await call(sluice, 'PUT', path, { ...body, ttl: '30d' })).status).toBe(422);
  expect((await call(sluice, 'PUT', '/v1/pools/shop/previews/v2', body)).status).toBe(422);
  const added = await runCommand([
    'preview',
    'add',
    'shop',
    'pr-123',
    '--endpoint',
    branch.address,
    '--header',
    'x-preview=pr-123',
    '--ttl',
    '1h',
    ...admin,
  ]);
  expect(added).toMatchObject({ code: 0, stderr: '' });
  expect(await versionOf(sluice, 'x-preview: pr-123')).toBe('branch');
  for (let visit = 0; visit < 20; visit++) expect(await versionOf(sluice)).toBe('v1');
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0, 'pr-123': 0 });
  // Nobody gives it a share.
  expect((await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 90, v2: 0, 'pr-123': 10 } })).status).toBe(422);
  expect(await call(sluice, 'POST', '/v1/rollouts', { pool: 'shop', to: 'pr-123' })).toMatchObject({
    status: 422,
    body: { problems: [{ path: 'to', message: expect.stringContaining('preview') }] },
  });
  // Who was at the preview is at home everywhere else.
  const cookie = async (): Promise<string> => {
    const wire = new Wire(connect(sluice.whereOf()));
    await wire.write(get('/shop', 'x-preview: pr-123'));
    const set = (await wire.readMessage()).field('set-cookie') ?? '';
    wire.destroy();
    return set.split(';')[0]!;
  };
  expect(await versionOf(sluice, `cookie: ${await cookie()}`)).toBe('v1');

  const hosted = { endpoints: [branch.address], host: 'pr-7.example.com', ttl: '1h' };
  expect(await call(sluice, 'PUT', '/v1/pools/shop/previews/pr-7', hosted)).toMatchObject({ status: 200 });
  const hostOf = async (host: string): Promise<string | undefined> => {
    const wire = new Wire(connect(sluice.whereOf()));
    await wire.write(`GET /shop HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    const { field } = await wire.readMessage();
    wire.destroy();
    return field('x-version');
  };
  expect([await hostOf('pr-7.example.com'), await hostOf('PR-7.example.com:8080'), await hostOf('pr-70example.com')]).toEqual([
    'branch',
    'branch',
    'v1',
  ]);
  expect((await call(sluice, 'PUT', '/v1/pools/shop/previews/pr-8', { ...hosted, host: 'pr-8.example.com' })).status).toBe(422);
  expect(await call(sluice, 'PUT', '/v1/pools/shop/previews/pr-7', { ...hosted, host: 'pr-7.example.org' })).toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining('by pools.shop.previews.hosts;') },
  });
  const list = await runCommand(['preview', 'list', 'shop', ...admin]);
  expect(list).toMatchObject({ code: 0, stdout: expect.stringMatching(/pr-123 .*x-preview=pr-123[^]*pr-7 .*pr-7\.example\.com/) });
  expect((await runCommand(['status', 'shop', ...admin])).stdout).toMatch(/pr-123.*preview/);
  expect((await runCommand(['preview', 'remove', 'shop', 'pr-7', ...admin])).code).toBe(0);
  expect((await call(sluice, 'DELETE', '/v1/pools/shop/previews/v2')).status).toBe(422);

  // A way back neither takes it away nor is in its way.
  await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 50, v2: 50 } });
  await call(sluice, 'PUT', path, body);
  expect((await runCommand(['rollback', '--yes', ...admin])).code).toBe(0);
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0, 'pr-123': 0 });
  expect(await versionOf(sluice, 'x-preview: pr-123')).toBe('branch');

  // A file that is read again does not take it away.
  sluice.writeConfig(config({ slowStart: '1ms' }));
  await eventually(
    'the reload',
    async () => JSON.stringify((await call(sluice, 'GET', '/v1/config')).body).includes('"slowStart":"1ms"'),
    PATIENCE_MS,
  );
  expect(await versionOf(sluice, 'x-preview: pr-123')).toBe('branch');

  // It ends while Sluice runs, and while it does not.
  await call(sluice, 'PUT', path, { ...body, ttl: '300ms' });
  await eventually('its end', async () => (await listed(sluice)).length === 0, PATIENCE_MS);
  expect(await versionOf(sluice, 'x-preview: pr-123')).toBe('v1');
  expect((await call(sluice, 'GET', '/v1/config/diff')).body.differences).toEqual([]);
  await call(sluice, 'PUT', path, { ...body, ttl: '1s' });
  const [{ untilMs } = { untilMs: 0 }] = await listed(sluice);
  sluice.exitCode = null;
  sluice.signal('SIGKILL');
  await within('the death', sluice.exited, 20_000);
  await eventually('the end of its time', () => Date.now() > untilMs, PATIENCE_MS);
  const next = await startSluice(config(), { workers: 2 });
  await eventually('its end', async () => (await listed(next)).length === 0, PATIENCE_MS);
  expect(await versionOf(next, 'x-preview: pr-123')).toBe('v1');
});
