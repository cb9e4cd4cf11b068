// What people do with a rollout: pause, resume, approve, promote, abort, retry, freeze; what is refused, to whom, and with which words.

import { afterEach, expect, test } from 'vitest';
import { call, setWeights, weightsOf } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import {
  callRollout,
  PATIENCE_MS,
  rolloutOf,
  splitOf,
  startRollout,
  startShops,
  untilBack,
  untilRollout,
  visit,
} from './scaffold/shops.ts';
import type { Shops } from './scaffold/shops.ts';

afterEach(closeAll);

const LONG = { weight: '20%', for: '1h' };
const rollouts = {
  long: { warmup: '0s', steps: [LONG, { weight: '50%', for: '1h' }, { weight: '100%' }, { watch: { for: '1h' } }] },
  approved: {
    warmup: '0s',
    steps: [{ approve: { notStarter: true } }, { weight: '100%' }, { watch: { for: '0s' } }],
  },
};
/** A window on a day that is neither today nor near. */
const CLOSED = { days: [['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7]], timezone: 'UTC' };
const fails = (shops: Shops): void => {
  shops.shops['shop']!.v2.respond = (_request, response) => void response.writeHead(500).end();
};
const act = (shops: Shops, id: string, action: string, fields: Readonly<Record<string, string>> = {}) =>
  callRollout(shops.sluice, 'POST', `/v1/rollouts/${id}/${action}`, { reason: `to ${action}` }, fields);
const start = (shops: Shops, template = 'long', fields: Readonly<Record<string, string>> = {}): Promise<string> =>
  startRollout(shops.sluice, { pool: 'shop', to: 'v2', template }, fields);

test('pause holds and still takes back; a retry begins anew', { timeout: 60_000 }, async () => {
  const shops = await startShops(['shop'], { rollouts });
  const { sluice } = shops;
  const visitors = visit(sluice);
  const id = await start(shops);
  await untilRollout(sluice, id, ({ share }) => share.desired === 0.2);
  expect(await act(shops, id, 'pause')).toMatchObject({ status: 200, body: { state: 'paused', step: 0 } });
  expect((await act(shops, id, 'pause')).status).toBe(409);
  expect((await act(shops, id, 'approve')).status).toBe(409);
  expect(await callRollout(sluice, 'POST', '/v1/rollouts', { pool: 'shop', to: 'v2' })).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining(id) },
  });
  expect(await act(shops, id, 'resume')).toMatchObject({ status: 200, body: { state: 'running' } });
  expect((await act(shops, id, 'resume')).status).toBe(409);
  expect((await act(shops, id, 'retry')).status).toBe(409);
  await act(shops, id, 'pause');
  await visitors.more(100);
  fails(shops);
  const back = await untilRollout(sluice, id, 'rolled-back');
  expect(back.history.some(({ text }) => text.includes('to pause'))).toBe(true);
  await untilBack(sluice);
  for (const action of ['pause', 'resume', 'approve', 'promote', 'abort'])
    expect(await act(shops, id, action)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('rolled-back') } });

  shops.shops['shop']!.v2.respond = (_request, response) => void response.end('mended');
  expect(await act(shops, id, 'retry')).toMatchObject({ status: 200, body: { id } });
  const again = await untilRollout(sluice, id, ({ state, share }) => state === 'running' && share.desired === 0.2);
  // What was seen before it was mended counts no more.
  expect(again.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
  await visitors.more(100);
  expect((await rolloutOf(sluice, id)).state).toBe('running');
});

test('an abort goes back in every state, promoted or not', { timeout: 60_000 }, async () => {
  const shops = await startShops(['shop'], { rollouts });
  const { sluice } = shops;
  visit(sluice);
  const steer: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    'as soon as it is started': () => Promise.resolve(),
    running: (id) => untilRollout(sluice, id, ({ share }) => share.desired === 0.2),
    paused: (id) => act(shops, id, 'pause'),
    watching: async (id) => {
      expect((await act(shops, id, 'promote')).status).toBe(200);
      await untilRollout(sluice, id, 'watching');
      expect(await splitOf(sluice)).toEqual({ v1: 0, v2: 100 });
    },
  };
  for (const [when, go] of Object.entries(steer)) {
    const id = await start(shops);
    await go(id);
    expect([when, (await act(shops, id, 'abort')).status]).toEqual([when, 200]);
    // When the call returns it is so.
    const aborted = await rolloutOf(sluice, id);
    expect(aborted.state).toBe('aborted');
    expect(aborted.why).toContain('to abort');
    expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });
  }
  expect((await callRollout(sluice, 'POST', '/v1/rollouts/shop-none/abort', {})).status).toBe(404);
});

