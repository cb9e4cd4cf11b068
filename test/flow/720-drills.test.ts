// A drill rehearses the way back on the live config: it exposes nobody unless it is asked to, puts everything back whatever happens, and says when.

import { afterEach, expect, test } from 'vitest';
import type { Drill } from '../../src/api/drills.ts';
import { call, journalOf } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { closeAll } from './scaffold/open.ts';
import { PATIENCE_MS, splitOf, startRollout, startShops, visit } from './scaffold/shops.ts';
import { startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const rollouts = { long: { warmup: '0s', steps: [{ weight: '20%', for: '1h' }, { weight: '100%' }] } };

interface Drilled {
  readonly status: number;
  readonly body: Drill & { readonly detail: string };
}

async function drill(sluice: Sluice, body: object, query = ''): Promise<Drilled> {
  return (await call(sluice, 'POST', `/v1/pools/shop/drill${query}`, body)) as unknown as Drilled;
}

async function lastDrill(sluice: Sluice): Promise<Drill | undefined> {
  return ((await call(sluice, 'GET', '/v1/pools/shop')).body as unknown as { readonly drill?: Drill }).drill;
}

/** Nothing of a drill is left: neither weights, nor mirrors, nor drains, nor anything that the API stands over the file with. */
async function expectAllBack(sluice: Sluice): Promise<void> {
  const { body } = await call(sluice, 'GET', '/v1/pools/shop');
  const pool = body as unknown as { readonly mirrors: readonly unknown[]; readonly versions: readonly { readonly draining: boolean }[] };
  expect(pool.mirrors).toEqual([]);
  expect(pool.versions.map(({ draining }) => draining)).toEqual([false, false]);
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });
  expect((await call(sluice, 'GET', '/v1/config/diff')).body.differences).toEqual([]);
}

test('drills by mirror and by weight, what is refused, and what people see', { timeout: 60_000 }, async () => {
  const { sluice } = await startShops(['shop'], { rollouts });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const visitors = visit(sluice);
  await visitors.more(20);
  const { revision } = (await call(sluice, 'GET', '/v1/pools/shop')).body;

  const [planned, unasked] = await Promise.all([drill(sluice, {}, '?dryRun=true'), runCommand(['drill', 'shop', ...admin])]);
  expect(planned).toMatchObject({ status: 200, body: { state: 'planned', by: 'mirror', baseline: 'v1', canary: 'v2' } });
  expect(planned.body.plan.join('\n')).toMatch(/nobody is exposed[^]*put back/);
  expect(unasked).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
  expect(await lastDrill(sluice)).toBeUndefined();
  expect((await call(sluice, 'GET', '/v1/pools/shop')).body.revision).toBe(revision);

  const mirrored = await drill(sluice, { for: '0s', reason: 'first of the month' });
  expect(mirrored).toMatchObject({ status: 200, body: { state: 'over', result: 'passed', reason: 'first of the month' } });
  for (const seconds of Object.values(mirrored.body.seconds)) expect(seconds).toBeGreaterThan(0);
  expect(Object.keys(mirrored.body.seconds).sort()).toEqual(['back', 'begin', 'failover', 'resume']);
  await expectAllBack(sluice);
  await visitors.more(20);
  expect(visitors.seen.has('v2')).toBe(false);

  expect(await drill(sluice, { weight: '6%' })).toMatchObject({ status: 400 });
  expect(await drill(sluice, { weight: 5 })).toMatchObject({ status: 400 });
  const weighed = await runCommand(['drill', 'shop', '--weight', '0.1%', '--for', '0s', '--yes', ...admin]);
  expect(weighed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/passed/) });
  expect(await lastDrill(sluice)).toMatchObject({ by: 'weight', share: 0.001, result: 'passed' });
  await expectAllBack(sluice);
  expect(visitors.failures).toBe(0);
  // What a drill did and undid is no change that a rollback would undo.
  const [status, rollback] = await Promise.all([runCommand(['status', ...admin]), runCommand(['rollback', '--dry-run', ...admin])]);
  expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/last drill .*passed.* back in [\d.]+ s/) });
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_drill_seconds', { pool: 'shop', phase: 'back' })).toBeGreaterThan(0);
  expect(metrics.sum('sluice_drill_timestamp_seconds', { pool: 'shop', result: 'passed' })).toBeGreaterThan(1e9);
  const lines = await journalOf(
    sluice,
    ({ kind, detail }) => kind === 'drill' && detail['by'] === 'weight' && detail['result'] === 'passed',
  );
  expect(lines.filter(({ kind }) => kind === 'drill')).toHaveLength(4);
  expect(rollback.stdout + rollback.stderr).not.toMatch(/drill/);

  await call(sluice, 'PUT', '/v1/freeze', { frozen: true });
  expect(await drill(sluice, {})).toMatchObject({ status: 409, body: { detail: expect.stringContaining('frozen') } });
  await call(sluice, 'PUT', '/v1/freeze', { frozen: false });
  const long = drill(sluice, { for: '1m' });
  await eventually('the drill', async () => (await lastDrill(sluice))?.state === 'running', PATIENCE_MS);
  expect((await call(sluice, 'POST', '/v1/rollouts', { pool: 'shop', to: 'v2', template: 'long' })).status).toBe(409);
  expect((await drill(sluice, {})).status).toBe(409);
  // Whoever changes the split meanwhile has the last word.
  await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 90, v2: 10 } });
  expect((await within('the end', long, PATIENCE_MS)).body).toMatchObject({ result: 'superseded' });
  expect(await splitOf(sluice)).toEqual({ v1: 90, v2: 10 });
  await call(sluice, 'DELETE', '/v1/pools/shop/split');
  await expectAllBack(sluice);
  await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'long' });
  expect(await drill(sluice, {})).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/rollout/) } });
});

test('a process that dies in a drill puts everything back when it is started again', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  const { sluice, config } = await startShops(['shop'], { rollouts, top: { state: { dir } } });
  void drill(sluice, { weight: '5%', for: '1m' }).catch(() => undefined);
  await eventually('its weight', async () => (await splitOf(sluice))['v2'] === 5, PATIENCE_MS);
  sluice.exitCode = null;
  sluice.signal('SIGKILL');
  await within('the death', sluice.exited, 20_000);
  const next = await startSluice(config(), { workers: 2 });
  const ended = await eventually(
    'the end',
    async () => {
      const last = await lastDrill(next);
      return last?.state === 'over' ? last : undefined;
    },
    PATIENCE_MS,
  );
  expect(ended).toMatchObject({ result: 'interrupted', by: 'weight' });
  await expectAllBack(next);
  expect((await runCommand(['status', '--admin', `http://127.0.0.1:${next.adminPort}`])).stdout).toMatch(/last drill .*interrupted/);
});
