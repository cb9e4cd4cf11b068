// The adapters of docs/, run against the real process: what a controller does with Sluice.

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { router } from '../../docs/adapters/router4.ts';
import { trafficRouter } from '../../docs/adapters/traffic-router.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll, open } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

async function startShop(pool: object = {}): Promise<Sluice> {
  const [stable, canary] = [await startLoadUpstream(), await startLoadUpstream()];
  const endpoints = { stable: [stable.address], canary: [canary.address] };
  return startSluice(configFor({ endpoints, pool: { split: { stable: 100, canary: 0 }, ...pool } }), { workers: 2 });
}

async function weights(sluice: Sluice): Promise<unknown> {
  const response = await fetch(`${adminOf(sluice)}/v1/pools/shop/split`);
  return ((await response.json()) as { weights: unknown }).weights;
}

function adminOf(sluice: Sluice): string {
  return `http://127.0.0.1:${sluice.adminPort}`;
}

describe('traffic-router.ts', () => {
  test('the verbs, each twice', async () => {
    const sluice = await startShop();
    const plugin = trafficRouter({ admin: adminOf(sluice), pool: 'shop', stable: 'stable', canary: 'canary' });
    for (let turn = 0; turn < 2; turn++) {
      await plugin.SetWeight(20);
      expect(await plugin.VerifyWeight(20)).toBe('Verified');
      expect(await plugin.VerifyWeight(30)).toBe('NotVerified');
      expect(await weights(sluice)).toEqual({ stable: 80, canary: 20 });
    }
    await expect(plugin.SetWeight(20, [{ serviceName: 'nowhere', weight: 5 }])).rejects.toThrow('422');
    await expect(plugin.SetWeight(60, [{ serviceName: 'canary', weight: 60 }])).rejects.toThrow('more than 100');
  });

  test('header routes come, change and go', async () => {
    const sluice = await startShop({ overrides: [{ name: 'ours', header: { name: 'x-ours', value: '1' }, version: 'canary' }] });
    const plugin = trafficRouter({ admin: adminOf(sluice), pool: 'shop', stable: 'stable', canary: 'canary' });
    const names = async (): Promise<string[]> => {
      const response = await fetch(`${adminOf(sluice)}/v1/pools/shop/overrides`);
      return ((await response.json()) as { overrides: { name: string }[] }).overrides.map(({ name }) => name).sort();
    };
    const exact = { headerName: 'x-canary', headerValue: { exact: 'yes' } };
    const prefix = { headerName: 'x-user', headerValue: { prefix: 'q.a' } };
    for (let turn = 0; turn < 2; turn++) {
      await plugin.SetHeaderRoute({ name: 'qa', match: [exact, prefix] });
      expect(await names()).toEqual(['ours', 'qa', 'qa.2']);
    }
    expect(await explained(sluice, { 'x-canary': 'yes' })).toBe('canary');
    expect(await explained(sluice, { 'x-user': 'q.a-7' })).toBe('canary');
    expect(await explained(sluice, { 'x-user': 'qxa-7' })).toBe('stable');
    await plugin.SetHeaderRoute({ name: 'qa', match: [prefix] });
    expect(await names()).toEqual(['ours', 'qa']);
    await plugin.SetHeaderRoute({ name: 'qa' });
    expect(await names()).toEqual(['ours']);
    await plugin.SetHeaderRoute({ name: 'qa', match: [exact] });
    for (let turn = 0; turn < 2; turn++) await plugin.RemoveManagedRoutes();
    expect(await names()).toEqual(['ours']);
  });

  test('SetMirrorRoute copies what fits, and is taken back', async () => {
    const sluice = await startShop();
    const plugin = trafficRouter({ admin: adminOf(sluice), pool: 'shop', stable: 'stable', canary: 'canary' });
    const mirrors = async (): Promise<unknown> =>
      ((await (await fetch(`${adminOf(sluice)}/v1/pools/shop/mirrors`)).json()) as { mirrors: unknown }).mirrors;
    const one = { method: { exact: 'GET' }, path: { prefix: '/api' }, headers: { 'x-user': { prefix: 'q' } } };
    for (let turn = 0; turn < 2; turn++) await plugin.SetMirrorRoute({ name: 'dark', percentage: 10, match: [one, {}] });
    expect(await mirrors()).toMatchObject([
      { name: 'dark', to: { pool: 'shop', version: 'canary' }, percent: 10, origin: 'api' },
      { name: 'dark.2', percent: 10 },
    ]);
    await plugin.SetMirrorRoute({ name: 'dark', match: [{}] });
    for (let copied = 0; copied === 0;) {
      await explained(sluice, {});
      await (await fetch(`http://127.0.0.1:${sluice.port}/`)).text();
      copied = (await sluice.metrics()).sum('sluice_mirrored_total', { mirror: 'dark' });
    }
    for (let turn = 0; turn < 2; turn++) await plugin.RemoveManagedRoutes();
    expect(await mirrors()).toEqual([]);
  });
});

