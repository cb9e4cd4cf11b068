// A dry run predicts which users would go to another version; then the change is made, and the same users come again.

import { afterEach, expect, test } from 'vitest';
import { setWeights } from './scaffold/admin.ts';
import { connectTo, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface DryRun {
  readonly revision: number;
  readonly dryRun: true;
  readonly differences: readonly object[];
  readonly impact: {
    readonly pools: readonly { readonly pool: string; readonly users: number }[];
    readonly requests: { readonly compared: number; readonly otherwise: number; readonly share?: number };
  };
}

const BATCH = 50;

async function startShop(pool: object): Promise<Sluice> {
  const endpoints: Record<string, readonly string[]> = {};
  for (const name of ['v1', 'v2']) endpoints[name] = [(await startLoadUpstream(name)).address];
  return startSluice(configFor({ endpoints, pool: { split: { v1: 90, v2: 10 }, ...pool } }));
}

/** Which version each request gets, in order. */
async function send(sluice: Sluice, requests: readonly string[]): Promise<readonly (string | undefined)[]> {
  const wire = await connectTo(sluice);
  const versions: (string | undefined)[] = [];
  for (let sent = 0; sent < requests.length; sent += BATCH) {
    const batch = requests.slice(sent, sent + BATCH);
    await wire.write(batch.join(''));
    for (let i = 0; i < batch.length; i++) versions.push((await wire.readMessage()).field('x-version'));
  }
  wire.destroy();
  return versions;
}

async function dryRun(sluice: Sluice, method: string, path: string, body: object = {}): Promise<DryRun> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}${path}?dryRun=true`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as DryRun;
}

const byUser = (from: number, total: number): readonly string[] =>
  Array.from({ length: total }, (_, index) => get('/', `x-user: u${from + index}`));
const moved = (one: readonly unknown[], other: readonly unknown[]): number =>
  one.filter((version, index) => version !== other[index]).length;

test('users: the share that is predicted, and of those on record exactly as many', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ affinity: { header: 'x-user' } });
  // As many as a worker keeps after a quiet time.
  const known = byUser(0, 200);
  const before = await send(sluice, known);
  await sluice.turn();
  const split = { weights: { v1: 60, v2: 40 } };
  const { impact, differences, dryRun: isDry } = await dryRun(sluice, 'PUT', '/v1/pools/shop/split', split);
  expect({ isDry, differences: differences.length }).toEqual({ isDry: true, differences: 2 });
  expect(impact.pools).toEqual([{ pool: 'shop', users: 0.3 }]);
  // The turn is a request of its own, with a fixed response of its route both times.
  expect(impact.requests.compared).toBe(201);
  // Nothing was done.
  expect(moved(before, await send(sluice, known))).toBe(0);

  const others = byUser(1000, 4000);
  const othersBefore = await send(sluice, others);
  await setWeights(sluice, split.weights);
  expect(moved(before, await send(sluice, known))).toBe(impact.requests.otherwise);
  const share = moved(othersBefore, await send(sluice, others)) / others.length;
  // Seven standard deviations of as many users.
  expect(Math.abs(share - 0.3)).toBeLessThan(7 * Math.sqrt((0.3 * 0.7) / others.length));
});

test('requests without a key, an override, a drain, a restore and the whole config', { timeout: 60_000 }, async () => {
  const sluice = await startShop({});
  const plain = Array.from({ length: 99 }, () => get('/', 'x-team: a'));
  await send(sluice, [...plain, get('/', 'x-team: b')]);
  await sluice.turn();
  const drain = await dryRun(sluice, 'POST', '/v1/pools/shop/versions/v2/drain');
  expect(drain.impact).toEqual({ pools: [{ pool: 'shop', users: 0.1 }], requests: { compared: 101, otherwise: 10, share: 0.099 } });
  const override = await dryRun(sluice, 'PUT', '/v1/pools/shop/overrides/b', { header: { name: 'x-team', value: 'b' }, version: 'v2' });
  expect(override.impact).toEqual({ pools: [], requests: { compared: 101, otherwise: 0.9, share: 0.0089 } });
  await setWeights(sluice, { v1: 0, v2: 100 });
  const back = await dryRun(sluice, 'POST', '/v1/revisions/1/restore');
  expect(back.impact.pools).toEqual([{ pool: 'shop', users: 0.9 }]);
  const config = (await (await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/config`)).json()) as { pools: { shop: object } };
  const same = await dryRun(sluice, 'PUT', '/v1/config', config);
  expect(same).toMatchObject({ differences: [], impact: { pools: [], requests: { otherwise: 0 } } });
  const pools = { shop: { ...config.pools.shop, split: { v1: 90, v2: 10 } } };
  const other = await dryRun(sluice, 'PUT', '/v1/config', { ...config, pools });
  expect(other.impact).toMatchObject({ pools: [{ pool: 'shop', users: 0.9 }], requests: { compared: 101 } });
});

test('sluice split --dry-run says it in words', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ affinity: { header: 'x-user' } });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const unseen = await runCommand(['split', 'shop', 'v1=0', 'v2=100', '--dry-run', ...admin]);
  expect(unseen).toMatchObject({ code: 0, stderr: '' });
  expect(unseen.stdout).toMatch(/^ {2}another version would get 90 % of the users of shop$/m);
  expect(unseen.stdout).toMatch(/^ {2}no request is on record to compare with$/m);
  const versions = await send(sluice, byUser(0, 20));
  await sluice.turn();
  const seen = await runCommand(['split', 'shop', 'v1=0', 'v2=100', '--dry-run', ...admin]);
  const otherwise = versions.filter((version) => version === 'v1').length;
  expect(seen.stdout).toContain(`  another version would get ${otherwise} of the last 21 recorded requests (`);
  const none = await runCommand(['split', 'shop', 'v1=9', 'v2=1', '--dry-run', ...admin]);
  expect(none.stdout).toMatch(/^ {2}every user would keep the present version$/m);
});
