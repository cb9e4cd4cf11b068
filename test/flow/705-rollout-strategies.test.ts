// Blue-green: smoke before any user, the switch and the way back under load. Keyed pools: users stay where they are while a ramp goes up, and one
// of them is no evidence. A cohort comes first.

import { afterEach, expect, test } from 'vitest';
import { ask, get } from './scaffold/client.ts';
import { figure, promised } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, rolloutOf, splitOf, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';
import type { Respond, Visitors } from './scaffold/shops.ts';

afterEach(closeAll);

const healthy =
  (name: string, status: number): Respond =>
  (request, response) =>
    void response.writeHead(request.url === '/healthz' || request.url === '/cart?id=1' ? status : 200).end(name);

/** From the last response of the one to the first of the other; negative where they overlap. */
function gapMs(visitors: Visitors, from: string, to: string): number {
  return visitors.seen.get(to)!.firstMs - visitors.seen.get(from)!.lastMs;
}

test('blue-green: failed smoke lets nobody in; the switch and the way back fail no request', { timeout: 60_000 }, async () => {
  const smoke = [{ path: '/healthz' }, { path: '/cart?id=1', times: 3, host: 'shop.example', headers: { 'x-smoke': 'yes' } }];
  const rollouts = { switch: { strategy: 'blue-green', warmup: '0s', steps: [{ smoke }, { weight: '100%' }, { watch: { for: '1h' } }] } };
  const { sluice, shops } = await startShops(['shop'], { rollouts });
  const { v2 } = shops['shop']!;
  const before = visit(sluice);
  v2.respond = healthy('v2', 503);
  const failed = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'switch' });
  const held = await untilRollout(sluice, failed, ({ state }) => state === 'held' || state === 'rolled-back');
  expect(held.why).toMatch(/\/healthz.*503/);
  await before.more(100);
  expect([...before.seen.keys()]).toEqual(['v1']);
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });
  await callRollout(sluice, 'POST', `/v1/rollouts/${failed}/abort`, {});

  const hosts = new Set<string | undefined>();
  v2.respond = (request, response) => {
    if (request.headers['x-smoke'] === 'yes') hosts.add(request.headers.host);
    healthy('v2', 200)(request, response);
  };
  const good = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'switch' });
  await untilRollout(sluice, good, 'watching');
  await before.more(200);
  expect([...hosts]).toEqual(['shop.example']);
  expect(before.faults).toEqual([]);
  expect(gapMs(before, 'v1', 'v2')).toBeGreaterThan(-promised(20));
  await before.close();

  const after = visit(sluice);
  await after.more(200);
  const since = performance.now();
  expect((await callRollout(sluice, 'POST', `/v1/rollouts/${good}/abort`, { reason: 'carts are empty' })).status).toBe(200);
  await untilRollout(sluice, good, 'aborted');
  await after.more(200);
  figure('blue-green', { switchOverlapMs: -gapMs(before, 'v1', 'v2'), backMs: after.seen.get('v2')!.lastMs - since });
  expect(after.seen.get('v2')!.lastMs - since).toBeLessThan(promised(50));
  expect(after.faults).toEqual([]);
  expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });
});

