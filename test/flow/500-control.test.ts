// Changes through the admin API: when a call returns, every worker obeys it, it is recorded, and no request was harmed.

import { afterEach, expect, test } from 'vitest';
import { call, journalOf, revisionOf, setWeights, weightsOf } from './scaffold/admin.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { figure, isFull, scaled } from './scaffold/full.ts';
import { recipe, startLoadUpstream } from './scaffold/load-upstream.ts';
import { startLoad } from './scaffold/load.ts';
import type { Load } from './scaffold/load.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice } from './scaffold/sluice.ts';
import { startUpstream } from './scaffold/upstream.ts';
import type { Wire } from './scaffold/wire.ts';

afterEach(closeAll);

const SPLIT = '/v1/pools/shop/split';
const BATCH = 50;

interface Shop {
  readonly sluice: Sluice;
  /** The config of its file, with other parts. */
  readonly config: (parts?: ConfigParts) => object;
  readonly endpoints: Readonly<Record<string, readonly string[]>>;
}

/** Versions v1, v2 and v3; all goes to v1. */
async function startShop({ workers = 1, more = {} }: { workers?: number; more?: ConfigParts } = {}): Promise<Shop> {
  const endpoints: Record<string, readonly string[]> = {};
  for (const name of ['v1', 'v2', 'v3']) endpoints[name] = [(await startLoadUpstream(name)).address];
  const config = (parts: ConfigParts = {}): object => configFor({ endpoints, pool: { split: { v1: 100 } }, ...more, ...parts });
  return { sluice: await startSluice(config(), { workers }), config, endpoints };
}

/** Which version responds on a fresh connection. */
async function served(sluice: Sluice, ...fields: string[]): Promise<string | undefined> {
  return (await ask(sluice, get('/', ...fields))).field('x-version');
}

/** Asks `total` times over the connections, several at once on each; returns how many responses each version gave. */
async function ballot(wires: readonly Wire[], total: number): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const vote = async (wire: Wire): Promise<void> => {
    for (let left = total / wires.length; left > 0; left -= BATCH) {
      await wire.write(get('/').repeat(BATCH));
      for (let i = 0; i < BATCH; i++) {
        const version = (await wire.readMessage()).field('x-version') ?? 'none';
        counts[version] = (counts[version] ?? 0) + 1;
      }
    }
  };
  await Promise.all(wires.map(vote));
  return counts;
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
}

async function expectNoHarm(load: Load): Promise<void> {
  const { faults, failed, truncated, refused, unaccepted, exchanges } = await load.stop();
  expect({ faults, failed, truncated, refused, unaccepted }).toEqual({ faults: [], failed: 0, truncated: 0, refused: 0, unaccepted: 0 });
  expect(exchanges).toBeGreaterThan(0);
}

test('after the response no request on any worker obeys the old weights', { timeout: scaled(60_000, 300_000) }, async () => {
  const { sluice } = await startShop({ workers: 2 });
  const tookMs: number[] = [];
  const flip = async (to: string): Promise<void> => {
    const began = performance.now();
    const weights = { v1: 0, v2: 0, [to]: 100 };
    const { status, body } = await call(sluice, 'PUT', SPLIT, { weights });
    tookMs.push(performance.now() - began);
    expect({ status, workers: body.workers }).toEqual({ status: 200, workers: { applied: 2, total: 2 } });
  };
  const sides = (count: number): string[] => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 'v2' : 'v1'));
  for (const to of sides(scaled(100, 1_000))) await flip(to);
  const [coldMs = 0] = tookMs;
  const idle = tookMs.splice(0).sort((a, b) => a - b);
  if (isFull) expect(percentile(idle, 0.99)).toBeLessThan(20);

  const wires = await connectToEach(sluice, 2);
  const load = startLoad({ port: sluice.port, keepAlive: 2, fresh: 1 });
  const total = scaled(2_000, 10_000);
  for (const to of sides(6)) {
    await flip(to);
    expect(await ballot(wires, total)).toEqual({ [to]: total });
    expect(await served(sluice)).toBe(to);
  }
  await expectNoHarm(load);
  const loaded = tookMs.sort((a, b) => a - b);
  figure('split by call, 2 workers', {
    'first ms': coldMs,
    'idle p50 ms': percentile(idle, 0.5),
    'idle p99 ms': percentile(idle, 0.99),
    'loaded slowest ms': loaded.at(-1) ?? 0,
    'requests after each': total,
  });
});

