// Recent exchanges, read from the real process: of all workers, filtered, masked, bounded, and kept through a flood.

import { afterEach, expect, test } from 'vitest';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { startLoad } from './scaffold/load.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice, SluiceOptions } from './scaffold/sluice.ts';

afterEach(closeAll);

interface Exchange {
  readonly atMs: number;
  /** Of one that was forwarded. */
  readonly id?: string;
  readonly target: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly cut: boolean;
  readonly version?: string;
  readonly reason?: string;
  readonly status: number;
  readonly outcome: string;
}

interface Listed {
  readonly status: number;
  readonly text: string;
  readonly workers: { readonly responded: number; readonly total: number };
  readonly exchanges: readonly Exchange[];
}

const QA = { name: 'qa', header: { name: 'x-version', value: 'v2' }, version: 'v2' };

interface Shop {
  readonly workers?: number;
  readonly pool?: object;
  readonly top?: object;
}

async function startShop(options: Shop = {}, more: SluiceOptions = {}): Promise<Sluice> {
  const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
  const routes = [{ name: 'gone', hosts: ['a.example'], match: [{ path: { prefix: '/gone' } }], respond: { status: 410 } }];
  const route = { match: [{ path: { prefix: '/' } }], hosts: ['a.example'] };
  const pool = { split: { v1: 100, v2: 0 }, overrides: [QA], ...options.pool };
  const config = configFor({ endpoints, routes, route, pool, top: options.top ?? {} });
  return startSluice(config, { workers: options.workers ?? 1, ...more });
}

