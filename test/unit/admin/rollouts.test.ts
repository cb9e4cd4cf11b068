// The calls of rollouts: what reaches control, and how its refusals are told.

import { afterEach, expect, it } from 'vitest';
import type { RolloutRefusal } from '../../../src/control/rollouts/rollouts-api.ts';
import { closeAdmins, expectProblem, openAdmin } from './open-admin.ts';

afterEach(closeAdmins);

const START = { pool: 'shop', to: 'v2', template: 'canary', reason: 'release' };
const tokens = [
  { name: 'eye', role: 'viewer', source: { kind: 'env', name: 'EYE' } },
  { name: 'ci', role: 'operator', source: { kind: 'env', name: 'CI' } },
] as const;
const env = { EYE: 'secret-of-the-viewer', CI: 'secret-of-the-operator' };
const as = (secret: string) => ({ authorization: `Bearer ${secret}` });

it('hands on a start with who asks, and responds with 201', async () => {
  const { ask, control } = await openAdmin({ env, config: { tokens, limits: { writesPerSecond: 100 } } });
  const started = await ask('/v1/rollouts', { method: 'POST', body: START, headers: as(env.CI) });
  expect([started.status, started.json['id']]).toEqual([201, 'shop-7f3a']);
  expect(control.rolloutCalls).toEqual([
    [
      'start',
      {
        pools: [{ pool: 'shop', to: 'v2', from: undefined }],
        template: 'canary',
        reason: 'release',
        force: false,
        author: 'ci',
        role: 'operator',
      },
    ],
  ]);
});

it.each(['pause', 'resume', 'approve', 'promote', 'abort', 'retry'])('hands on %s, with a body or without one', async (action) => {
  const { ask, control } = await openAdmin();
  const path = `/v1/rollouts/shop-7f3a/${action}`;
  expect((await ask(path, { method: 'POST', body: { reason: 'seen' } })).status).toBe(200);
  expect((await ask(path, { method: 'POST' })).status).toBe(200);
  const by = { author: 'anonymous', role: 'operator', force: false };
  expect(control.rolloutCalls).toEqual([
    [action, 'shop-7f3a', { ...by, reason: 'seen' }],
    [action, 'shop-7f3a', { ...by, reason: '' }],
  ]);
});

it.each([
  ['POST', '/v1/rollouts', START],
  ['POST', '/v1/rollouts/shop-7f3a/abort', undefined],
  ['POST', '/v1/pools/shop/breaker/reset', undefined],
  ['PUT', '/v1/freeze', { frozen: true }],
  ['POST', '/v1/alarms', { alerts: [] }],
  ['POST', '/v1/events', { events: [] }],
])('lets no viewer %s %s', async (method, path, body) => {
  const { ask, control } = await openAdmin({ env, config: { tokens, limits: { writesPerSecond: 100 } } });
  expectProblem(await ask(path, { method, body, headers: as(env.EYE) }), 403);
  expect(control.rolloutCalls).toEqual([]);
});

it('lets a viewer plan and look', async () => {
  const { ask } = await openAdmin({ env, config: { tokens, limits: { writesPerSecond: 100 } } });
  expect((await ask('/v1/rollouts/plan', { method: 'POST', body: START, headers: as(env.EYE) })).status).toBe(200);
  for (const path of ['/v1/rollouts', '/v1/rollouts/shop-7f3a', '/v1/pools/shop/breaker', '/v1/freeze'])
    expect((await ask(path, { headers: as(env.EYE) })).status).toBe(200);
});

it.each<[RolloutRefusal, number]>([
  [{ result: 'unknown', message: 'There is no pool x.' }, 404],
  [{ result: 'conflict', message: 'A rollout runs already.' }, 409],
  [{ result: 'rejected', problems: [{ path: 'to', message: 'v2 has no endpoint' }] }, 422],
  [{ result: 'failed', message: 'the disk is full' }, 503],
])('tells %j', async (outcome, status) => {
  const { ask, control } = await openAdmin();
  control.rolloutOutcome = outcome;
  expectProblem(await ask('/v1/rollouts', { method: 'POST', body: START }), status);
});

it.each([
  ['an unknown key', '/v1/rollouts', { ...START, weight: 5 }],
  ['no pool', '/v1/rollouts', { to: 'v2' }],
  ['a name that is none', '/v1/rollouts', { ...START, pool: 'a b' }],
  ['a flag that is none', '/v1/rollouts/shop-7f3a/abort', { reason: 5 }],
  ['too many events', '/v1/events', { events: Array.from({ length: 1001 }, () => ({ event: 'a', key: 'b' })) }],
  [
    'too many labels',
    '/v1/alarms',
    { alerts: [{ status: 'firing', labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ''])) }] },
  ],
  ['a status that is none', '/v1/alarms', { alerts: [{ status: 'on', labels: {} }] }],
])('refuses %s', async (_, path, body) => {
  const { ask, control } = await openAdmin();
  expectProblem(await ask(path, { method: 'POST', body }), 400);
  expect(control.rolloutCalls).toEqual([]);
});

it.each([
  ['/v1/rollouts', 'version', { pool: 'shop', version: 'v2' }, 'keys here are pool, to, from, pools, template, reason, force'],
  ['/v1/rollouts', 'kind', { ...START, kind: 'canary' }, 'keys here are pool, to, from, pools, template, reason, force'],
  ['/v1/rollouts/shop-7f3a/abort', 'service', { service: 'shop' }, 'keys here are reason'],
])('tells for %s and the key %s which keys the call takes, and nothing of configs', async (path, key, body, hint) => {
  const { ask } = await openAdmin();
  const { json } = await ask(path, { method: 'POST', body });
  const messages = (json['problems'] as readonly { readonly message: string }[]).map(({ message }) => message);
  expect(messages).toContain(`unknown key "${key}" (${hint})`);
  expect(messages.join()).not.toContain('config');
});

it('takes alarms as Alertmanager sends them', async () => {
  const { ask } = await openAdmin();
  const alert = { status: 'firing', labels: { alertname: 'ShopDown' }, annotations: { a: 'b' }, startsAt: '2026-01-01T00:00:00Z' };
  const body = { receiver: 'sluice', status: 'firing', alerts: [alert], version: '4', groupKey: '{}' };
  expect((await ask('/v1/alarms', { method: 'POST', body })).json).toEqual({ firing: 1 });
});

it('knows no If-Match: a rollout changes by itself', async () => {
  const { ask } = await openAdmin();
  expectProblem(await ask('/v1/rollouts', { method: 'POST', body: START, headers: { 'if-match': '"7"' } }), 400);
});
