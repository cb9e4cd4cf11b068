// `sluice run --takeover`: another process takes over from the one that runs. No exchange fails, what is kept goes on, and a new release
// that is broken changes nothing, wherever it breaks.

import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { call, journalOf, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { figure, scaled } from './scaffold/full.ts';
import { digestOf, recipe, startLoadUpstream } from './scaffold/load-upstream.ts';
import { startLoad } from './scaffold/load.ts';
import { closeAll, open } from './scaffold/open.ts';
import { rolloutOf, splitOf, startRollout, startShops, untilRollout, visit } from './scaffold/shops.ts';
import { configFor, Sluice, startSluice } from './scaffold/sluice.ts';
import { HELLO, callDoor, takeOver } from './scaffold/takeovers.ts';
import { openSocket, startSockets } from './scaffold/websockets.ts';

afterEach(closeAll);

const SPLIT = '/v1/pools/shop/split';
const FAILED = /the takeover failed/;

/** Two workers, and state on disk in a folder of its own. */
async function place(more: object = {}): Promise<{ readonly dir: string; readonly config: object }> {
  const dir = makeFolder().file('state');
  const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
  const pool = { split: { v1: 100, v2: 0 } };
  return { dir, config: configFor({ endpoints, pool, top: { state: { dir }, ...more } }) };
}

async function exitOf(sluice: Sluice): Promise<void> {
  expect(await within('the end of the one before', sluice.exited, 20_000)).toEqual({ code: 0, signal: null });
}

test(
  'upgrades under load: no exchange fails, an upload in flight is finished, a tunnel ends with 1012',
  { timeout: scaled(60_000, 300_000) },
  async () => {
    const dir = makeFolder().file('state');
    const path = makeFolder().file('web.sock');
    const [upstream, sockets] = [await startLoadUpstream(), await startSockets('one')];
    const tunnels = { name: 'tunnels', address: '127.0.0.1:0' };
    const listeners = [{ name: 'web', address: '127.0.0.1:0' }, tunnels, { name: 'local', address: `unix:${path}` }];
    const pools = {
      shop: { versions: { v1: { endpoints: [upstream.address] } } },
      sockets: { versions: { v1: { endpoints: [sockets.address] } } },
    };
    const routes = [{ name: 'sockets', listeners: ['tunnels'], pool: 'sockets' }];
    const drain = { timeout: `${scaled(1, 3)}s` };
    const config = configFor({ routes, top: { state: { dir }, drain, listeners, pools } });
    let sluice = await takeOver(config);
    const { port } = sluice;
    const load = startLoad({ port, keepAlive: 4, fresh: scaled(4, 10), uploads: 2, pauseMs: scaled(2, 4) });
    const rounds = scaled(1, 20);
    const body = recipe(300_000, 7);
    let closes = 0;
    for (let round = 0; round < rounds; round++) {
      const clients = await Promise.all(Array.from({ length: scaled(4, 200) }, () => openSocket(sluice, { listener: 'tunnels' })));
      const wire = await connectTo(sluice);
      await wire.write(`POST /digest HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n`);
      await wire.write(body.subarray(0, 100_000));
      const next = await takeOver(config);
      expect(next.port).toBe(port);
      await wire.write(body.subarray(100_000));
      expect((await wire.readMessage()).body).toBe(digestOf(body));
      wire.destroy();
      for (const client of clients) if ((await within('the end of a tunnel', client.gone)) === 1012) closes++;
      await exitOf(sluice);
      expect((await ask(next, get('/bytes/10/1'), 'local')).status).toBe(200);
      sluice = next;
    }
    const tally = await load.stop();
    figure('upgrades', { rounds, exchanges: tally.exchanges, connections: tally.connections, resets: tally.unaccepted });
    expect([tally.faults, tally.failed, tally.truncated, tally.refused]).toEqual([[], 0, 0, 0]);
    expect(closes).toBe(rounds * scaled(4, 200));
    // Without net.ipv4.tcp_migrate_req the kernel resets what is between a handshake and the queue of a socket that closes.
    expect(tally.unaccepted).toBeLessThanOrEqual(Math.ceil(tally.connections / 100_000));
  },
);

test('state goes along: revisions, journal, overrides by the API, sessions; the ports are the same', async () => {
  const { dir, config } = await place();
  const affinity = { pools: { shop: { ...shopOf(config), affinity: { header: 'x-user', remember: '1h' } } } };
  const first = await startSluice({ ...config, ...affinity }, { workers: 2 });
  const users = Array.from({ length: 8 }, (_, index) => `user-${index}`);
  const versionOf = async (sluice: Sluice, user: string): Promise<string | undefined> =>
    (await ask(sluice, get('/', `x-user: ${user}`))).field('x-version');
  for (const user of users) expect(await versionOf(first, user)).toBe('v1');
  const revision = await setWeights(first, { v1: 0, v2: 100 });
  const second = await takeOver({ ...config, ...affinity });
  await exitOf(first);
  expect([second.port, second.adminPort]).toEqual([first.port, first.adminPort]);
  expect(await revisionOf(second)).toBe(revision);
  expect(await weightsOf(second)).toEqual({ v1: 0, v2: 100 });
  for (const user of users) expect(await versionOf(second, user)).toBe('v1');
  expect(await versionOf(second, 'new')).toBe('v2');
  const lines = await journalOf(second, ({ kind }) => kind === 'takeover');
  expect(lines.map(({ kind }) => kind)).toEqual(['revision', 'revision', 'takeover']);
  expect(lines[2]).toMatchObject({ revision, detail: { result: 'taken', pid: first.pid } });
  expect(await setWeights(second, { v1: 50, v2: 50 })).toBe(revision + 1);
  expect(existsSync(`${dir}/takeover-${first.pid}`)).toBe(false);
});

function shopOf(config: object): object {
  return (config as { readonly pools: { readonly shop: object } }).pools.shop;
}

test('a rollout that runs is continued', async () => {
  const dir = makeFolder().file('state');
  const steps = [{ weight: '40%', for: '1h' }, { weight: '100%' }];
  const rollouts = { ramp: { warmup: '0s', checks: [{ name: 'errors', errors: {} }], steps, breaker: { failures: 0 } } };
  const { sluice: first, config } = await startShops(['shop'], { rollouts, top: { state: { dir } } });
  const visitors = visit(first, 'shop', { clients: 3 });
  const id = await startRollout(first, { pool: 'shop', to: 'v2', template: 'ramp' });
  const before = await untilRollout(first, id, ({ share, checks }) => share.desired === 0.4 && (checks[0]?.canary?.of ?? 0) > 20);
  const second = await takeOver(config());
  second.expectLog(/no check looks at failed requests/);
  expect(await rolloutOf(second, id)).toMatchObject({ state: 'running', step: 0, startedMs: before.startedMs });
  await exitOf(first);
  // What was judged counts on.
  const seen = before.checks[0]!.canary!.of;
  await untilRollout(second, id, ({ checks }) => (checks[0]?.canary?.of ?? 0) > seen + 20);
  expect(await splitOf(second)).toEqual({ v1: 60, v2: 40 });
  await visitors.close();
  expect([visitors.failures, visitors.faults]).toEqual([0, []]);
});

test('a new release that is broken changes nothing, and says why', { timeout: 60_000 }, async () => {
  const { config: plain } = await place();
  const local = { name: 'local', address: `unix:${makeFolder().file('web.sock')}`, mode: '0600' };
  const config = { ...plain, listeners: [{ name: 'web', address: '127.0.0.1:0' }, local] };
  const first = await startSluice(config, { workers: 2 });
  first.expectLog(FAILED);
  const revision = await setWeights(first, { v1: 30, v2: 70 });
  const load = startLoad({ port: first.port, keepAlive: 2 });

  await breaks({ ...config, routes: [{ name: 'shop', pool: 'none' }] }, /none/);
  const taken = await startLoadUpstream();
  const listeners = [{ name: 'web', address: '127.0.0.1:0' }, local, { name: 'more', address: taken.address }];
  await breaks({ ...config, listeners }, /is in use by another process/);
  await untilFailed(first, 1);
  let failures = 1;
  for (const point of ['ready', 'taken']) {
    await breaks(config, /^$/, point);
    await untilFailed(first, ++failures);
    await eventually('its Unix socket', async () => (await ask(first, get('/'), 'local').catch(() => undefined))?.status === 200);
  }
  expect([await revisionOf(first), await weightsOf(first)]).toEqual([revision, { v1: 30, v2: 70 }]);
  const lines = await journalOf(first, ({ seq }) => seq === 2 + failures);
  expect(lines.map(({ kind }) => kind)).toEqual(['revision', 'revision', ...Array.from({ length: failures }, () => 'takeover')]);
  expect(lines[3]).toMatchObject({ revision, detail: { result: 'failed', reason: 'it died' } });
  expect(await setWeights(first, { v1: 100, v2: 0 })).toBe(revision + 1);
  const { failed, faults } = await load.stop();
  expect([failed, faults]).toEqual([0, []]);

  const second = await takeOver(config);
  await exitOf(first);
  expect(await revisionOf(second)).toBe(revision + 1);
});

/** Another one that does not come to serve: it says why and ends with 1, or dies at that point. */
async function breaks(config: object, why: RegExp, point?: string, runArguments = ['--takeover']): Promise<void> {
  const env: Record<string, string> = point === undefined ? {} : { SLUICE_TEST_DIES_BEFORE: point };
  const sluice = open(new Sluice(JSON.stringify(config), { workers: 2, runArguments, env }));
  sluice.expectLog(why);
  sluice.exitCode = point === undefined ? 1 : null;
  expect(await within('its end', sluice.exited, 20_000)).toMatchObject({ code: sluice.exitCode });
  if (point === undefined) expect(sluice.logs.some(({ text }) => why.test(text))).toBe(true);
}

/** The lock and all else is back. */
async function untilFailed(sluice: Sluice, times: number): Promise<void> {
  await eventually('the failure', () => sluice.logs.filter(({ msg }) => FAILED.test(msg)).length === times);
}

test.each(['given', 'yours'])('the one before dies before it says %s: the new one serves with its state', async (point) => {
  const { config } = await place();
  const first = await startSluice(config, { workers: 2, env: { SLUICE_TEST_DIES_BEFORE: point } });
  first.exitCode = null;
  const revision = await setWeights(first, { v1: 0, v2: 100 });
  const second = await takeOver(config);
  second.expectLog(/has died while it was taken over/);
  expect(await revisionOf(second)).toBe(revision);
  expect((await ask(second, get('/'))).field('x-version')).toBe('v2');
  expect(await setWeights(second, { v1: 100, v2: 0 })).toBe(revision + 1);
});

test('one at a time, of the same protocol and form of state; changes wait meanwhile; without the option it is refused', async () => {
  const { dir, config } = await place();
  const first = await startSluice(config, { workers: 1 });
  for (const pattern of [FAILED, /a takeover is refused/]) first.expectLog(pattern);
  await breaks(config, /the state directory is in use/, undefined, []);
  for (const [other, reason] of [
    [{ protocol: 2 }, /version 2 of the takeover protocol/],
    [{ schema: 99 }, /in form 99/],
  ] as const) {
    const stranger = await callDoor(dir);
    stranger.say({ ...HELLO, ...other });
    expect(await stranger.hear()).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
  }
  const caller = await callDoor(dir);
  caller.say(HELLO);
  expect(await caller.hear()).toMatchObject({ kind: 'given', pid: first.pid, revision: 1, listeners: { web: first.port } });
  const refused = await call(first, 'PUT', SPLIT, { weights: { v1: 1, v2: 1 } });
  expect([refused.status, refused.body.detail]).toEqual([503, expect.stringMatching(/takes over/)]);
  expect((await ask(first, get('/'))).status).toBe(200);
  expect(await weightsOf(first)).toEqual({ v1: 100, v2: 0 });
  await breaks(config, /pid 1 is taking over already/);
  await caller.close();
  await eventually('the failure', () => first.logs.some(({ msg }) => FAILED.test(msg)));
  expect(await setWeights(first, { v1: 50, v2: 50 })).toBe(2);
  // What it cannot read ends it as well.
  const second = await callDoor(dir);
  second.say({ kind: 'hello' });
  expect(await second.hear()).toBeUndefined();
  expect(await takeOver(config)).toMatchObject({ port: first.port });
  await exitOf(first);
});
