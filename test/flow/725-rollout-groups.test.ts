// A rollout of two pools: one revision moves both, what fails one takes back both, and whoever moves one of them ends it for both.

import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, rolloutOf, splitOf, startShops, untilBack, untilRollout, visit } from './scaffold/shops.ts';

afterEach(closeAll);

const rollouts = {
  pair: { warmup: '0s', steps: [{ weight: '50%', for: '1h' }, { weight: '100%' }, { watch: { for: '0s' } }] },
};
const BOTH = [
  { pool: 'shop', to: 'v2' },
  { pool: 'cart', to: 'v2' },
];

interface Revision {
  readonly revision: number;
  readonly differences: readonly { readonly path: string }[];
}

test('two pools go forward and back as one', { timeout: 60_000 }, async () => {
  const { sluice, shops } = await startShops(['shop', 'cart'], { rollouts });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const splits = async () => [await splitOf(sluice, 'shop'), await splitOf(sluice, 'cart')];
  const movedTogether = async (): Promise<readonly boolean[]> => {
    const { revisions } = (await call(sluice, 'GET', '/v1/revisions')).body as unknown as { readonly revisions: readonly Revision[] };
    const ofRollout = revisions.filter(({ differences }) => differences.some(({ path }) => path.includes('.split')));
    return ofRollout.map(({ differences }) =>
      ['shop', 'cart'].every((pool) => differences.some(({ path }) => path.startsWith(`pools.${pool}.split`))),
    );
  };
  visit(sluice, 'shop');
  visit(sluice, 'cart');
  const planned = await runCommand(['rollout', 'plan', 'shop=v2', 'cart=v2', '--template', 'pair', ...admin]);
  expect(planned).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^shop: v1 → v2, cart: v1 → v2, template pair\n.*pool shop/),
  });

  const started = await runCommand(['rollout', 'start', 'shop=v2', 'cart=v2', '--template', 'pair', '--json', ...admin]);
  expect(started).toMatchObject({ code: 0, stderr: '' });
  const { id } = JSON.parse(started.stdout) as { readonly id: string };
  expect(id).toMatch(/^group-/);
  const running = await untilRollout(sluice, id, ({ pools = [] }) =>
    pools.every(({ exposed, share }) => share.desired === 0.5 && exposed.requests > 0),
  );
  expect(running.pools?.map(({ pool, state }) => `${pool} ${state}`)).toEqual(['shop running', 'cart running']);
  expect(running.checks.map(({ pool, name }) => `${pool} ${name}`)).toEqual(
    ['shop', 'cart'].flatMap((pool) => ['errors', 'latency', 'error-rate'].map((name) => `${pool} ${name}`)),
  );
  const busy = await callRollout(sluice, 'POST', '/v1/rollouts', { pool: 'cart', to: 'v2' });
  expect(busy).toMatchObject({ status: 409, body: { detail: expect.stringContaining(id) } });
  const shown = await runCommand(['rollout', 'status', 'cart', ...admin]);
  expect(shown.stdout).toMatch(/shop: v1 → v2, cart: v1 → v2/);
  expect(shown.stdout).toMatch(/cart \(running\): v2 is to have 50 %/);

  shops['cart']!.v2.respond = (_request, response) => void response.writeHead(500).end();
  const back = await untilRollout(sluice, id, 'rolled-back');
  expect(back.why).toMatch(/^cart: check (errors|error-rate) failed/);
  expect(back.pools?.[0]?.why).toMatch(/^together with cart: check/);
  for (const pool of ['shop', 'cart']) await untilBack(sluice, pool);
  expect(await splits()).toEqual([
    { v1: 100, v2: 0 },
    { v1: 100, v2: 0 },
  ]);
  expect(await movedTogether()).toEqual([true, true]);
  const metrics = await sluice.metrics();
  for (const pool of ['shop', 'cart']) expect(metrics.sum('sluice_rollout_state', { pool, state: 'rolled-back' })).toBe(1);

  shops['cart']!.v2.respond = (_request, response) => void response.end('mended');
  expect((await callRollout(sluice, 'POST', `/v1/rollouts/${id}/retry`, {})).status).toBe(200);
  await untilRollout(sluice, id, ({ pools = [] }) => pools.every(({ share }) => share.desired === 0.5));
  expect((await callRollout(sluice, 'POST', `/v1/rollouts/${id}/promote`, {})).status).toBe(200);
  await untilRollout(sluice, id, 'succeeded');
  expect(await splits()).toEqual([
    { v1: 0, v2: 100 },
    { v1: 0, v2: 100 },
  ]);
  expect((await movedTogether()).every(Boolean)).toBe(true);
  const report = await runCommand(['rollout', 'report', id, ...admin]);
  expect(report).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/cart: errors/) });

  const pools = BOTH.map((each) => ({ ...each, to: 'v1' }));
  const again = await callRollout(sluice, 'POST', '/v1/rollouts', { pools, template: 'pair' });
  expect(again.status).toBe(201);
  await untilRollout(sluice, again.body.id, ({ share }) => share.desired === 0.5);
  expect((await call(sluice, 'PUT', '/v1/pools/cart/split', { weights: { v1: 30, v2: 70 } })).status).toBe(200);
  await untilRollout(sluice, again.body.id, 'superseded');
  expect((await rolloutOf(sluice, again.body.id)).pools?.map(({ state }) => state)).toEqual(['superseded', 'superseded']);
  expect(await splits()).toEqual([
    { v1: 50, v2: 50 },
    { v1: 30, v2: 70 },
  ]);

  for (const [body, path] of [
    [{ pools: [BOTH[0], { pool: 'cart', to: 'v9' }] }, 'pools[1].to'],
    [{ pools: [BOTH[0], BOTH[0]] }, 'pools[1].pool'],
  ] as const)
    expect(await call(sluice, 'POST', '/v1/rollouts', body)).toMatchObject({ status: 422, body: { problems: [{ path }] } });
  for (const body of [{ pools: [BOTH[0]] }, { pools: BOTH, pool: 'shop', to: 'v2' }, { pool: 'shop' }])
    expect((await call(sluice, 'POST', '/v1/rollouts', body)).status).toBe(400);
});