async function list(sluice: Sluice, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Listed> {
  const response = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/exchanges${query}`, { headers });
  const text = await response.text();
  return { status: response.status, text, ...(JSON.parse(text) as Omit<Listed, 'status' | 'text'>) };
}

/** The one exchange with this target, as soon as it is on record. */
async function find(sluice: Sluice, target: string): Promise<Exchange> {
  return eventually(target, async () => (await list(sluice, '?limit=100')).exchanges.find((each) => each.target.startsWith(target)));
}

test('exchanges of all workers, newest first, with the reason; each filter', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ workers: 2 });
  for (const [index, wire] of (await connectToEach(sluice, 2)).entries()) {
    await wire.write(get(`/on/${index}`) + get(`/qa/${index}?a=b`, 'x-version: v2') + get('/gone', 'x-a: b'));
    for (let i = 0; i < 3; i++) await wire.readMessage();
  }
  await ask(sluice, 'GET /nowhere HTTP/1.1\r\nhost: other.example\r\n\r\n');
  await find(sluice, '/nowhere');
  const { workers, exchanges } = await eventually('all on record', async () => {
    const seen = await list(sluice, '?limit=100');
    return ['/on/0', '/on/1', '/qa/0', '/qa/1'].every((target) => seen.exchanges.some((each) => each.target.startsWith(target))) && seen;
  });
  expect(workers).toEqual({ responded: 2, total: 2 });
  expect(exchanges.map(({ atMs }) => atMs)).toEqual(exchanges.map(({ atMs }) => atMs).toSorted((one, other) => other - one));
  expect(new Set(exchanges.flatMap(({ id }) => (id === undefined ? [] : [id.slice(0, 12)]))).size).toBe(2);
  const asked = exchanges.find(({ target }) => target === '/qa/0?a=b')!;
  expect(asked).toMatchObject({
    listener: 'web',
    client: '127.0.0.1',
    method: 'GET',
    authority: 'a.example',
    fields: [{ name: 'x-version', value: 'v2' }],
    cut: false,
    route: 'shop',
    pool: 'shop',
    version: 'v2',
    endpoint: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    reason: 'override',
    override: 'qa',
    keyed: false,
    status: 200,
    outcome: 'ok',
    attempts: 1,
    bytesIn: 0,
  });
  expect(Math.abs(asked.atMs - Date.now())).toBeLessThan(60_000);

  const only = async (query: string): Promise<readonly string[]> =>
    [...new Set((await list(sluice, `?limit=100&${query}`)).exchanges.map(({ target }) => target))].sort();
  expect(await only('version=v2')).toEqual(['/qa/0?a=b', '/qa/1?a=b']);
  expect(await only('route=gone')).toEqual(['/gone']);
  expect(await only('outcome=no_route&status=404')).toEqual(['/nowhere']);
  expect(await only(`id=${asked.id}`)).toEqual(['/qa/0?a=b']);
  expect(await only('pool=shop&version=v1')).toEqual(['/', '/on/0', '/on/1']);
  expect((await list(sluice, '?limit=1')).exchanges).toHaveLength(1);
  for (const query of ['?pool=other', '?version=v9', '?route=foo'])
    expect({ query, ...(await list(sluice, query)) }).toMatchObject({ query, status: 404 });
  for (const query of ['?limit=0', '?limit=101', '?outcome=okay', '?status=99', '?pool=a&pool=b', '?nothing=1'])
    expect({ query, ...(await list(sluice, query)) }).toMatchObject({ query, status: 400 });
  expect((await list(sluice, '?outcome=no_rout')).text).toContain('did you mean');
});

test('secrets, users and affinity keys are not shown', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ pool: { affinity: { header: 'X-Customer' } } });
  const secrets = [
    'cookie: a=SECRET1',
    'authorization: Bearer SECRET2',
    'x-api-key: SECRET3',
    'X-Customer: SECRET4',
    'x-session-id: SECRET5',
  ];
  const urls = ['referer: https://ann:SECRET6@b.example/?token=SECRET7&page=2', 'x-plain: hello'];
  await ask(sluice, get('/mask?access_token=SECRET8&page=1', ...secrets, ...urls));
  const masked = { ...(await find(sluice, '/mask')) };
  expect(masked).toMatchObject({ target: '/mask?access_token=***&page=1', keyed: true, reason: 'affinity' });
  expect(Object.fromEntries(masked.fields.map(({ name, value }) => [name, value]))).toEqual({
    cookie: '***',
    authorization: '***',
    'x-api-key': '***',
    'X-Customer': '***',
    'x-session-id': '***',
    referer: 'https://***@b.example/?token=***&page=2',
    'x-plain': 'hello',
  });
  // The key of then is not shown either when affinity goes by another field by now.
  const change = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/config`);
  const config = (await change.json()) as { pools: { shop: object } };
  const put = await fetch(`http://127.0.0.1:${sluice.adminPort}/v1/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...config, pools: { shop: { ...config.pools.shop, affinity: { header: 'x-plain' } } } }),
  });
  expect(put.status).toBe(200);
  const { text } = await list(sluice);
  expect(text).not.toContain('SECRET');
  expect(text).not.toContain('hello');
});

test('failures stay on record through a flood of others, and others through a flood of failures', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  await ask(sluice, get('/before'));
  await ask(sluice, 'GET /failed HTTP/1.1\r\nhost: other.example\r\n\r\n');
  await find(sluice, '/failed');
  const flood = async (request: string): Promise<void> => {
    const wire = await connectTo(sluice);
    for (let sent = 0; sent < 3000; sent += 100) {
      await wire.write(request.repeat(100));
      for (let i = 0; i < 100; i++) await wire.readMessage();
    }
  };
  await flood('GET /flood HTTP/1.1\r\nhost: other.example\r\n\r\n');
  expect(await find(sluice, '/before')).toMatchObject({ outcome: 'ok', version: 'v1' });
  await flood(get('/ok'));
  const failed = await list(sluice, '?outcome=no_route&limit=100');
  expect(failed.exchanges.length).toBeGreaterThanOrEqual(64);
  expect((await list(sluice, '?outcome=ok&limit=100')).exchanges).toHaveLength(100);
});

test('huge heads are cut, and what is kept is bounded', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const target = `/long/${'t'.repeat(7000)}`;
  await ask(sluice, get(target, `x-long: ${'l'.repeat(5000)}`));
  await ask(sluice, get('/fields', 'x-first: 1', `x-long: ${'l'.repeat(6000)}`, 'x-last: 1'));
  const long = await find(sluice, '/long');
  expect(long).toMatchObject({ target: target.slice(0, 2048), fields: [], cut: true, status: 200 });
  expect(await find(sluice, '/fields')).toMatchObject({ cut: true, fields: [{ name: 'x-first', value: '1' }] });
  const wire = await connectTo(sluice);
  for (let sent = 0; sent < 500; sent += 25) {
    await wire.write(get(`/long/${'t'.repeat(3000)}`, `x-long: ${'l'.repeat(3900)}`).repeat(25));
    for (let i = 0; i < 25; i++) await wire.readMessage();
  }
  await sluice.turn();
  const { text, exchanges } = await list(sluice, '?limit=100');
  expect(exchanges).toHaveLength(100);
  expect(text.length).toBeLessThan(100 * 7000);
});

test('a worker that hangs is left out, one that died has taken its exchanges along', { timeout: 60_000 }, async () => {
  const path = makeFolder().file('mortal');
  const sluice = await startShop({ workers: 2 }, mortal(path));
  for (const wire of await connectToEach(sluice, 2, '/known')) wire.destroy();
  const prefixes = ({ exchanges }: Listed): readonly string[] => [...new Set(exchanges.map(({ id = '' }) => id.slice(0, 12)))];
  await eventually('both on record', async () => prefixes(await list(sluice, '?limit=100&pool=shop')).length === 2);
  const partial = await eventually('a response of one of two', async () => {
    await strike(path, 0, 'stall');
    const seen = await list(sluice, '?limit=100&pool=shop');
    return seen.workers.responded === 1 && seen;
  });
  expect(partial.workers).toEqual({ responded: 1, total: 2 });
  const [survivor, ...others] = prefixes(partial);
  expect(others).toEqual([]);
  sluice.expectLog(/a worker died|a worker was replaced/);
  await strike(path, 0, 'exit');
  await eventually('its replacement', async () => (await sluice.metric('sluice_worker_restarts_total')) === 1);
  const after = await eventually('a response of both', async () => {
    const seen = await list(sluice, '?limit=100&pool=shop');
    return seen.workers.responded === 2 && seen;
  });
  expect(prefixes(after)).toEqual([survivor]);
});

test('a viewer may see them, a caller without a token may not', { timeout: 60_000 }, async () => {
  const auth = { tokens: [{ name: 'see', role: 'viewer', env: 'SEE' }] };
  const sluice = await startShop({ top: { admin: { address: '127.0.0.1:0', auth } } }, { env: { SEE: 'a-token-of-a-viewer' } });
  await ask(sluice, get('/mine'));
  await sluice.turn();
  expect((await list(sluice)).status).toBe(401);
  const { status, text } = await list(sluice, '', { authorization: 'Bearer a-token-of-a-viewer' });
  expect({ status, text }).toMatchObject({ status: 200, text: expect.stringContaining('/mine') as string });
});

test('under load on two workers it is called again and again and harms no request', { timeout: 60_000 }, async () => {
  const sluice = await startShop({ workers: 2 });
  const load = startLoad({ port: sluice.port, keepAlive: 4, fresh: 1 });
  for (let i = 0; i < 15; i++) expect((await list(sluice, '?limit=100')).workers).toEqual({ responded: 2, total: 2 });
  const { faults, failed, truncated, refused, exchanges } = await load.stop();
  expect({ faults, failed, truncated, refused }).toEqual({ faults: [], failed: 0, truncated: 0, refused: 0 });
  expect(exchanges).toBeGreaterThan(0);
});

test('sluice exchanges: a table, one in full, JSON', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  await ask(sluice, get('/cart?token=SECRET', 'x-version: v2', 'cookie: a=SECRET'));
  const { id = '' } = await find(sluice, '/cart');
  const admin = ['--admin', `http://127.0.0.1:${sluice.adminPort}`];
  const table = await runCommand(['exchanges', 'shop', 'v2', ...admin]);
  expect(table).toMatchObject({ code: 0, stderr: '' });
  expect(table.stdout).toMatch(/^TIME +METHOD +TARGET +STATUS +OUTCOME +VERSION +REASON +DURATION$/m);
  expect(table.stdout).toMatch(/GET +a\.example\/cart\?token=\*\*\* +200 +ok +shop\/v2 +override qa +\d[\d.]* m?s$/m);
  const one = await runCommand(['exchanges', '--id', id, ...admin]);
  expect(one.stdout).toMatch(/^reason +override qa$/m);
  expect(one.stdout).toMatch(/^ {2}cookie: \*\*\*$/m);
  const json = await runCommand(['exchanges', '--status', '200', '--json', ...admin]);
  expect((JSON.parse(json.stdout) as Listed).exchanges.map((each) => each.id)).toContain(id);
  expect(table.stdout + one.stdout + json.stdout).not.toContain('SECRET');
  expect(await runCommand(['exchanges', '--outcome', 'okay', ...admin])).toMatchObject({ code: 1 });
});
