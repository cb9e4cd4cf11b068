// What users do is counted by user: values that responses and applications tell, and failures, of which one user may have most.

import { afterEach, expect, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { runCommand } from './scaffold/command.ts';
import { closeAll } from './scaffold/open.ts';
import { rolloutOf, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';
import type { Respond } from './scaffold/shops.ts';

afterEach(closeAll);

const half = { steps: [{ weight: '50%', for: '1h' }], warmup: '0s' };
const rollouts = {
  worth: {
    ...half,
    checks: [
      { name: 'errors', errors: {} },
      { name: 'revenue', value: { response: { header: 'X-Revenue' }, cap: 50 }, worseThan: '-5%', onFail: 'hold' },
      { name: 'spend', value: { event: 'spend', cap: 100 }, worseThan: '-5%' },
    ],
  },
  guarded: {
    ...half,
    checks: [
      { name: 'errors', errors: {} },
      { name: 'error-rate', errorRate: { max: '5%' } },
    ],
  },
};
const earns =
  (amount: string): Respond =>
  (_request, response) =>
    void response.writeHead(200, { 'x-revenue': amount }).end('ok');

test('values of users are judged, and one user who fails all the time is no broken canary', { timeout: 60_000 }, async () => {
  const { sluice, shops } = await startShops(['shop', 'books'], { rollouts, pool: { affinity: { header: 'x-user' } } });
  const { shop, books } = shops;
  shop!.v1.respond = earns('10.00');
  shop!.v2.respond = earns('6.50');
  books!.v2.respond = (request, response) => void response.writeHead(request.headers['x-user'] === bot ? 500 : 200).end('ok');
  let bot: string | undefined;

  // One user whom chance gave the canary sends far more than all others together, and each of its requests fails.
  const guarded = await startRollout(sluice, { pool: 'books', to: 'v2', template: 'guarded' });
  await untilRollout(sluice, guarded, ({ share }) => share.desired === 0.5);
  const readers = visit(sluice, 'books', {
    clients: 2,
    pauseMs: 0,
    fields: (visited) => [`x-user: ${bot ?? `reader ${visited % 80}`}`],
    onResponse: (_status, version, [field]) => {
      if (version === 'v2' && readers.requests > 160) bot ??= field!.slice('x-user: '.length);
    },
  });
  await readers.more(160 + 100);
  const seen = await untilRollout(sluice, guarded, ({ checks }) => (checks[0]!.topUserShare ?? 0) > 0.9);
  expect(seen).toMatchObject({ state: 'running', checks: [{ canary: { events: 1 } }, { verdict: 'pass' }] });
  expect(seen.checks[0]!.sentence).toContain('one user has 100 % of these requests');
  expect((await runCommand(['rollout', 'status', guarded, '--admin', `http://127.0.0.1:${sluice.adminPort}`])).stdout).toContain(
    'one user has',
  );
  await readers.close();

  const id = await startRollout(sluice, { pool: 'shop', to: 'v2', template: 'worth' });
  await untilRollout(sluice, id, ({ share }) => share.desired === 0.5);
  // Nobody knows this user yet.
  expect((await call(sluice, 'POST', '/v1/events', { events: [{ event: 'spend', key: 'user 0', value: 5 }] })).body).toEqual({
    counted: 0,
  });
  const users = visit(sluice, 'shop', { clients: 8, pauseMs: 0, fields: (visited) => [`x-user: user ${visited}`] });
  await users.more(300);
  const events = Array.from({ length: 100 }, (_, user) => ({ event: 'spend', key: `user ${user}`, value: 5 }));
  expect((await call(sluice, 'POST', '/v1/events', { events })).body).toEqual({ counted: 100 });
  expect((await call(sluice, 'POST', '/v1/events', { events: [{ event: 'spend', key: 'user 0', value: -1 }] })).status).toBe(400);
  const held = await untilRollout(sluice, id, 'held');
  await users.close();
  const [, revenue, spend] = held.checks;
  expect(revenue!.verdict).toBe('fail');
  // A few are drawn whose response has not come.
  expect(revenue!.sentence).toMatch(
    /^v2 has 6\.[45]\d* per user of [12],\d{3}, v1 (?:9\.9\d*|10) of [12],\d{3}: a loss of more than 5 % is shown$/,
  );
  // Those of whom nobody told anything have nothing.
  expect(spend!.sentence).toMatch(/^v2 has 0\.\d+ per user of [12],\d{3}, v1 0\.\d+ of/);
  expect((await rolloutOf(sluice, guarded)).state).toBe('running');
});
