// A process that dies during a rollout, at any moment: the next one goes on with it or takes it back, within its plan, and counts nothing twice.

import { afterEach, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { call } from './scaffold/admin.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, scaled } from './scaffold/full.ts';
import { closeAll } from './scaffold/open.ts';
import { callRollout, PATIENCE_MS, rolloutOf, splitOf, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';
import { startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const ENDED = ['succeeded', 'rolled-back', 'aborted', 'superseded', 'failed'];
const SHARES = [0, 20, 40, 60, 80, 100];
const rollouts = {
  ramp: {
    warmup: '0s',
    checks: [{ name: 'errors', errors: {} }],
    steps: [
      { weight: '20%', for: '300ms' },
      { weight: '40%', for: '300ms' },
      { weight: '60%', for: '300ms' },
      { weight: '80%', for: '300ms' },
      { weight: '100%' },
      { watch: { for: '300ms' } },
    ],
    breaker: { failures: 0 },
  },
  stays: { warmup: '0s', checks: [{ name: 'errors', errors: {} }], steps: [{ weight: '40%', for: '1h' }, { weight: '100%' }] },
};

async function kill(sluice: Sluice): Promise<void> {
  sluice.exitCode = null;
  sluice.signal('SIGKILL');
  await within('the death', sluice.exited, 20_000);
}

test(
  'SIGKILL at chance moments: it goes on, weights are within the plan, and nothing counts twice',
  { timeout: scaled(120_000, 900_000) },
  async () => {
    const dir = makeFolder().file('state');
    const { sluice: first, shops, config } = await startShops(['shop'], { rollouts, top: { state: { dir } } });
    const { v1, v2 } = shops['shop']!;
    const ends: Record<string, number> = {};
    let sluice = first;
    let id = '';
    let isBad = false;
    const rounds = scaled(6, 200);
    for (let round = 0; round < rounds; round++) {
      const current = id === '' ? undefined : await rolloutOf(sluice, id);
      if (current === undefined || ENDED.includes(current.state)) {
        if (current !== undefined) ends[current.state] = (ends[current.state] ?? 0) + 1;
        await call(sluice, 'PUT', '/v1/pools/shop/split', { weights: { v1: 100, v2: 0 } });
        // Every third fails from its middle on.
        isBad = false;
        [v1.requests, v2.requests] = [0, 0];
        id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'ramp' });
      } else isBad = round % 3 === 2;
      v2.respond = (_request, response) => void response.writeHead(isBad ? 500 : 200).end();
      const visitors = visit(sluice, 'shop', { clients: 3 });
      await pause(Math.random() * 700);
      await kill(sluice);
      await visitors.close();
      sluice = await startSluice(config(), { workers: 2 });
      const [rollout, split] = [await rolloutOf(sluice, id), await splitOf(sluice)];
      const seen = `round ${round}: ${JSON.stringify({ split, rollout })}`;
      expect([seen, SHARES.includes(split['v2']!), split['v1']! + split['v2']!]).toEqual([seen, true, 100]);
      expect([seen, rollout.state]).not.toEqual([seen, 'superseded']);
      const { baseline, canary } = rollout.checks[0]!;
      expect([seen, (canary?.of ?? 0) <= v2.requests, (baseline?.of ?? 0) <= v1.requests]).toEqual([seen, true, true]);
      expect([seen, rollout.exposed.requests <= v2.requests + 3 * (round + 1)]).toEqual([seen, true]);
    }
    isBad = false;
    visit(sluice, 'shop', { clients: 3 });
    const end = await untilRollout(sluice, id, ({ state }) => ENDED.includes(state));
    expect(['succeeded', 'rolled-back']).toContain(end.state);
    expect((await splitOf(sluice))['v2']).toBe(end.state === 'succeeded' ? 100 : 0);
    figure('killed during rollouts', { rounds, ...ends });
  },
);

test(
  'one that is bad as the next process comes up is taken back by it; a pause and an end outlast a restart',
  { timeout: 90_000 },
  async () => {
    const dir = makeFolder().file('state');
    const { sluice: first, shops, config } = await startShops(['shop'], { rollouts, top: { state: { dir } } });
    const one = visit(first, 'shop', { clients: 3 });
    const id = await startRollout(first, { pool: 'shop', to: 'v2', template: 'stays', reason: 'release 9' });
    await untilRollout(first, id, ({ share, checks }) => share.desired === 0.4 && (checks[0]?.canary?.of ?? 0) > 50);
    expect((await callRollout(first, 'POST', `/v1/rollouts/${id}/pause`, {})).status).toBe(200);
    const before = await rolloutOf(first, id);
    await kill(first);
    await one.close();

    const second = await startSluice(config(), { workers: 2 });
    const after = await rolloutOf(second, id);
    expect(after).toMatchObject({ state: 'paused', step: 0, share: { desired: 0.4 }, reason: 'release 9', startedMs: before.startedMs });
    expect(await splitOf(second)).toEqual({ v1: 60, v2: 40 });
    // What was judged before it died counts still: it was kept with the pause.
    expect(after.checks[0]!.canary!.of).toBeGreaterThan(50);
    shops['shop']!.v2.respond = (_request, response) => void response.writeHead(500).end();
    const two = visit(second, 'shop', { clients: 3 });
    const back = await untilRollout(second, id, 'rolled-back');
    await two.close();
    await kill(second);

    const third = await startSluice(config(), { workers: 2 });
    expect(await rolloutOf(third, id)).toMatchObject({ state: 'rolled-back', why: back.why });
    expect(await splitOf(third)).toEqual({ v1: 100, v2: 0 });
    expect((await callRollout(third, 'POST', `/v1/rollouts/${id}/retry`, {})).status).toBe(200);
    await eventually('it begins anew', async () => (await rolloutOf(third, id)).state === 'running', PATIENCE_MS);
  },
);
