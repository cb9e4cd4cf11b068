// `affinity.remember`: users keep the version that they have while new ones follow the weights, on every worker, until something
// moves them. No request fails because of it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { call, journalOf, revisionOf } from './scaffold/admin.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice, SluiceOptions } from './scaffold/sluice.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const SPLIT = '/v1/pools/shop/split';
const OLD = Array.from({ length: 12 }, (_, index) => `old-${index}`);
/** Beyond the times of these tests, and the second that a count is kept. */
const PATIENCE_MS = 15_000;
const NEW = Array.from({ length: 12 }, (_, index) => `new-${index}`);

interface Shop {
  readonly sluice: Sluice;
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
  readonly config: (pool?: object, more?: ConfigParts) => object;
}

interface ShopParts {
  readonly remember?: unknown;
  readonly top?: object;
  readonly options?: SluiceOptions;
}

/** Two workers; v1 has everything. Users are told apart by `x-user`. */
async function startShop({ remember = '1h', top = {}, options = {} }: ShopParts = {}): Promise<Shop> {
  const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
  const affinity = { header: 'x-user', remember };
  const config = (pool: object = {}, more: ConfigParts = {}): object =>
    configFor({ endpoints, pool: { split: { v1: 100, v2: 0 }, affinity, ...pool }, top, ...more });
  return { sluice: await startSluice(config(), { workers: 2, ...options }), endpoints, config };
}

/** Which versions the users get: each asks each worker. Throws for a response that comes from no version. */
async function visit(wires: readonly Wire[], users: readonly string[]): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (const user of users) {
    for (const wire of wires) {
      await wire.write(get('/', `x-user: ${user}`));
      const response = await wire.readMessage();
      expect(response.status).toBe(200);
      seen.add(response.field('x-version') ?? 'none');
    }
  }
  return [...seen].sort();
}

async function shift(sluice: Sluice, weights: Readonly<Record<string, number>>, more: object = {}): Promise<unknown> {
  const { status, body } = await call(sluice, 'PUT', SPLIT, { weights, ...more });
  expect({ status, workers: body.workers }).toEqual({ status: 200, workers: { applied: 2, total: 2 } });
  return body;
}

async function usersOf(sluice: Sluice): Promise<Readonly<Record<string, number | undefined>>> {
  const { body } = await call(sluice, 'GET', '/v1/pools/shop');
  const { versions } = body as unknown as { versions: { name: string; users?: number }[] };
  return Object.fromEntries(versions.map(({ name, users }) => [name, users]));
}

async function untilUsers(sluice: Sluice, users: Readonly<Record<string, number>>): Promise<void> {
  let seen: unknown;
  const look = async (): Promise<boolean> => JSON.stringify((seen = await usersOf(sluice))) === JSON.stringify(users);
  await eventually('the count of users', look, PATIENCE_MS).catch((error: unknown) => {
    throw new Error(`users are ${JSON.stringify(seen)}`, { cause: error });
  });
}

/** Users that had v1 still have it, though the weights have been 0/100 for some time; new users get v2. */
async function remembered(shop: Shop): Promise<Wire[]> {
  const wires = await connectToEach(shop.sluice, 2);
  expect(await visit(wires, OLD)).toEqual(['v1']);
  await shift(shop.sluice, { v1: 0, v2: 100 });
  expect(await visit(wires, OLD)).toEqual(['v1']);
  expect(await visit(wires, NEW)).toEqual(['v2']);
  return wires;
}

test('users stay where they are while new ones follow the weights, and are counted', { timeout: 60_000 }, async () => {
  const shop = await startShop();
  const { sluice } = shop;
  const wires = await remembered(shop);
  await untilUsers(sluice, { v1: OLD.length, v2: NEW.length });
  const version = (await call(sluice, 'GET', '/v1/pools/shop/versions/v1')).body as unknown as { users: number };
  expect(version.users).toBe(OLD.length);
  const metrics = await sluice.metrics();
  expect(metrics.sum('sluice_affinity_users', { pool: 'shop', version: 'v1' })).toBe(OLD.length);
  expect(metrics.sum('sluice_choices_total', { version: 'v1', reason: 'remembered' })).toBe(2 * OLD.length);

  const why = (user: string) => call(sluice, 'POST', '/v1/explain', { url: 'http://a.example/', headers: { 'x-user': user } });
  expect((await why('old-3')).body).toMatchObject({ version: 'v1', reason: 'remembered' });
  expect((await why('new-3')).body).toMatchObject({ version: 'v2', reason: 'affinity' });
  expect((await why('nobody')).body).toMatchObject({ version: 'v2', reason: 'affinity' });
  // Asking why leaves no trace.
  expect(await visit(wires, OLD)).toEqual(['v1']);
  await untilUsers(sluice, { v1: OLD.length, v2: NEW.length });
  expect(await sluice.metric('sluice_requests_total', { status: '200' })).toBeGreaterThan(0);

  // Back again: every user has what the weights say, or keeps what it has.
  await shift(sluice, { v1: 100, v2: 0 });
  expect(await visit(wires, OLD)).toEqual(['v1']);
  expect(await visit(wires, NEW)).toEqual(['v2']);
});