test('a user never flips back while the ramp goes up, and goes back at once when it is taken back', { timeout: 60_000 }, async () => {
  const ramp = {
    warmup: '0s',
    steps: [
      { weight: '10%', for: '1s' },
      { weight: '30%', for: '1s' },
      { weight: '60%', for: '1h' },
    ],
  };
  const { sluice, shops } = await startShops(['shop'], { rollouts: { ramp }, pool: { affinity: { header: 'x-user' } } });
  const users = 300;
  const has = new Map<string, string>();
  const flips: string[] = [];
  let isBack = false;
  const visitors = visit(sluice, 'shop', {
    pauseMs: 0,
    fields: (number) => [`x-user: user-${number % users}`],
    onResponse: (_status, version, [user]) => {
      if (!isBack && has.get(user!) === 'v2' && version !== 'v2') flips.push(`${user}: ${version}`);
      has.set(user!, version);
    },
  });
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'ramp' });
  await untilRollout(sluice, id, ({ share }) => share.desired === 0.6);
  await visitors.more(2 * users);
  const count = [...has.values()].filter((version) => version === 'v2').length;
  expect(count / users).toBeGreaterThan(0.45);
  expect(count / users).toBeLessThan(0.75);
  expect(flips).toEqual([]);
  const { exposed, checks } = await rolloutOf(sluice, id);
  // Each user is assigned once, however many requests it sends, and finishes once at each weight.
  expect(exposed.requests).toBeLessThanOrEqual(count);
  for (const { of } of [checks[0]!.canary!, checks[0]!.baseline!]) expect(of).toBeLessThanOrEqual(4 * users);
  isBack = true;
  shops['shop']!.v2.respond = (_request, response) => void response.writeHead(500).end();
  await untilRollout(sluice, id, 'rolled-back');
  await visitors.more(2 * users);
  expect([...new Set(has.values())]).toEqual(['v1']);
});

test('one user whose requests all fail takes back no canary that is as good as the baseline', { timeout: 60_000 }, async () => {
  const checks = [
    { name: 'errors', errors: {} },
    { name: 'latency', latency: {} },
  ];
  const { sluice, shops } = await startShops(['shop'], {
    rollouts: { half: { warmup: '0s', checks, steps: [{ weight: '50%', for: '1h' }] } },
    pool: { affinity: { header: 'x-user' } },
  });
  const { v1, v2 } = shops['shop']!;
  for (const version of [v1, v2])
    version.respond = (request, response) => {
      const isBroken = String(request.headers['x-user']).startsWith('broken');
      response.writeHead(isBroken ? 500 : 200).end();
    };
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'half' });
  await untilRollout(sluice, id, ({ share }) => share.desired === 0.5);
  const others = visit(sluice, 'shop', { clients: 2, fields: (number) => [`x-user: user-${number % 200}`] });
  // One that the canary has.
  let broken = '';
  for (let tried = 0; broken === ''; tried++) {
    const response = await ask(sluice, get('/shop', `x-user: broken-${tried}`));
    if (response.field('x-version') === 'v2') broken = `broken-${tried}`;
    expect(tried).toBeLessThan(40);
  }
  const one = visit(sluice, 'shop', { clients: 6, pauseMs: 0, fields: () => [`x-user: ${broken}`] });
  await one.more(1000);
  await others.more(100);
  expect(one.failures).toBeGreaterThanOrEqual(1000);
  const { state, checks: seen } = await rolloutOf(sluice, id);
  expect(state).toBe('running');
  expect(seen[0]!.canary!.events).toBeLessThanOrEqual(40);
});

test('a cohort has the canary before anybody else, until the end', { timeout: 60_000 }, async () => {
  const staff = { name: 'staff', header: { name: 'x-staff', value: 'yes' }, for: '0s' };
  const rollouts = { staffed: { warmup: '0s', steps: [{ cohort: staff }, { approve: {} }, { weight: '20%', for: '1h' }] } };
  const { sluice } = await startShops(['shop'], { rollouts });
  const visitors = visit(sluice);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'staffed' });
  // The step is there before it has begun: until then there is nothing to approve.
  await untilRollout(sluice, id, ({ step, why }) => step === 1 && why.includes('approval'));
  const versionFor = async (...fields: string[]) => (await ask(sluice, get('/shop', ...fields))).field('x-version');
  expect(await versionFor('x-staff: yes')).toBe('v2');
  await visitors.more(100);
  expect([...visitors.seen.keys()]).toEqual(['v1']);
  await callRollout(sluice, 'POST', `/v1/rollouts/${id}/approve`, {});
  await untilRollout(sluice, id, ({ share }) => share.desired === 0.2);
  expect(await versionFor('x-staff: yes')).toBe('v2');
  await callRollout(sluice, 'POST', `/v1/rollouts/${id}/abort`, {});
  await untilRollout(sluice, id, 'aborted');
  for (let i = 0; i < 5; i++) expect(await versionFor('x-staff: yes')).toBe('v1');
});
