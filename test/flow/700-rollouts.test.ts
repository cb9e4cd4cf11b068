// A canary that harms is taken back by itself, before more than a few have met it, and says why; one that is as good as the baseline goes on.

import { afterEach, expect, test } from 'vitest';
import { call, journalOf } from './scaffold/admin.ts';
import { busyControl } from './scaffold/busy-control.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, isFull, promised, scaled } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { PATIENCE_MS, rolloutOf, splitOf, startRollout, startShops, untilBack, untilRollout, visit } from './scaffold/shops.ts';
import type { Respond } from './scaffold/shops.ts';

afterEach(closeAll);

const steps = [{ weight: '5%', until: 'evidence' }, { weight: '100%' }, { watch: { for: '1s' } }];
const rollouts = {
  quick: { steps, warmup: '0s' },
  errors: { steps, warmup: '0s', checks: [{ name: 'errors', errors: {} }] },
  half: { steps: [{ weight: '50%', until: 'evidence' }, { weight: '100%' }], warmup: '0s' },
  ramp: {
    steps: [
      { weight: '20%', until: 'evidence' },
      { weight: '40%', until: 'evidence' },
      { weight: '50%', until: 'evidence' },
      { weight: '100%' },
      { watch: { for: '1s' } },
    ],
    warmup: '0s',
    checks: [
      { name: 'errors', errors: { absolute: '5%' } },
      { name: 'error-rate', errorRate: { max: '50%' } },
    ],
  },
};
/** Also where the thread that decides waits long for its turn: the workers do not wait for it. */
const FEW = 5;
const refuse =
  (status: number): Respond =>
  (_request, response) =>
    void response.writeHead(status).end('no');
const after =
  (ms: number, name: string): Respond =>
  (_request, response) =>
    void setTimeout(() => response.end(name), ms);

test(
  'a canary that fails every request: weight 0 at once, at most 5 users see it, and everything says why',
  { timeout: 60_000 },
  async () => {
    const { sluice, shops } = await startShops(['shop'], { rollouts });
    const { v2 } = shops['shop']!;
    const badMs: number[] = [];
    v2.respond = (request, response) => {
      badMs.push(performance.now());
      refuse(500)(request, response);
    };
    const visitors = visit(sluice, 'shop', isFull ? {} : { clients: 2, pauseMs: 8 });
    await visitors.more(50);
    expect(v2.requests).toBe(0);
    const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'quick', reason: 'release 1.42' });
    // Whoever asks all the time takes the turns of the thread that decides.
    await eventually('a bad response', () => badMs.length > 0, PATIENCE_MS);
    await untilBack(sluice);
    const tookMs = performance.now() - badMs.at(-1)!;
    const ended = await untilRollout(sluice, id, 'rolled-back');
    const met = v2.requests;
    await visitors.more(scaled(100, 500));
    expect(v2.requests).toBe(met);
    expect(visitors.failures).toBeLessThanOrEqual(FEW);
    expect(visitors.failures).toBeLessThanOrEqual(met);
    expect(await splitOf(sluice)).toEqual({ v1: 100, v2: 0 });
    // The weights follow as soon as control thread and disk have time: nobody meets it meanwhile.
    expect(tookMs).toBeLessThan(5_000);

    // What was on its way to it as it was halted had no part in it.
    const [told = '', judged] = /v2 failed (\d+) of \d+ requests/.exec(ended.why) ?? [];
    expect(Number(judged)).toBeGreaterThan(1);
    const lateMs = badMs.at(-1)! - badMs[Number(judged) - 1]!;
    expect(lateMs).toBeLessThan(promised(50));
    figure('a canary that fails every request', { failures: visitors.failures, lateMs, tookMs });
    const numbers = new RegExp(told);
    expect(ended).toMatchObject({ step: 0, share: { desired: 0 }, reason: 'release 1.42' });
    expect(ended.exposed.requests).toBeGreaterThanOrEqual(Number(judged));
    expect(ended.exposed.requests).toBeLessThanOrEqual(met);
    const lines = await journalOf(sluice, ({ kind, detail }) => kind === 'rollout' && detail['state'] === 'rolled-back');
    expect(lines.at(-1)).toMatchObject({ author: 'sluice', detail: { rollout: id, pool: 'shop', baseline: 'v1', canary: 'v2' } });
    expect(lines.at(-1)!.detail['what']).toMatch(numbers);
    const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
    const status = await runCommand(['rollout', 'status', ...admin]);
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(numbers);
    expect((await call(sluice, 'GET', '/v1/revisions?limit=1')).body.revisions[0]).toMatchObject({
      cause: 'rollout',
      reason: expect.stringContaining(id),
    });
  },
);

test('while the thread that decides has no time, the workers halt it: few users see it', { timeout: 60_000 }, async () => {
  const { sluice, shops } = await startShops(['shop'], { rollouts, options: busyControl(100) });
  const { v2 } = shops['shop']!;
  v2.respond = refuse(500);
  const visitors = visit(sluice, 'shop', { clients: 4, pauseMs: 0 });
  await visitors.more(50);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'quick' });
  const { why, history } = await untilRollout(sluice, id, 'rolled-back');
  await untilBack(sluice);
  figure('a canary that fails while the control thread is busy', { failures: visitors.failures });
  expect(visitors.failures).toBeLessThanOrEqual(FEW);
  expect(why).toMatch(/^check errors failed: v2 failed (\d) of \1 requests .* is shown/);
  expect(history.map(({ text }) => text).join()).not.toContain('gets requests again');
});