const ROLES = ['viewer', 'operator', 'second', 'admin'] as const;
const env = Object.fromEntries(ROLES.map((name) => [`TOKEN_${name}`, `secret-of-the-${name}`]));
const tokens = ROLES.map((name) => ({ name, role: name === 'second' ? 'operator' : name, env: `TOKEN_${name}` }));
const as = (name: (typeof ROLES)[number]) => ({ authorization: `Bearer secret-of-the-${name}` });

test('who may do what; one who did not start it approves; a freeze stops all but the way back', { timeout: 60_000 }, async () => {
  const admin = { address: '127.0.0.1:0', auth: { tokens } };
  const withWindow = { ...rollouts, office: { ...rollouts.long, windows: [CLOSED] } };
  const shops = await startShops(['shop'], { rollouts: withWindow, top: { admin }, options: { env } });
  const { sluice } = shops;
  const body = { pool: 'shop', to: 'v2', template: 'approved' };
  visit(sluice);
  expect((await call(sluice, 'POST', '/v1/rollouts', body)).status).toBe(401);
  expect((await call(sluice, 'POST', '/v1/rollouts', body, as('viewer'))).status).toBe(403);
  expect((await call(sluice, 'PUT', '/v1/freeze', { frozen: true }, as('viewer'))).status).toBe(403);
  const id = await start(shops, 'approved', as('operator'));
  await untilRollout(sluice, id, ({ why }) => why.includes('approv'), as('viewer'));
  for (const action of ['pause', 'abort', 'promote', 'approve']) expect((await act(shops, id, action, as('viewer'))).status).toBe(403);
  expect(await act(shops, id, 'approve', as('operator'))).toMatchObject({
    status: expect.toSatisfy((status) => status === 409 || status === 403),
  });
  expect((await act(shops, id, 'approve', as('second'))).status).toBe(200);
  const done = await untilRollout(sluice, id, 'succeeded', as('viewer'));
  expect(done.history.some(({ author }) => author === 'second')).toBe(true);
  expect((await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 100, v2: 0 } }, as('operator'))).status).toBe(200);

  const next = await start(shops, 'long', as('operator'));
  await untilRollout(sluice, next, ({ share }) => share.desired === 0.2, as('viewer'));
  expect(await call(sluice, 'PUT', '/v1/freeze', { frozen: true, reason: 'black Friday' }, as('admin'))).toMatchObject({
    status: 200,
    body: { frozen: true, author: 'admin' },
  });
  const frozen = { status: 409, body: { detail: expect.stringContaining('black Friday') } };
  expect(await act(shops, next, 'promote', as('operator'))).toMatchObject(frozen);
  expect((await act(shops, next, 'abort', as('operator'))).status).toBe(200);
  await untilRollout(sluice, next, 'aborted', as('viewer'));
  expect(await call(sluice, 'POST', '/v1/rollouts', body, as('operator'))).toMatchObject(frozen);
  await call(sluice, 'PUT', '/v1/freeze', { frozen: false }, as('admin'));
  const last = await start(shops, 'long', as('operator'));
  expect(last).toMatch(/^shop-/);
  expect((await act(shops, last, 'abort', as('operator'))).status).toBe(200);
  await untilRollout(sluice, last, 'aborted', as('viewer'));

  const office = { pool: 'shop', to: 'v2', template: 'office' };
  const asked = (more: object, name: (typeof ROLES)[number]) => call(sluice, 'POST', '/v1/rollouts', { ...office, ...more }, as(name));
  const when = expect.stringMatching(/cannot start: no window is open; the next one opens \w+ \d+-\d+-\d+ 00:00 UTC/);
  expect(await asked({}, 'operator')).toMatchObject({ status: 409, body: { detail: when } });
  expect(await asked({ force: true }, 'operator')).toMatchObject({ status: 422, body: { problems: [{ path: 'reason' }] } });
  expect(await asked({ force: true, reason: 'it burns' }, 'operator')).toMatchObject({
    status: 201,
    body: { windows: { open: false, forced: true, texts: [expect.stringContaining('00:00 to 24:00 UTC')] } },
  });
});

