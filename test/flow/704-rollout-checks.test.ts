// Checks that others judge: a Prometheus, a webhook, alarms. What has no result holds a rollout and never lets it pass. Hooks are signed.

import { createHmac } from 'node:crypto';
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
import type { Respond } from './scaffold/shops.ts';

afterEach(closeAll);

const steps = [{ weight: '20%' }, { weight: '50%', for: '1s' }, { weight: '100%' }, { watch: { for: '1s' } }];
const sample = (value: string, agoSeconds = 0): object => ({
  status: 'success',
  data: { resultType: 'vector', result: [{ metric: {}, value: [Date.now() / 1000 - agoSeconds, value] }] },
});
const vector = (...result: object[]): object => ({ status: 'success', data: { resultType: 'vector', result } });
const GOOD = (): object => sample('0.4');

/** What a Prometheus says that has nothing to say. */
const MUTE: Readonly<Record<string, () => object | string>> = {
  nan: () => sample('NaN'),
  infinite: () => sample('+Inf'),
  empty: () => vector(),
  blank: () => sample(''),
  stale: () => sample('0.4', 3600),
  error: () => ({ status: 'error', errorType: 'bad_data', error: 'parse error' }),
  garbage: () => '<html>proxy login</html>',
  odd: () => vector({ metric: {}, value: ['now', 0.4] }),
};

test('a Prometheus without a number promotes nothing; one beyond its bound takes back', { timeout: 90_000 }, async () => {
  const prometheus = await startVersion('prometheus');
  const gone = await startVersion('gone');
  const says: Record<string, () => object | string> = { ...MUTE, beyond: () => sample('0.97'), gone: GOOD };
  const asked: Record<string, number> = {};
  const respond: Respond = (request, response) => {
    const query = new URL(request.url!, 'http://prometheus').searchParams.get('query') ?? '';
    const pool = /^load\{pool="(\w+)",version="v2",beside="v1"\}$/.exec(query)?.[1] ?? `unexpected query ${query}`;
    asked[pool] = (asked[pool] ?? 0) + 1;
    const said = (says[pool] ?? GOOD)();
    response.end(typeof said === 'string' ? said : JSON.stringify(said));
  };
  prometheus.respond = respond;
  gone.respond = respond;
  const query = 'load{pool="{{pool}}",version="{{canary}}",beside="{{baseline}}"}';
  const template = (address: string, more: object = {}): object => ({
    warmup: '0s',
    steps,
    checks: [
      {
        name: 'load',
        onFail: 'rollback',
        prometheus: { address: `http://${address}/`, query, max: 0.9, interval: '1s', timeout: '1s', ...more },
      },
    ],
  });
  const rollouts = { asked: template(prometheus.address, { for: '1s' }), leaving: template(gone.address) };
  const pools = Object.keys(says);
  const { sluice } = await startShops(pools, { rollouts });
  for (const pool of pools) visit(sluice, pool, { clients: 1, pauseMs: 10 });
  await gone.close();
  const ids = Object.fromEntries(
    await Promise.all(
      pools.map(
        async (pool) => [pool, await startRollout(sluice, { pool, to: 'v2', template: pool === 'gone' ? 'leaving' : 'asked' })] as const,
      ),
    ),
  );
  const back = await untilRollout(sluice, ids['beyond']!, 'rolled-back');
  expect(back.why).toMatch(/0\.97.*above 0\.9/);
  await untilBack(sluice, 'beyond');

  const mute = [...Object.keys(MUTE), 'gone'];
  for (const pool of mute) {
    if (pool !== 'gone') await eventually(`${pool} is asked again`, () => (asked[pool] ?? 0) >= 3, PATIENCE_MS);
    // On a busy machine it may be asked thrice before the weights of so many are in force.
    const waiting = await untilRollout(sluice, ids[pool]!, ({ why, state }) => why.includes('load') || state !== 'running');
    expect([pool, waiting.step, waiting.share.desired]).toEqual([pool, 0, 0.2]);
    expect([pool, waiting.checks[0]!.verdict]).toEqual([pool, 'no-data']);
    expect(waiting.why).toContain('load');
  }
  // It is the lack of a number that they wait for.
  for (const pool of mute) says[pool] = GOOD;
  await gone.start();
  await Promise.all(mute.map((pool) => untilRollout(sluice, ids[pool]!, ({ state }) => state === 'watching' || state === 'succeeded')));
  expect(Object.keys(asked).sort()).toEqual([...pools].sort());
});