test(
  'a user whose first visit was followed by the change keeps its version, by a cookie that it got then',
  { timeout: 60_000 },
  async () => {
    const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
    const pool = { split: { v1: 100, v2: 0 }, affinity: { cookie: {}, remember: '1h' } };
    const sluice = await startSluice(configFor({ endpoints, pool }), { workers: 2 });
    const first = await ask(sluice, get());
    const cookie = /^(sluice-shop=[^;]+);/.exec(first.field('set-cookie') ?? '')?.[1];
    expect([first.field('x-version'), cookie]).toEqual(['v1', expect.stringMatching(/^sluice-shop=.{22}$/)]);
    await shift(sluice, { v1: 0, v2: 100 });
    for (let i = 0; i < 8; i++) expect((await ask(sluice, get('/', `cookie: ${cookie}`))).field('x-version')).toBe('v1');
    expect((await ask(sluice, get())).field('x-version')).toBe('v2');
  },
);

test('users that go quiet move, and so do all when the time has passed', { timeout: 60_000 }, async () => {
  // Room for a busy machine: they must not go quiet while they are on their way.
  const quiet = await startShop({ remember: { time: '1h', quiet: '5s' } });
  const timed = await startShop({ remember: { time: '5s', quiet: '1h' } });
  await remembered(quiet);
  const wires = await remembered(timed);
  // While they stay away they are counted until they are quiet, then not.
  await untilUsers(quiet.sluice, { v1: 0, v2: 0 });
  expect(await visit(await connectToEach(quiet.sluice, 2), OLD)).toEqual(['v2']);
  await eventually('all of them on v2', async () => (await visit(wires, OLD)).join() === 'v2', PATIENCE_MS);
  await untilUsers(timed.sluice, { v1: 0, v2: OLD.length + NEW.length });
});

test('`move` moves all users at once, on all workers, also where the weights stay', { timeout: 60_000 }, async () => {
  const shop = await startShop();
  const { sluice } = shop;
  const wires = await remembered(shop);
  const before = await revisionOf(sluice);
  const tried = await call(sluice, 'PUT', `${SPLIT}?dryRun=true`, { weights: { v1: 0, v2: 100 }, sessions: 'move' });
  // Users that are remembered now would follow: the impact of a change that changes no weight.
  const impact = { pools: [{ pool: 'shop', users: expect.any(Number) as number }], requests: { otherwise: expect.any(Number) as number } };
  expect(tried.body).toMatchObject({ revision: before, dryRun: true, differences: [], moved: ['shop'], impact });
  expect(await visit(wires, OLD)).toEqual(['v1']);
  // A change that is refused moves no user.
  expect((await call(sluice, 'PUT', SPLIT, { weights: { v9: 1 }, sessions: 'move' })).status).toBe(422);
  expect((await call(sluice, 'PUT', SPLIT, { weights: { v2: 1 }, sessions: 'move' }, { 'if-match': '"999"' })).status).toBe(412);
  expect((await call(sluice, 'PUT', SPLIT, { weights: { v2: 1 }, sessions: 'mvoe' })).status).toBe(400);
  expect(await visit(wires, OLD)).toEqual(['v1']);

  expect(await shift(sluice, { v1: 0, v2: 100 }, { sessions: 'move', reason: 'enough' })).toMatchObject({
    revision: before,
    differences: [],
    moved: ['shop'],
  });
  expect(await visit(wires, OLD)).toEqual(['v2']);
  expect(await shift(sluice, { v1: 100, v2: 0 }, { sessions: 'move' })).toMatchObject({ revision: before + 1, moved: ['shop'] });
  expect(await visit(wires, [...OLD, ...NEW])).toEqual(['v1']);
  const lines = await journalOf(sluice, ({ revision, kind }) => kind === 'revision' && revision === before + 1);
  expect(lines.filter(({ detail }) => detail['moved'] !== undefined).map(({ kind, detail }) => [kind, detail['moved']])).toEqual([
    ['moved', ['shop']],
    ['revision', ['shop']],
  ]);
});