test('with acrossVersions nobody sees it', { timeout: 60_000 }, async () => {
  const { sluice, shops } = await startShops(['shop'], { rollouts, pool: { retries: { on: ['gateway-error'], acrossVersions: true } } });
  const { v2 } = shops['shop']!;
  v2.respond = refuse(503);
  const visitors = visit(sluice);
  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'errors' });
  const { checks } = await untilRollout(sluice, id, 'rolled-back');
  // What another version saved is charged to the one that failed it.
  const { events, of } = checks[0]!.canary!;
  expect(events).toBe(of);
  expect(of).toBeGreaterThan(1);
  expect(of).toBeLessThanOrEqual(v2.requests);
  figure('a canary that others save', { requests: v2.requests });
  expect(checks[0]!.baseline!.events).toBe(0);
  expect(visitors.faults).toEqual([]);
});

test('refused, reset, silent, slower or good: each is found for what it is', { timeout: 120_000 }, async () => {
  const { sluice, shops } = await startShops(['refused', 'reset', 'silent', 'slower', 'good'], { rollouts });
  const { refused, reset, silent, slower } = shops as Record<string, (typeof shops)[string]>;
  await refused!.v2.close();
  reset!.v2.respond = (request) => request.socket.resetAndDestroy();
  silent!.v2.respond = () => undefined;
  slower!.v1.respond = after(30, 'v1');
  slower!.v2.respond = after(75, 'v2');
  const start = (pool: string, template: string): Promise<string> => startRollout(sluice, { pool, to: 'v2', template });
  const quickly = async (pool: string): Promise<void> => {
    const visitors = visit(sluice, pool, { clients: 2 });
    const id = await start(pool, 'quick');
    await untilRollout(sluice, id, 'rolled-back');
    await untilBack(sluice, pool);
    expect(visitors.failures).toBeLessThanOrEqual(FEW);
    await visitors.close();
  };
  const isSilent = async (): Promise<void> => {
    const visitors = visit(sluice, 'silent', { clients: 12 });
    const id = await start('silent', 'quick');
    await eventually('a request of the canary', () => silent!.v2.requests > 0, PATIENCE_MS);
    const since = performance.now();
    await untilRollout(sluice, id, 'rolled-back');
    const tookMs = performance.now() - since;
    // Without bounds yet a request is slow after 5 s; the response timeout is 15 s.
    expect(tookMs).toBeLessThan(promised(6_500));
    figure('a canary that never responds', { tookMs, met: silent!.v2.requests });
    await visitors.more(50);
    expect(visitors.failures).toBe(0);
    await visitors.close();
  };
  const isSlower = async (): Promise<void> => {
    const visitors = visit(sluice, 'slower', { clients: 12, pauseMs: 0 });
    const id = await start('slower', 'half');
    const { checks, why } = await untilRollout(sluice, id, 'rolled-back');
    expect(checks.find(({ kind }) => kind === 'latency')?.verdict).toBe('fail');
    expect(why).toContain('slow');
    await visitors.close();
  };
  const isGood = async (): Promise<void> => {
    const visitors = visit(sluice, 'good', { clients: 4, pauseMs: 1 });
    const id = await start('good', 'ramp');
    const shares = new Set<number>();
    await untilRollout(sluice, id, ({ state, share }) => (shares.add(share.desired), state === 'succeeded'));
    expect([...shares].filter((share) => ![0, 0.2, 0.4, 0.5, 1].includes(share))).toEqual([]);
    expect(await splitOf(sluice, 'good')).toEqual({ v1: 0, v2: 100 });
    expect(visitors.faults).toEqual([]);
    await visitors.close();
  };
  await Promise.all([quickly('refused'), quickly('reset'), isSilent(), isSlower(), isGood()]);
});

test('without traffic it waits, says what is missing and promotes nothing', { timeout: 60_000 }, async () => {
  const waiting = { warmup: '0s', steps: [{ weight: '20%', until: 'evidence', atMost: '2s' }, { weight: '100%' }] };
  const timed = { warmup: '0s', steps: [{ weight: '20%', for: '1s', atMost: '2s' }, { weight: '100%' }] };
  const { sluice } = await startShops(['waiting', 'timed', 'promoted'], {
    rollouts: { waiting, timed, promoted: { warmup: '0s', steps: [{ weight: '100%' }, { watch: { for: '1s' } }] } },
  });
  const ids = await Promise.all(['waiting', 'timed', 'promoted'].map((pool) => startRollout(sluice, { pool, to: 'v2', template: pool })));
  for (const id of ids.slice(0, 2)) {
    const held = await untilRollout(sluice, id, 'held');
    expect(held.step).toBe(0);
    expect(held.why).toMatch(/no request of v2/);
    expect(held.checks.map(({ verdict }) => verdict).filter((verdict) => verdict === 'pass' || verdict === 'fail')).toEqual([]);
    expect(await splitOf(sluice, held.pool)).toEqual({ v1: 80, v2: 20 });
  }
  // A watch without a request has seen nothing.
  const watched = await untilRollout(sluice, ids[2]!, ({ state, why }) => state !== 'promoting' && /request/.test(why));
  expect(watched.state).not.toBe('succeeded');
  const { body } = await call(sluice, 'GET', '/v1/overview');
  expect(JSON.stringify(body)).toContain('rollout-held');
  expect((await rolloutOf(sluice, ids[0]!)).state).toBe('held');
});