test('after three that failed the next waits until somebody has looked', { timeout: 60_000 }, async () => {
  const shops = await startShops(['shop'], { rollouts });
  const { sluice } = shops;
  const breaker = async () => (await call(sluice, 'GET', '/v1/pools/shop/breaker')).body;
  fails(shops);
  visit(sluice);
  for (let failed = 0; failed < 3; failed++) {
    expect(await breaker()).toMatchObject({ open: false, failures: failed });
    await untilRollout(sluice, await start(shops), 'rolled-back');
  }
  expect(await breaker()).toMatchObject({ open: true, failures: 3 });
  const refused = await callRollout(sluice, 'POST', '/v1/rollouts', { pool: 'shop', to: 'v2', template: 'long' });
  expect(refused).toMatchObject({ status: 409, body: { detail: expect.stringContaining('sluice rollout reset-breaker shop') } });
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  expect(await runCommand(['rollout', 'start', 'shop', 'v2', ...admin])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('reset-breaker'),
  });
  expect(await runCommand(['rollout', 'reset-breaker', 'shop', '--reason', 'seen', ...admin])).toMatchObject({ code: 0 });
  expect(await breaker()).toMatchObject({ open: false, failures: 0 });
  for (const again of [['reset-breaker', 'shop'], ['unfreeze']])
    expect(await runCommand(['rollout', ...again, ...admin])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to undo'),
    });
  await start(shops);
});

test('what cannot be a rollout is refused with the place and the names that there are', { timeout: 60_000 }, async () => {
  const { sluice } = await startShops(['shop'], { rollouts });
  const refused = (body: object) => callRollout(sluice, 'POST', '/v1/rollouts', body);
  expect(await refused({ pool: 'none', to: 'v2' })).toMatchObject({ status: 404, body: { detail: expect.stringContaining('shop') } });
  expect(await refused({ pool: 'shop', to: 'v2', template: 'none' })).toMatchObject({
    status: 404,
    body: { detail: expect.stringMatching(/long.*blue-green/) },
  });
  for (const body of [
    { pool: 'shop', to: 'none' },
    { pool: 'shop', to: 'v1' },
    { pool: 'shop', to: 'v2', from: 'none' },
    { pool: 'shop', to: 'v2', from: 'v2' },
  ])
    expect([body, (await refused(body)).status]).toEqual([body, 422]);
  for (const body of [{ pool: 'shop', to: 'v2', percent: 5 }, { pool: 'shop' }, {}])
    expect([body, (await refused(body)).status]).toEqual([body, 400]);
  expect((await callRollout(sluice, 'POST', '/v1/rollouts', { pool: 'shop', to: 'v2' }, { 'if-match': '"1"' })).status).toBe(400);
  expect((await call(sluice, 'GET', '/v1/rollouts')).body).toEqual({ rollouts: [] });
  expect((await call(sluice, 'GET', '/v1/rollouts/none')).status).toBe(404);
  expect(await weightsOf(sluice)).toEqual({ v1: 100, v2: 0 });
});

test("somebody else's split stays and ends the rollout; other changes let it go on", { timeout: 60_000 }, async () => {
  const shops = await startShops(['shop'], { rollouts });
  const { sluice } = shops;
  const visitors = visit(sluice);
  const running = async (): Promise<string> => {
    const id = await start(shops);
    await untilRollout(sluice, id, ({ share }) => share.desired === 0.2);
    await visitors.more(20);
    return id;
  };
  const one = await running();
  await setWeights(sluice, { v1: 70, v2: 30 });
  expect((await untilRollout(sluice, one, 'superseded')).why).toMatch(/split/);
  await visitors.more(50);
  expect(await weightsOf(sluice)).toEqual({ v1: 70, v2: 30 });
  await setWeights(sluice, { v1: 100, v2: 0 });

  const two = await running();
  await call(sluice, 'PUT', '/v1/pools/shop/overrides/qa', { header: { name: 'x-qa', value: '1' }, version: 'v2' });
  sluice.writeConfig(shops.config({ retries: { attempts: 2 } }));
  const names = async (): Promise<readonly string[]> =>
    (await call(sluice, 'GET', '/v1/revisions?limit=3')).body.revisions.map(({ cause }) => cause);
  await eventually('the file is in force', async () => (await names()).includes('file'), PATIENCE_MS);
  await visitors.more(100);
  expect(await rolloutOf(sluice, two)).toMatchObject({ state: 'running', share: { desired: 0.2 } });
  sluice.writeConfig(shops.config({ retries: { attempts: 2 }, split: { v1: 90, v2: 10 } }));
  await untilRollout(sluice, two, 'superseded');
  await visitors.more(50);
  expect(await weightsOf(sluice)).toEqual({ v1: 90, v2: 10 });
  expect(visitors.faults).toEqual([]);
});
