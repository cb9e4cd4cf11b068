// Endpoints that are replaced in place, by a hook that restarts the program behind each: one batch after the other, or all while requests wait.
// What cannot go on says so, and can be aborted.

import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import {
  callRollout,
  PATIENCE_MS,
  rolloutOf,
  splitOf,
  startRollout,
  startShops,
  startVersion,
  untilBack,
  untilRollout,
  visit,
} from './scaffold/shops.ts';
import type { ShopVersion } from './scaffold/shops.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

interface Replaced {
  readonly sluice: Sluice;
  readonly programs: readonly ShopVersion[];
  /** Endpoints in the order in which they were restarted, and the most that were down at once. */
  readonly restarted: string[];
  most: () => number;
}

async function startReplaced(step: object, hold: string, mayRestart: (count: number) => boolean = () => true): Promise<Replaced> {
  const programs = await Promise.all(Array.from({ length: 8 }, () => startVersion('old')));
  const restarted: string[] = [];
  let down = 0;
  let most = 0;
  const agent = await startVersion('agent');
  agent.respond = (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      const { endpoint } = JSON.parse(text) as { readonly endpoint: string };
      const program = programs.find(({ address }) => address === endpoint)!;
      if (!mayRestart(restarted.length)) return void response.writeHead(500).end();
      restarted.push(endpoint);
      most = Math.max(most, ++down);
      void program
        .close()
        .then(() => program.start())
        .then(() => {
          program.respond = (_request, ours) => void ours.setHeader('x-version', 'new').end('new');
          down--;
          response.end();
        });
    });
  };
  const health = { path: '/healthz', interval: '200ms', timeout: '200ms', healthyAfter: 1, unhealthyAfter: 1 };
  const hooks = [{ on: ['endpoint'], url: `http://${agent.address}/`, retries: 0 }];
  const rollouts = { replaced: { strategy: 'rolling', steps: [step], hooks, onFail: 'hold' } };
  const endpoints = programs.map(({ address }) => address);
  const sluice = await startSluice(configFor({ endpoints, pool: { health, hold }, top: { rollouts } }), { workers: 2 });
  // A probe may meet a program while it is restarted.
  sluice.expectLog(/an endpoint is unhealthy/);
  return { sluice, programs, restarted, most: () => most };
}

test('rolling over 8 endpoints whose programs are restarted: no request fails', { timeout: 60_000 }, async () => {
  const { sluice, programs, restarted, most } = await startReplaced(
    { replace: { batch: '25%', maxUnavailable: '25%', minReady: '0s' } },
    '2s',
  );
  const visitors = visit(sluice);
  await visitors.more(50);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v1', template: 'replaced' });
  await untilRollout(sluice, id, 'succeeded');
  await visitors.more(100);
  expect([...restarted].sort()).toEqual(programs.map(({ address }) => address).sort());
  expect(most()).toBeLessThanOrEqual(2);
  expect(visitors.faults).toEqual([]);
  const { endpoints } = (await call(sluice, 'GET', '/v1/pools/shop/versions/v1')).body;
  expect(endpoints.map(({ ready }) => ready)).toEqual(Array.from({ length: 8 }, () => true));
});

test('a hook that fails stops it: no further endpoint is touched, and all get traffic again', { timeout: 60_000 }, async () => {
  const replace = { replace: { batch: '25%', maxUnavailable: '25%', minReady: '0s' } };
  const { sluice, restarted } = await startReplaced(replace, '2s', (count) => count < 3);
  const visitors = visit(sluice);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v1', template: 'replaced' });
  const held = await untilRollout(sluice, id, 'held');
  expect(held.why).toMatch(/hook failed.*500/);
  const count = restarted.length;
  const areReady = async (): Promise<boolean> =>
    (await call(sluice, 'GET', '/v1/pools/shop/versions/v1')).body.endpoints.every(({ ready }) => ready);
  await eventually('all are ready', areReady, PATIENCE_MS);
  await visitors.more(100);
  expect(restarted.length).toBe(count);
  await callRollout(sluice, 'POST', `/v1/rollouts/${id}/abort`, {});
  expect((await rolloutOf(sluice, id)).state).toBe('aborted');
  expect(visitors.faults).toEqual([]);
});

test('recreate: all are replaced at once, and requests wait for them', { timeout: 60_000 }, async () => {
  const { sluice, restarted } = await startReplaced({ recreate: { minReady: '0s' } }, '20s');
  const visitors = visit(sluice);
  await visitors.more(50);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v1', template: 'replaced' });
  await untilRollout(sluice, id, 'succeeded');
  await visitors.more(100);
  expect(restarted.length).toBe(8);
  expect(visitors.faults).toEqual([]);
});

test('a start hook that never responds can be aborted; a cold baseline is not gone back to at once', { timeout: 60_000 }, async () => {
  const silent = await startVersion('silent');
  silent.respond = () => undefined;
  const rollouts = {
    waiting: { warmup: '0s', steps: [{ weight: '20%' }], hooks: [{ on: ['start'], url: `http://${silent.address}/`, timeout: '1h' }] },
    all: { warmup: '0s', steps: [{ weight: '100%' }, { watch: { for: '1h' } }] },
  };
  const health = { path: '/healthz', interval: '200ms', timeout: '200ms', healthyAfter: 1, unhealthyAfter: 1 };
  const { sluice, shops } = await startShops(['shop'], { rollouts, pool: { health } });
  const { v1, v2 } = shops['shop']!;
  const visitors = visit(sluice);
  const waiting = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'waiting' });
  await untilRollout(sluice, waiting, ({ why }) => why.includes('hook'));
  expect((await callRollout(sluice, 'POST', `/v1/rollouts/${waiting}/abort`, {})).body.state).toBe('aborted');
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });

  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'all' });
  await untilRollout(sluice, id, 'watching');
  sluice.expectLog(/an endpoint is unhealthy/);
  await v1.close();
  const isOut = async (): Promise<boolean> => !(await call(sluice, 'GET', '/v1/pools/shop/versions/v1')).body.endpoints[0]!.ready;
  await eventually('the baseline is out', isOut, PATIENCE_MS);
  await visitors.more(50);
  v2.respond = (request, response) => void response.writeHead(request.url === '/healthz' ? 200 : 500).end();
  const cold = await untilRollout(sluice, id, ({ state, why }) => state === 'held' && /0 of 1/.test(why));
  expect(cold.why).toMatch(/back to v1 as its endpoints become ready/);
  expect(await splitOf(sluice)).toEqual({ v1: 0, v2: 100 });
  await v1.start();
  await untilRollout(sluice, id, 'rolled-back');
  await untilBack(sluice);
});