test('many changes in a row harm no request and no long response', { timeout: scaled(120_000, 600_000) }, async () => {
  const [count, longs] = [scaled(100, 1_000), scaled(50, 1_000)];
  const body = recipe(40_000, 7).toString('latin1');
  let finish = (): void => undefined;
  const released = new Promise<void>((resolve) => (finish = resolve));
  const slow = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 10_000)}`);
    await released;
    await wire.write(body.slice(10_000));
  });
  const [one, two] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const endpoints = { v1: [one.address], v2: [two.address], slow: [slow.address] };
  const pool = { split: { v1: 100 }, overrides: [{ name: 'slow', header: { name: 'x-slow', value: 'yes' }, version: 'slow' }] };
  const sluice = await startSluice(configFor({ endpoints, pool }), { workers: 2 });

  const long = await Promise.all(Array.from({ length: longs }, () => connectTo(sluice)));
  for (const wire of long) {
    wire.deadlineMs = 120_000;
    await wire.write(get('/', 'x-slow: yes'));
    await wire.arrival();
  }
  const load = startLoad({ port: sluice.port, keepAlive: 3, fresh: 2, uploads: 1 });
  const first = await revisionOf(sluice);
  const began = performance.now();
  const tookMs: number[] = [];
  for (let i = 1; i <= count; i++) {
    const from = performance.now();
    const weights = i % 2 === 0 ? { v1: i, v2: 1 } : { v1: 1, v2: i };
    // Every tenth change is another one.
    const done =
      i % 10 === 0
        ? await call(sluice, 'PUT', '/v1/pools/shop/overrides/qa', { header: { name: 'x-qa', value: `${i}` }, version: 'v2' })
        : await call(sluice, 'PUT', SPLIT, { weights });
    tookMs.push(performance.now() - from);
    expect({ status: done.status, revision: done.body.revision }).toEqual({ status: 200, revision: first + i });
  }
  const seconds = (performance.now() - began) / 1000;
  await expectNoHarm(load);
  expect(slow.wires.length).toBe(longs);
  finish();
  for (const wire of long) expect((await wire.readMessage()).body === body).toBe(true);
  tookMs.sort((a, b) => a - b);
  figure(`${count} changes under load, ${longs} long responses`, {
    seconds,
    'p50 ms': percentile(tookMs, 0.5),
    'p99 ms': percentile(tookMs, 0.99),
    exchanges: load.tally.exchanges,
  });
});

test('of two controllers that race one wins each revision', { timeout: 60_000 }, async () => {
  const { sluice } = await startShop();
  const first = await revisionOf(sluice);
  const rounds = scaled(25, 200);
  const wins = { a: 0, b: 0 };
  for (let round = 1; round <= rounds; round++) {
    const current = first + round - 1;
    const propose = (name: string, weight: number) =>
      call(sluice, 'PUT', SPLIT, { weights: { v1: round, v2: weight }, reason: name }, { 'if-match': `"${current}"` });
    // By turns, so that neither is always the first to ask.
    const asked = round % 2 === 0 ? [propose('a', 1), propose('b', 2)] : [propose('b', 2), propose('a', 1)];
    const [won, lost] = (await Promise.all(asked)).sort((a, b) => a.status - b.status);
    expect({ status: won?.status, revision: won?.body.revision, etag: won?.etag }).toEqual({
      status: 200,
      revision: current + 1,
      etag: `"${current + 1}"`,
    });
    expect({ status: lost?.status, revision: lost?.body.revision, etag: lost?.etag }).toEqual({
      status: 412,
      revision: current + 1,
      etag: `"${current + 1}"`,
    });
    const kept = (await call(sluice, 'GET', '/v1/revisions?limit=1')).body.revisions[0];
    const weights = await weightsOf(sluice);
    expect(weights['v2']).toBe(kept?.reason === 'a' ? 1 : 2);
    wins[kept?.reason === 'a' ? 'a' : 'b']++;
  }
  const numbers: number[] = [];
  for (let before: number | undefined = first + rounds + 1; before !== undefined;) {
    const { body } = await call(sluice, 'GET', `/v1/revisions?limit=7&before=${before}`);
    numbers.push(...body.revisions.map(({ revision }) => revision));
    before = body.next;
  }
  expect(numbers).toEqual(Array.from({ length: first + rounds }, (_, index) => first + rounds - index));
  figure('two controllers', wins);
});

test('restore takes back, and everything says who, why and what', { timeout: 60_000 }, async () => {
  const tokens = [
    { name: 'nightly', role: 'operator', env: 'NIGHTLY' },
    { name: 'ann', role: 'operator', env: 'ANN' },
  ];
  const admin = { address: '127.0.0.1:0', auth: { tokens } };
  const [one, two] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const config = configFor({ endpoints: { v1: [one.address], v2: [two.address] }, pool: { split: { v1: 1 } }, top: { admin } });
  const secrets = { NIGHTLY: 'secret-of-the-night-shift-0123456789', ANN: 'secret-of-ann-0123456789-0123456789' };
  const sluice = await startSluice(config, { env: secrets });
  const [nightly, ann] = [{ authorization: `Bearer ${secrets.NIGHTLY}` }, { authorization: `Bearer ${secrets.ANN}` }];

  expect((await call(sluice, 'PUT', SPLIT, { weights: { v1: 0, v2: 1 } })).status).toBe(401);
  const first = (await call(sluice, 'GET', SPLIT, undefined, ann)).body.revision;
  const moved = await call(sluice, 'PUT', SPLIT, { weights: { v1: 0, v2: 1 }, reason: 'canary 7' }, nightly);
  expect(moved).toMatchObject({ status: 200, body: { revision: first + 1 } });
  expect(await served(sluice)).toBe('v2');
  const back = await call(sluice, 'POST', `/v1/revisions/${first}/restore`, { reason: 'errors' }, ann);
  expect(back).toMatchObject({ status: 200, etag: `"${first + 2}"`, body: { revision: first + 2 } });
  expect(await served(sluice)).toBe('v1');

  const { revisions } = (await call(sluice, 'GET', '/v1/revisions', undefined, ann)).body;
  expect(revisions).toMatchObject([
    { revision: first + 2, author: 'ann', reason: 'errors', cause: 'restore' },
    { revision: first + 1, author: 'nightly', reason: 'canary 7', cause: 'api' },
    { revision: first, cause: 'start' },
  ]);
  expect(revisions[1]?.differences.map(({ path }) => path)).toEqual(['pools.shop.split.v1', 'pools.shop.split.v2']);
  const lines = await journalOf(sluice, ({ revision }) => revision === first + 2, ann);
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
  const made = lines.filter(({ kind }) => kind === 'revision');
  expect(made).toMatchObject([
    { revision: first, detail: { cause: 'start' } },
    { revision: first + 1, author: 'nightly', detail: { cause: 'api', reason: 'canary 7', changeCount: 2 } },
    { revision: first + 2, author: 'ann', detail: { cause: 'restore', reason: 'errors' } },
  ]);
  expect(JSON.stringify(made[1]?.detail['changes'])).toContain('pools.shop.split.v2');
  const refused = lines.filter(({ kind }) => kind === 'refused');
  expect(refused).toMatchObject([{ detail: { method: 'PUT', path: SPLIT, reason: 'no-token' } }]);
  expect(JSON.stringify([revisions, lines])).not.toContain('secret-of');
});

/** Replaces the file; resolves when a revision has come of it. */
async function edit(sluice: Sluice, config: object): Promise<number> {
  const before = await revisionOf(sluice);
  sluice.writeConfig(config);
  return eventually('a revision of the file', async () => {
    const revision = await revisionOf(sluice);
    return revision > before && revision;
  });
}

async function overtakenBy(sluice: Sluice, revision: number): Promise<unknown> {
  const lines = await journalOf(sluice, (line) => line.revision === revision);
  return lines.find((line) => line.kind === 'revision' && line.revision === revision)?.detail['overtaken'];
}

test('file and API: what the file does not change itself stays as the API left it', { timeout: 60_000 }, async () => {
  const { sluice, config, endpoints } = await startShop();
  await setWeights(sluice, { v1: 0, v2: 100 });

  const elsewhere = [{ name: 'new', match: [{ path: { prefix: '/new' } }], respond: { status: 204 } }];
  const second = await edit(sluice, config({ routes: elsewhere }));
  expect((await ask(sluice, get('/new'))).status).toBe(204);
  expect(await served(sluice)).toBe('v2');
  expect(await overtakenBy(sluice, second)).toBeUndefined();

  const third = await edit(sluice, config({ routes: elsewhere, pool: { split: { v3: 100 } } }));
  expect(await served(sluice)).toBe('v3');
  expect(await overtakenBy(sluice, third)).toEqual(['the file changed pools.shop.split itself']);

  // The file takes away a version that the API gave weight.
  await setWeights(sluice, { v1: 100, v2: 0 });
  const { v1: _, ...fewer } = endpoints;
  const fourth = await edit(sluice, config({ endpoints: fewer, pool: { split: { v3: 100 } } }));
  expect(await served(sluice)).toBe('v3');
  expect((await ask(sluice, get('/new'))).status).toBe(200);
  const overtaken = await overtakenBy(sluice, fourth);
  expect(overtaken).toHaveLength(1);
  expect(JSON.stringify(overtaken)).toMatch(/v1/);
});

test('a bad file changes nothing, and the API works on', { timeout: 60_000 }, async () => {
  const { sluice, config } = await startShop();
  const before = await setWeights(sluice, { v1: 0, v2: 100 });
  sluice.expectLog(/config rejected|config problem/);
  sluice.writeConfig('listeners: 7\n');
  await eventually('the file is rejected', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'rejected' })) > 0);
  expect(await revisionOf(sluice)).toBe(before);
  expect(await served(sluice)).toBe('v2');
  expect(await setWeights(sluice, { v1: 0, v2: 0, v3: 100 })).toBe(before + 1);
  expect(await served(sluice)).toBe('v3');
  // The file is good again, with something new; what was changed in between holds.
  const elsewhere = [{ name: 'new', match: [{ path: { prefix: '/new' } }], respond: { status: 204 } }];
  expect(await edit(sluice, config({ routes: elsewhere }))).toBe(before + 2);
  expect((await ask(sluice, get('/new'))).status).toBe(204);
  expect(await served(sluice)).toBe('v3');
});

test('versions and endpoints are drained and taken back by call', { timeout: 60_000 }, async () => {
  const { sluice, endpoints } = await startShop();
  await setWeights(sluice, { v1: 50, v2: 50 });
  const version = '/v1/pools/shop/versions/v1';
  expect((await call(sluice, 'POST', `${version}/drain`, { reason: 'swap' })).status).toBe(200);
  expect((await call(sluice, 'GET', version)).body).toMatchObject({ draining: true, ready: false });
  expect(await ballot([await connectTo(sluice)], 200)).toEqual({ v2: 200 });
  expect((await call(sluice, 'POST', `${version}/resume`, {})).status).toBe(200);
  expect((await call(sluice, 'GET', version)).body).toMatchObject({ draining: false, ready: true });
  expect((await ballot([await connectTo(sluice)], 400))['v1']).toBeGreaterThan(0);

  const address = endpoints['v2']?.[0] ?? '';
  const endpoint = `/v1/pools/shop/versions/v2/endpoints/${encodeURIComponent(address)}`;
  expect((await call(sluice, 'POST', `${endpoint}/drain`, {})).status).toBe(200);
  const drained = (await call(sluice, 'GET', '/v1/pools/shop/versions/v2')).body;
  expect(drained).toMatchObject({ draining: false, ready: false, endpoints: [{ address, ready: false, reason: 'draining' }] });
  expect(await ballot([await connectTo(sluice)], 200)).toEqual({ v1: 200 });
  expect((await call(sluice, 'POST', `${endpoint}/resume`, {})).status).toBe(200);
  expect((await ballot([await connectTo(sluice)], 400))['v2']).toBeGreaterThan(0);
});

test('overrides are set, removed and cleared by call', { timeout: 60_000 }, async () => {
  const byHeader = (value: string, version: string) => ({ header: { name: 'x-to', value }, version });
  const pool = { split: { v1: 100 }, overrides: [{ name: 'qa', ...byHeader('qa', 'v2') }] };
  const { sluice } = await startShop({ more: { pool } });
  const [all, beta, qa] = ['', '/beta', '/qa'].map((name) => `/v1/pools/shop/overrides${name}`) as [string, string, string];
  const listed = async (): Promise<unknown> => (await call(sluice, 'GET', all)).body.overrides;

  expect((await call(sluice, 'PUT', beta, byHeader('beta', 'v3'))).status).toBe(200);
  expect(await served(sluice, 'x-to: beta')).toBe('v3');
  expect((await call(sluice, 'PUT', qa, byHeader('qa', 'v3'))).status).toBe(200);
  expect(await served(sluice, 'x-to: qa')).toBe('v3');
  expect(await listed()).toEqual([
    { name: 'qa', version: 'v3', origin: 'api' },
    { name: 'beta', version: 'v3', origin: 'api' },
  ]);
  expect((await call(sluice, 'DELETE', beta)).status).toBe(200);
  expect(await served(sluice, 'x-to: beta')).toBe('v1');
  expect((await call(sluice, 'DELETE', qa)).status).toBe(200);
  expect(await served(sluice, 'x-to: qa')).toBe('v1');
  expect(await listed()).toEqual([]);
  await call(sluice, 'PUT', beta, byHeader('beta', 'v3'));
  expect((await call(sluice, 'DELETE', all)).status).toBe(200);
  expect(await listed()).toEqual([{ name: 'qa', version: 'v2', origin: 'file' }]);
  expect(await served(sluice, 'x-to: qa')).toBe('v2');
  expect(await served(sluice, 'x-to: beta')).toBe('v1');
});

test('what is refused, asked for dry or in force already makes no revision', { timeout: 60_000 }, async () => {
  const { sluice } = await startShop();
  const current = await setWeights(sluice, { v1: 100, v2: 1 });
  const still = async (): Promise<void> => {
    expect(await revisionOf(sluice)).toBe(current);
    expect(await weightsOf(sluice)).toMatchObject({ v1: 100, v2: 1 });
  };
  const weights = { v1: 0, v2: 0, v3: 100 };
  const dry = await call(sluice, 'PUT', `${SPLIT}?dryRun=true`, { weights });
  expect(dry).toMatchObject({ status: 200, body: { revision: current, dryRun: true } });
  expect(dry.body.differences.map(({ path }) => path)).toContain('pools.shop.split.v3');
  await still();
  const unknown = await call(sluice, 'PUT', '/v1/pools/shpo/split', { weights });
  expect(unknown.status).toBe(404);
  expect(unknown.body.detail).toContain('shpo');
  await still();
  const nobody = await call(sluice, 'PUT', SPLIT, { weights: { v9: 100 } });
  expect(nobody.status).toBe(422);
  expect(nobody.body.problems.map(({ path }) => path)).toContain('pools.shop.split.v9');
  await still();
  const stale = await call(sluice, 'PUT', SPLIT, { weights }, { 'if-match': `"${current - 1}"` });
  expect(stale).toMatchObject({ status: 412, etag: `"${current}"`, body: { revision: current } });
  await still();
  const lost = await call(sluice, 'POST', '/v1/revisions/999/restore', {});
  expect(lost.status).toBe(404);
  await still();
  const again = await call(sluice, 'PUT', SPLIT, { weights: { v1: 100, v2: 1 } });
  expect(again).toMatchObject({ status: 200, etag: `"${current}"`, body: { revision: current, differences: [] } });
  await still();
  const { revisions } = (await call(sluice, 'GET', '/v1/revisions')).body;
  expect(revisions.map(({ revision }) => revision)).toEqual([2, 1]);
});

test('the same call twice makes one revision', { timeout: 60_000 }, async () => {
  const { sluice } = await startShop();
  const first = await revisionOf(sluice);
  const same = () => call(sluice, 'PUT', SPLIT, { weights: { v1: 1, v2: 1 } });
  const both = await Promise.all([same(), same()]);
  expect(both.map(({ status, body }) => ({ status, revision: body.revision }))).toEqual([
    { status: 200, revision: first + 1 },
    { status: 200, revision: first + 1 },
  ]);
  expect(both.map(({ body }) => body.differences.length).sort()).toEqual([0, 2]);
  expect(await revisionOf(sluice)).toBe(first + 1);
});
