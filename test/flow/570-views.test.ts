// What is wrong can be seen: figures of the last while, one page of state, and a file that is refused.

import { afterEach, expect, test } from 'vitest';
import type { ConfigDiff, Overview } from '../../src/api/overview.ts';
import type { PoolStatus } from '../../src/api/pools.ts';
import type { PoolStats } from '../../src/api/stats.ts';
import { call, journalOf, setWeights } from './scaffold/admin.ts';
import { ask, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice } from './scaffold/sluice.ts';
import { responding, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

async function read<T>(sluice: Sluice, path: string): Promise<T> {
  const { status, body } = await call(sluice, 'GET', path);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as unknown as T;
}

const overviewOf = (sluice: Sluice): Promise<Overview> => read(sluice, '/v1/overview');

/** v1 is well, v2 responds with 500; an override leads to v2. */
async function startShop(more: ConfigParts = {}) {
  const good = await startUpstream(responding(() => 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const bad = await startUpstream(responding(() => 'HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno'));
  const overrides = [{ name: 'qa', header: { name: 'x-qa', value: '1' }, version: 'v2' }];
  const config = (parts: ConfigParts = {}): object =>
    configFor({
      endpoints: { v1: [good.address], v2: [bad.address] },
      pool: { split: { v1: 100, v2: 0 }, overrides, ...parts.pool },
      ...more,
    });
  const sluice = await startSluice(config(), { workers: 1 });
  const send = async (version: 'v1' | 'v2', times: number): Promise<void> => {
    for (let sent = 0; sent < times; sent++) await ask(sluice, version === 'v2' ? get('/', 'x-qa: 1') : get('/'));
    await sluice.turn();
  };
  return { sluice, config, send, good, bad };
}

test('an instance that has seen nothing says so: no rate of errors, no latency', { timeout: 60_000 }, async () => {
  const { sluice } = await startShop();
  const stats = await read<PoolStats>(sluice, '/v1/pools/shop/stats');
  expect(stats).toMatchObject({ pool: 'shop', windowMs: 60_000, requests: 0, perSecond: 0, errors: 0 });
  for (const version of stats.versions)
    for (const absent of ['errorRate', 'p50', 'p99', 'timeToFirstByte', 'measuredShare']) expect(version).not.toHaveProperty(absent);
  expect(stats.measuredMs).toBeLessThan(60_000);
  const overview = await overviewOf(sluice);
  expect(overview).toMatchObject({
    findings: [],
    findingCount: 0,
    file: { state: 'taken', differences: 0 },
    workers: { applied: 1, total: 1 },
  });
  expect(overview.pools[0]!.versions.map(({ name, share }) => [name, share])).toEqual([
    ['v1', 1],
    ['v2', 0],
  ]);
});

test('a version that fails is seen in figures and among what is wrong', { timeout: 60_000 }, async () => {
  const { sluice, send, bad } = await startShop();
  await send('v1', 60);
  await send('v2', 40);
  const { versions, ...pool } = await read<PoolStats>(sluice, '/v1/pools/shop/stats?window=60s');
  expect(pool).toMatchObject({ requests: 100, errors: 40, errorRate: 0.4 });
  expect(pool.perSecond).toBeGreaterThan(0);
  const [v1, v2] = versions;
  expect(v1).toMatchObject({ name: 'v1', requests: 60, errors: 0, errorRate: 0, share: 1, measuredShare: 0.6, rescued: 0, inFlight: 0 });
  expect(v2).toMatchObject({ name: 'v2', requests: 40, errors: 40, errorRate: 1, share: 0, measuredShare: 0.4 });
  for (const { p50, p90, p99, timeToFirstByte } of versions) {
    expect(p50).toBeGreaterThan(0);
    expect(p90).toBeGreaterThanOrEqual(p50!);
    expect(p99).toBeGreaterThanOrEqual(p90!);
    expect(timeToFirstByte!.p50).toBeLessThanOrEqual(p50! * 1.15);
  }
  expect(v2!.endpoints).toMatchObject([{ address: bad.address, requests: 40, errors: 40, errorRate: 1, ejections: 0, inFlight: 0 }]);
  const { findings, pools } = await overviewOf(sluice);
  expect(findings).toMatchObject([
    { severity: 'error', code: 'version-failing', place: 'pools.shop.versions.v2', pool: 'shop', version: 'v2' },
  ]);
  expect(findings[0]!.message).toMatch(/^Version v2 of shop failed 40 of 40 requests in the last \d+ s\.$/);
  expect(pools[0]!.versions[1]).toMatchObject({ name: 'v2', ready: true, requests: 40, errorRate: 1, endpoints: { ready: 1, total: 1 } });
});

test('the time to the head is told apart from the end of the body', { timeout: 60_000 }, async () => {
  const slow = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nok');
    await new Promise((resolve) => void setTimeout(resolve, 300));
    await wire.write('ok');
  });
  const sluice = await startSluice(configFor(slow), { workers: 1 });
  await ask(sluice, get('/'));
  const [version] = (
    await eventually('the request is counted', async () => {
      const stats = await read<PoolStats>(sluice, '/v1/pools/shop/stats');
      return stats.requests === 1 ? stats : undefined;
    })
  ).versions;
  expect(version!.p50).toBeGreaterThan(270);
  expect(version!.timeToFirstByte!.p50).toBeLessThan(version!.p50! / 2);
});

test('windows are 1s to 5m', { timeout: 60_000 }, async () => {
  const { sluice } = await startShop();
  expect((await read<PoolStats>(sluice, '/v1/pools/shop/stats?window=5m')).windowMs).toBe(300_000);
  for (const window of ['0s', '999ms', '5m1s', '6m', '1h', 'x', '', '-1s', '60'])
    expect((await call(sluice, 'GET', `/v1/pools/shop/stats?window=${window}`)).status, window).toBe(400);
  expect((await call(sluice, 'GET', '/v1/pools/nope/stats')).status).toBe(404);
});

test('a refused file, and what the API changed over it', { timeout: 60_000 }, async () => {
  const { sluice, config } = await startShop();
  await setWeights(sluice, { v1: 90, v2: 10 });
  expect(await read<ConfigDiff>(sluice, '/v1/config/diff')).toMatchObject({
    file: { state: 'taken', differences: 2 },
    differences: [
      { path: 'pools.shop.split.v1', before: '100', after: '90' },
      { path: 'pools.shop.split.v2', before: '0', after: '10' },
    ],
  });
  expect((await overviewOf(sluice)).file.differences).toBe(2);
  sluice.expectLog(/config rejected|config problem/);
  await sluice.writeConfig('pools: 7\n');
  const { file, findings } = await eventually('the refusal is shown', async () => {
    const overview = await overviewOf(sluice);
    return overview.file.state === 'refused' ? overview : undefined;
  });
  expect(file.problems[0]).toMatch(/sluice\.yaml:1:\d+: /);
  expect(findings[0]).toMatchObject({ severity: 'error', code: 'file-refused', sinceMs: file.sinceMs });
  const lines = await journalOf(sluice, ({ kind }) => kind === 'file-refused');
  expect(lines.at(-1)).toMatchObject({ author: 'file', detail: { problems: file.problems } });
  await sluice.writeConfig(config());
  await eventually('the file is taken again', async () => ((await overviewOf(sluice)).findings.length === 0 ? true : undefined));
});

test('the command line shows what is wrong, and ends with 1', { timeout: 60_000 }, async () => {
  const { sluice, send } = await startShop();
  const command = (...words: string[]) => runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
  await send('v1', 10);
  expect(await command('status', '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
  await send('v2', 40);
  expect(await command('status', '--quiet')).toMatchObject({ code: 1, stdout: '', stderr: '' });
  const shown = await command('status');
  expect(shown.code).toBe(1);
  expect(shown.stdout).toMatch(/^ {2}v2 +0 +0 % +fails 40 of 40 +80 % /m);
  expect(shown.stdout).toMatch(/^error: Version v2 of shop failed 40 of 40 requests in the last \d+ s\.$/m);
  await setWeights(sluice, { v1: 50, v2: 50 });
  const diff = await command('config', 'diff');
  expect(diff).toMatchObject({ code: 0, stderr: '' });
  expect(diff.stdout).toMatch(/^ {2}pools\.shop\.split\.v1 +100 -> 50$/m);
  expect((await command('revisions')).stdout).toMatch(/ file +start /);
});

test('events tell of health and ejections', { timeout: 60_000 }, async () => {
  let well = true;
  const moody = await startUpstream(responding(() => `HTTP/1.1 ${well ? '200 OK' : '500 Oh'}\r\ncontent-length: 2\r\n\r\nok`));
  const good = await startUpstream(responding(() => 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  const endpoints = [moody.address, good.address];
  const outlier = { consecutive: 3, ejection: '200ms', maxEjected: '100%' };
  const sluice = await startSluice(configFor({ endpoints, pool: { outlier } }), { workers: 1 });
  sluice.expectLog(/endpoint ejected|an endpoint is unhealthy/);
  well = false;
  for (let sent = 0; sent < 12; sent++) await ask(sluice, get('/'));
  const ejections = await journalOf(sluice, ({ kind }) => kind === 'ejected');
  expect(ejections.at(-1)!.detail).toMatchObject({
    pool: 'shop',
    version: 'v1',
    endpoint: moody.address,
    rule: 'consecutive',
    failures: 3,
  });
  await journalOf(sluice, ({ kind }) => kind === 'unejected');
  const health = { path: '/', interval: '1s', timeout: '1s', healthyAfter: 1, unhealthyAfter: 1 };
  await sluice.writeConfig(configFor({ endpoints, pool: { health, outlier } }));
  const sick = await journalOf(sluice, ({ kind }) => kind === 'unhealthy');
  expect(sick.at(-1)!.detail).toMatchObject({ endpoint: moody.address, result: 'status' });
  // The worker obeys a moment after the line is on record.
  const endpoint = await eventually('the endpoint is not ready', async () => {
    const [pool] = (await read<{ pools: PoolStatus[] }>(sluice, '/v1/pools')).pools;
    const [found] = pool!.versions[0]!.endpoints;
    return found!.ready ? undefined : found;
  });
  expect(endpoint).toMatchObject({ ready: false, reason: 'unhealthy', health: { healthy: false, probe: { result: 'status' } } });
  expect((await overviewOf(sluice)).findings).toMatchObject([
    { code: 'endpoints-not-ready', severity: 'warning', sinceMs: endpoint.health!.sinceMs },
  ]);
  well = true;
  await journalOf(sluice, ({ kind }) => kind === 'healthy');
});

test('what waits for a restart, and an access log that cannot be written, are told at once', { timeout: 60_000 }, async () => {
  const { sluice, config } = await startShop();
  sluice.expectLog(/the access log cannot be written|takes effect when the process is started again|config applied/);
  await sluice.writeConfig({ ...config(), workers: 3, accessLog: { path: '/proc/none/access.log' } });
  const codes = async (): Promise<readonly string[]> => (await overviewOf(sluice)).findings.map(({ code }) => code);
  await eventually('both are found', async () => (await codes()).join() === 'needs-restart,access-log');
  expect(sluice.logs.map(({ msg }) => msg)).toContain('the access log cannot be written');
  expect(await read<ConfigDiff>(sluice, '/v1/config/diff')).toMatchObject({ differences: [], restart: ['workers'] });
  await sluice.writeConfig(config());
  await eventually('nothing is wrong', async () => (await codes()).length === 0);
});
