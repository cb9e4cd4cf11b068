// What people and machines see of rollouts: metrics, findings, the command line with its exit codes.

import { afterEach, expect, test } from 'vitest';
import type { RolloutReport } from '../../src/api/rollout-report.ts';
import { call } from './scaffold/admin.ts';
import { runCommand, startCommand } from './scaffold/command.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, PATIENCE_MS, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';

afterEach(closeAll);

const rollouts = {
  quick: { warmup: '0s', steps: [{ weight: '20%', until: 'evidence', atMost: '1h' }, { weight: '100%' }] },
  short: { warmup: '0s', steps: [{ weight: '100%' }, { watch: { for: '0s' } }] },
  dark: { warmup: '0s', steps: [{ mirror: { percent: 10, compare: {}, until: 'verdict', atMost: '1h' } }, { weight: '100%' }] },
  compared: {
    warmup: '0s',
    steps: [
      { mirror: { compare: { noise: 'off', verdict: { minRequests: 10, maxDifferences: '40%', maxFailures: '40%' } } } },
      { weight: '100%' },
    ],
  },
};

test('metrics, findings and commands, of one that is taken back and one that succeeds', { timeout: 90_000 }, async () => {
  const { sluice, shops } = await startShops(['shop'], { rollouts });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  expect(await runCommand(['rollout', 'list', ...admin])).toMatchObject({ code: 0, stdout: expect.stringContaining('no rollout') });
  expect((await runCommand(['rollout', 'status', ...admin])).code).toBe(1);
  visit(sluice);
  const watched = startCommand(['rollout', 'start', 'shop', 'v2', '--template', 'quick', '--reason', 'release 3', '--watch', ...admin]);
  await watched.printed(/shop: v1 → v2/);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_rollout_state', { pool: 'shop' })).toBe(1);
  expect(metrics.sum('sluice_rollout_verdict', { pool: 'shop', check: 'errors' })).toBeLessThanOrEqual(1);
  shops['shop']!.v2.respond = (_request, response) => void response.writeHead(500).end();
  const ended = await within('the end of it', watched.ended, 30_000);
  expect(ended.code).toBe(1);
  expect(ended.stdout).toMatch(/ROLLED-BACK/);
  expect(ended.stderr).toBe('');
  const after = await sluice.metrics();
  expect(after.sum('sluice_rollout_state', { pool: 'shop', state: 'rolled-back' })).toBe(1);
  expect(after.sum('sluice_rollout_aborts_total', { reason: 'rolled-back' })).toBe(1);
  expect(after.sum('sluice_rollout_verdict', { pool: 'shop', verdict: 'fail' })).toBeGreaterThanOrEqual(1);
  expect(after.sum('sluice_rollout_evidence', { pool: 'shop', towards: 'fail' })).toBeGreaterThanOrEqual(1);
  const overview = JSON.stringify((await call(sluice, 'GET', '/v1/overview')).body);
  expect(overview).toContain('rollout-failed');
  const status = await runCommand(['status', ...admin]);
  expect(status.stdout).toMatch(/taken back/);

  const json = await runCommand(['rollout', 'status', 'shop', '--json', ...admin]);
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({ pool: 'shop', state: 'rolled-back', reason: 'release 3' });
  const report = await runCommand(['rollout', 'report', 'shop', ...admin]);
  expect(report).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('release 3') });
  for (const title of ['Exposed', 'Steps', 'Evidence', 'What it changed', 'Example exchanges', 'Timeline'])
    expect(report.stdout).toContain(title);
  await expectDocument((await runCommand(['rollout', 'report', 'shop', '--json', ...admin])).stdout);
  expect((await runCommand(['rollout', 'report', 'shop', '--markdown', ...admin])).stdout).toMatch(/^# Rollout shop-/);
  shops['shop']!.v2.respond = (_request, response) => void response.end();
  const good = await runCommand(['rollout', 'start', 'shop', 'v2', '--template', 'short', '--watch', ...admin]);
  expect(good).toMatchObject({ code: 0, stderr: '' });
  expect((await runCommand(['rollout', 'status', ...admin])).code).toBe(0);
  const list = await runCommand(['rollout', 'list', ...admin]);
  expect(list.stdout).toMatch(/succeeded[^]*rolled-back/);
  expect(JSON.stringify((await call(sluice, 'GET', '/v1/overview')).body)).not.toContain('rollout-failed');
  expect((await runCommand(['rollout', 'abort', ...admin])).code).toBe(1);
});