test('router4.ts: GetRoutes returns what is set, no matter who has set it', async () => {
  const sluice = await startShop();
  const four = router({ admin: adminOf(sluice) });
  const canary = { name: 'shop', primary: 'stable', canary: 'canary' };
  await four.Reconcile(canary);
  await expect(four.Reconcile({ ...canary, canary: 'v9' })).rejects.toThrow('pool shop has no version v9');
  for (const [canaryWeight, mirrored] of [
    [0, true],
    [10, false],
    [10, false],
    [50, true],
  ] as const) {
    const routes = { primaryWeight: 100 - canaryWeight, canaryWeight, mirrored };
    await four.SetRoutes(canary, routes);
    expect(await four.GetRoutes(canary)).toEqual(routes);
  }
  for (let turn = 0; turn < 2; turn++) await four.Finalize(canary);
  expect(await four.GetRoutes(canary)).toEqual({ primaryWeight: 100, canaryWeight: 0, mirrored: false });
});

const hasTools = ['jq', 'curl'].every((tool) => spawnSync(tool, ['--version']).status === 0);

describe.skipIf(!hasTools)(`canary.sh${hasTools ? '' : ' (skipped: needs jq and curl)'}`, () => {
  test('goes up step by step when the checks pass', { timeout: 60_000 }, async () => {
    const sluice = await startShop();
    const ended = await within('end', startCanary(sluice, { CHECK: 'true' }).ended, 30_000);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toBe('canary: 10 %\ncanary: 50 %\ncanary: 100 %\ndone: canary stays at 100 % of shop\n');
    expect(await weights(sluice)).toEqual({ stable: 0, canary: 100 });
  });

  test('judges by the responses of the canary itself', { timeout: 60_000 }, async () => {
    const sluice = await startShop();
    const canary = startCanary(sluice, { STEPS: '100', PAUSE: '3', MIN_RESPONSES: '5' });
    await eventually('the step', async () => ((await weights(sluice)) as { canary: number }).canary === 100);
    for (let sent = 0; sent < 6; sent++) await ask(sluice, get('/'));
    const ended = await within('end', canary.ended, 30_000);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('6 responses, 0 of them errors') as string });
  });

  test('goes back when a check fails, and when it is told to end', { timeout: 60_000 }, async () => {
    const sluice = await startShop();
    const failed = await within('end', startCanary(sluice, { CHECK: '[[ $1 -lt 50 ]]' }).ended, 30_000);
    expect(failed).toMatchObject({ code: 1, stdout: 'canary: 10 %\ncanary: 50 %\n' });
    expect(failed.stderr).toContain('taking canary back');
    expect(await weights(sluice)).toEqual({ stable: 100, canary: 0 });

    const ended = startCanary(sluice, { PAUSE: '60' });
    await eventually('the first step', async () => ((await weights(sluice)) as { canary: number }).canary === 10);
    ended.signal('SIGTERM');
    expect(await within('end', ended.ended, 30_000)).toMatchObject({ code: 1 });
    expect(await weights(sluice)).toEqual({ stable: 100, canary: 0 });
  });

  test('keeps its hands off when somebody else moves the split', { timeout: 60_000 }, async () => {
    const sluice = await startShop();
    const plugin = trafficRouter({ admin: adminOf(sluice), pool: 'shop', stable: 'stable', canary: 'canary' });
    const canary = startCanary(sluice, { CHECK: 'true', PAUSE: '3' });
    await eventually('the first step', async () => ((await weights(sluice)) as { canary: number }).canary === 10);
    await plugin.SetWeight(33);
    const ended = await within('end', canary.ended, 30_000);
    expect(ended).toMatchObject({ code: 4, stderr: 'somebody else has moved the split of shop: hands off\n' });
    expect(await weights(sluice)).toEqual({ stable: 67, canary: 33 });
  });
});

async function explained(sluice: Sluice, headers: Record<string, string>): Promise<string | undefined> {
  const body = JSON.stringify({ url: 'http://any.test/', headers });
  const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const response = await fetch(`${adminOf(sluice)}/v1/explain`, asked);
  return ((await response.json()) as { version?: string }).version;
}

function startCanary(sluice: Sluice, env: Record<string, string>) {
  const settings = { SLUICE_ADMIN: adminOf(sluice), STEPS: '10 50 100', PAUSE: '0', ...env };
  const script = spawn('docs/adapters/canary.sh', ['shop', 'stable', 'canary'], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  script.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  script.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    script.on('close', (code) => resolve({ code, stdout, stderr })),
  );
  open({
    close: async () => {
      script.kill('SIGKILL');
      await ended;
    },
  });
  return { ended, signal: (signal: NodeJS.Signals) => void script.kill(signal) };
}