test('a webhook that refuses holds; an alarm takes back', { timeout: 60_000 }, async () => {
  const judge = await startVersion('judge');
  const bodies: { readonly text: string; readonly signature: unknown }[] = [];
  let status = 409;
  judge.respond = (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      bodies.push({ text, signature: request.headers['x-sluice-signature'] });
      response.writeHead(status).end();
    });
  };
  const webhook = { url: `http://${judge.address}/may-it?key=1`, interval: '1s', secret: { env: 'HOOK_SECRET' } };
  const rollouts = {
    asked: { warmup: '0s', steps, checks: [{ name: 'judge', webhook }] },
    alarmed: { warmup: '0s', steps: [{ weight: '20%', for: '1h' }], checks: [{ name: 'pager', alarm: { alertname: 'ShopDown' } }] },
  };
  const { sluice } = await startShops(['asked', 'alarmed'], { rollouts, options: { env: { HOOK_SECRET: 'open sesame' } } });
  for (const pool of ['asked', 'alarmed']) visit(sluice, pool, { clients: 1, pauseMs: 10 });
  const asked = await startRollout(sluice, { pool: 'asked', to: 'v2', template: 'asked' });
  const held = await untilRollout(sluice, asked, 'held');
  expect(held.why).toMatch(/409/);
  expect(held.step).toBe(0);
  for (const { text, signature } of bodies) {
    expect(signature).toBe(`sha256=${createHmac('sha256', 'open sesame').update(text).digest('hex')}`);
    expect(JSON.parse(text)).toMatchObject({ rollout: asked, pool: 'asked', version: 'v2', check: 'judge' });
  }
  status = 204;
  await untilRollout(sluice, asked, ({ checks }) => checks[0]!.verdict === 'pass');
  await callRollout(sluice, 'POST', `/v1/rollouts/${asked}/resume`, {});
  await untilRollout(sluice, asked, 'succeeded');

  const alarmed = await startRollout(sluice, { pool: 'alarmed', to: 'v2', template: 'alarmed' });
  await untilRollout(sluice, alarmed, ({ share }) => share.desired === 0.2);
  const tell = (alertname: string) =>
    call(sluice, 'POST', '/v1/alarms', {
      version: '4',
      receiver: 'sluice',
      alerts: [{ status: 'firing', labels: { alertname }, startsAt: '2026-01-01T00:00:00Z' }],
    });
  expect(await tell('DiskFull')).toMatchObject({ status: 200, body: { firing: 1 } });
  expect((await rolloutOf(sluice, alarmed)).state).toBe('running');
  await tell('ShopDown');
  expect((await untilRollout(sluice, alarmed, 'rolled-back')).why).toContain('ShopDown');
  await untilBack(sluice, 'alarmed');
});

test('hooks are told, signed and tried again; one that is required and refuses holds', { timeout: 60_000 }, async () => {
  const hooks = await startVersion('hooks');
  const told: Record<string, unknown>[] = [];
  let refusals = 1;
  let mayPromote = false;
  hooks.respond = (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    request.on('end', () => {
      expect(request.headers['x-sluice-signature']).toBe(`sha256=${createHmac('sha256', 'open sesame').update(text).digest('hex')}`);
      const read = JSON.parse(text) as Record<string, unknown>;
      told.push(read);
      const isRefused = read['on'] === 'promote' ? !mayPromote : refusals-- > 0;
      response.writeHead(isRefused ? 503 : 200).end();
    });
  };
  const hook = (on: string[], more: object = {}): object => ({
    on,
    url: `http://${hooks.address}/told`,
    secret: { env: 'HOOK_SECRET' },
    ...more,
  });
  const template = (more: object[]): object => ({
    warmup: '0s',
    onFail: 'hold',
    steps: [{ weight: '20%' }, { weight: '100%' }, { watch: { for: '0s' } }],
    hooks: [
      hook(['start', 'step'], { required: true }),
      hook(['promote'], { required: true, retries: 0 }),
      hook(['end', 'rollback']),
      ...more,
    ],
  });
  const { sluice } = await startShops(['shop'], { rollouts: { hooked: template([]) }, options: { env: { HOOK_SECRET: 'open sesame' } } });
  visit(sluice, 'shop', { clients: 1, pauseMs: 5 });
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'hooked', reason: 'release 7' });
  const held = await untilRollout(sluice, id, 'held');
  expect(held.why).toMatch(/hook.*503/);
  expect(held.why).not.toContain('/told');
  expect((await splitOf(sluice))['v2']).toBe(20);
  const moments = told.map((each) => each['on']);
  // The first call was refused and came again.
  expect(moments.slice(0, 2)).toEqual(['start', 'start']);
  expect(moments).toContain('step');
  expect(told[0]).toMatchObject({ rollout: id, pool: 'shop', version: 'v2', on: 'start', step: 0 });
  mayPromote = true;
  await callRollout(sluice, 'POST', `/v1/rollouts/${id}/resume`, {});
  await untilRollout(sluice, id, 'succeeded');
  await eventually('the end is told', () => told.some((each) => each['on'] === 'end' && each['state'] === 'succeeded'), PATIENCE_MS);
  expect(told.some((each) => each['on'] === 'rollback')).toBe(false);
});

test('an error page with the status 200 is found by its size', { timeout: 60_000 }, async () => {
  const little = { name: 'little', smallBodies: { worseThan: '2x' }, onFail: 'rollback' };
  const rollouts = { sized: { warmup: '0s', steps: [{ weight: '50%', for: '1h' }], checks: [little] } };
  const { sluice, shops } = await startShops(['shop'], { rollouts });
  const { v1, v2 } = shops['shop']!;
  // In chunks, and of many sizes: there is no length in its head.
  const page: Respond = (_request, response) => {
    response.write('x'.repeat(4000));
    response.end('y'.repeat(Math.floor(4000 * Math.random())));
  };
  v1.respond = page;
  v2.respond = page;
  visit(sluice);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'sized' });
  await untilRollout(sluice, id, ({ checks }) => (checks[0]!.canary?.of ?? 0) > 100);
  expect((await rolloutOf(sluice, id)).state).toBe('running');
  v2.respond = (_request, response) => void response.end('<h1>Something went wrong</h1>');
  const back = await untilRollout(sluice, id, 'rolled-back');
  expect(back.why).toMatch(/^check little failed: v2 had a much smaller body than usual in the response of \d+ of \d+ requests/);
});