/** One document says what it did to whom, and shows three requests that failed. */
async function expectDocument(text: string): Promise<void> {
  const { rollout, bounds, exposed, journal, changes, examples } = JSON.parse(text) as RolloutReport;
  expect(rollout).toMatchObject({ pool: 'shop', state: 'rolled-back', reason: 'release 3' });
  expect(bounds.find(({ check }) => check === 'errors')!.text).toMatch(/1\.5 times/);
  expect(exposed.requests).toBeGreaterThanOrEqual(2);
  expect(exposed.users).toBe(exposed.requests);
  expect(journal.length).toBeGreaterThanOrEqual(2);
  expect(journal.every(({ kind, detail }) => kind === 'rollout' && detail['rollout'] === rollout.id)).toBe(true);
  expect(changes.to! - changes.from!).toBe(changes.revisions.length);
  const lines = changes.revisions.flatMap((each) => each.changes).join('\n');
  expect(lines).toMatch(/split\.v2.* 20\n[^]*split\.v2.* 0(\n|$)/);
  expect(examples.length).toBeGreaterThanOrEqual(1);
  expect(examples.length).toBeLessThanOrEqual(3);
  expect(examples[0]).toMatchObject({ method: 'GET', target: '/shop', status: 500, version: 'v2' });
  expect(JSON.stringify(examples)).not.toContain('127.0.0.1:');
}

test('a plan says whom it exposes, how long it takes, and changes nothing', { timeout: 60_000 }, async () => {
  const { sluice, shops } = await startShops(['shop'], { rollouts });
  const visitors = visit(sluice);
  await visitors.more(200);
  const planned = await call(sluice, 'POST', '/v1/rollouts/plan', { pool: 'shop', to: 'v2', template: 'quick' });
  expect(planned.status).toBe(200);
  expect(planned.body).toMatchObject({ pool: 'shop', baseline: 'v1', canary: 'v2', steps: [{ share: 0.2 }, { share: 1 }] });
  const plan = planned.body as unknown as { readonly perSecond: number; readonly steps: readonly { readonly requests?: number }[] };
  expect(plan.perSecond).toBeGreaterThan(0);
  expect(plan.steps[0]!.requests).toBeGreaterThan(0);
  const shown = await runCommand([
    'rollout',
    'plan',
    'shop',
    'v2',
    '--template',
    'quick',
    '--admin',
    `http://127.0.0.1:${sluice.adminPort}`,
  ]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect((await call(sluice, 'GET', '/v1/rollouts')).body).toEqual({ rollouts: [] });
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'quick' });
  await callRollout(sluice, 'POST', `/v1/rollouts/${id}/abort`, {});
  await untilRollout(sluice, id, 'aborted');

  // The report of a mirror names the rollout that waits for its verdict.
  const dark = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'dark' });
  const report = ['mirror', 'report', 'shop', `${dark}-mirror`, '--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const named = `Rollout ${dark} waits for this verdict. See: sluice rollout status ${dark}`;
  await eventually('the report', async () => (await runCommand(report)).stdout.includes(named), PATIENCE_MS);
  await callRollout(sluice, 'POST', `/v1/rollouts/${dark}/abort`, {});
  await untilRollout(sluice, dark, 'aborted');

  // The verdict decides: a shadow that responds otherwise lets nobody in, one that responds alike is promoted.
  const other = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'compared' });
  expect((await untilRollout(sluice, other, 'rolled-back')).why).toMatch(/^the comparison failed: /);
  shops['shop']!.v2.respond = (_request, response) => void response.end('v1');
  const alike = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'compared' });
  expect((await untilRollout(sluice, alike, 'succeeded')).history.map(({ text }) => text)).not.toContainEqual(
    expect.stringMatching(/^held/),
  );
});