test('a rollback moves users back unless it is told to let them stay', { timeout: 60_000 }, async () => {
  const shop = await startShop();
  const { sluice } = shop;
  const wires = await remembered(shop);
  const restore = async (revision: number, body: object): Promise<unknown> => {
    const { status, body: response } = await call(sluice, 'POST', `/v1/revisions/${revision}/restore`, body);
    expect(status).toBe(200);
    return response;
  };
  expect(await restore(1, { sessions: 'keep' })).not.toHaveProperty('moved');
  expect([await visit(wires, OLD), await visit(wires, NEW)]).toEqual([['v1'], ['v2']]);
  expect(await restore(2, {})).toMatchObject({ moved: ['shop'] });
  expect(await visit(wires, [...OLD, ...NEW])).toEqual(['v2']);
  expect(await restore(1, {})).toMatchObject({ moved: ['shop'] });
  expect(await visit(wires, [...OLD, ...NEW])).toEqual(['v1']);
});

test('a drain, and a version that leaves the config, move users; other reloads do not', { timeout: 60_000 }, async () => {
  const shop = await startShop();
  const { sluice, config } = shop;
  const wires = await remembered(shop);
  const reload = async (pool: object, more?: ConfigParts): Promise<void> => {
    const revision = await revisionOf(sluice);
    sluice.writeConfig(config(pool, more));
    await eventually('the reload', async () => (await revisionOf(sluice)) > revision);
  };
  await reload({ timeouts: { response: '9s' } });
  expect([await visit(wires, OLD), await visit(wires, NEW)]).toEqual([['v1'], ['v2']]);
  // A table of another size takes the known users along.
  await reload({ affinity: { header: 'x-user', remember: { time: '1h', users: 1000 } } });
  expect([await visit(wires, OLD), await visit(wires, NEW)]).toEqual([['v1'], ['v2']]);

  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', {})).status).toBe(200);
  expect(await visit(wires, OLD)).toEqual(['v2']);
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/resume', {})).status).toBe(200);
  expect(await visit(wires, OLD)).toEqual(['v2']);
  await untilUsers(sluice, { v1: 0, v2: OLD.length + NEW.length });

  await shift(sluice, { v1: 100, v2: 0 });
  expect(await visit(wires, [...OLD, ...NEW])).toEqual(['v2']);
  await reload({ split: { v1: 100 } }, { endpoints: { v1: shop.endpoints['v1']! } });
  expect(await visit(wires, [...OLD, ...NEW])).toEqual(['v1']);
  await untilUsers(sluice, { v1: OLD.length + NEW.length });
});

test('a worker that dies takes no user along', { timeout: 60_000 }, async () => {
  const path = makeFolder().file('mortal');
  const shop = await startShop({ options: mortal(path) });
  const { sluice } = shop;
  await remembered(shop);
  sluice.expectLog(/a worker died|a worker was replaced/);
  await strike(path, 0, 'exit');
  await eventually('both workers to serve', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
  });
  const wires = await connectToEach(sluice, 2);
  expect([await visit(wires, OLD), await visit(wires, NEW)]).toEqual([['v1'], ['v2']]);
});

test('a restart keeps users where they are; one after a move does not bring them back', { timeout: 60_000 }, async () => {
  const dir = makeFolder().file('state');
  // A file that holds no sessions costs a warning.
  mkdirSync(join(dir, 'sessions'), { recursive: true });
  writeFileSync(join(dir, 'sessions', 'shop.bin'), 'nonsense');
  const shop = await startShop({ top: { state: { dir } } });
  shop.sluice.expectLog(/sessions cannot be read/);
  expect(shop.sluice.logs.filter(({ msg }) => msg.startsWith('sessions cannot be read'))).toHaveLength(1);
  const before = await remembered(shop);
  await stop(shop.sluice, before);

  const second = await startSluice(shop.config(), { workers: 2 });
  await untilUsers(second, { v1: OLD.length, v2: NEW.length });
  const wires = await connectToEach(second, 2);
  expect([await visit(wires, OLD), await visit(wires, NEW)]).toEqual([['v1'], ['v2']]);
  await shift(second, { v1: 0, v2: 100 }, { sessions: 'move' });
  second.signal('SIGKILL');
  second.exitCode = null;
  await within('the end', second.exited);

  const third = await startSluice(shop.config(), { workers: 2 });
  expect(await visit(await connectToEach(third, 2), OLD)).toEqual(['v2']);
});

/** A drain waits a while for connections that are still open. */
async function stop(sluice: Sluice, wires: readonly Wire[]): Promise<void> {
  for (const wire of wires) wire.destroy();
  sluice.signal('SIGTERM');
  expect((await within('the end', sluice.exited, 20_000)).code).toBe(0);
}
