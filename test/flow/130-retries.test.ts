// The retry law: a request that may be sent again is, once, elsewhere or afresh; one that may have been applied never is.

import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get, post, requestText } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { responding, responseText, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const OTHERS = { balancer: 'round-robin' };

async function refusingAddress(): Promise<string> {
  const upstream = await startUpstream(() => undefined);
  await upstream.close();
  return upstream.address;
}

/** Responds to the first request of each connection, drops the second without a byte. */
async function startForgetful(log: string[]): Promise<Upstream> {
  return startUpstream(async (wire, index) => {
    log.push(`${index} ${(await wire.readMessage()).line}`);
    await wire.write(ok());
    log.push(`${index} ${(await wire.readMessage()).line}`);
    wire.end();
  });
}

async function reused(sluice: Sluice, path: string, request: string): Promise<number> {
  await ask(sluice, get(`${path}/first`));
  return (await ask(sluice, request)).status;
}

test('a connection that turns out closed: once more on a fresh one, but only what may be repeated', async () => {
  const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'POST', 'PATCH'];
  const logs = new Map<string, string[]>();
  const pools: Record<string, object> = {};
  for (const method of methods) {
    const log: string[] = [];
    logs.set(method, log);
    // No retries at all: this is the repair of a race, not a retry.
    pools[method] = { versions: { v1: { endpoints: [(await startForgetful(log)).address] } }, retries: { attempts: 0 } };
  }
  const routes = methods.map((pool) => ({ name: pool, match: [{ path: { prefix: `/${pool}` } }], pool }));
  const config = configFor({ endpoints: ['127.0.0.1:1'], routes }) as { pools: object };
  const sluice = await startSluice({ ...config, pools: { ...config.pools, ...pools } });
  for (const method of methods) {
    const again = `${method} /${method}/again HTTP/1.1`;
    const status = await reused(sluice, `/${method}`, `${requestText(method, `/${method}/again`, ['content-length: 2'])}ab`);
    const before = [`0 GET /${method}/first HTTP/1.1`, `0 ${again}`];
    const isRepeated = method !== 'POST' && method !== 'PATCH';
    expect([method, status]).toEqual([method, isRepeated ? 200 : 502]);
    expect(logs.get(method)).toEqual(isRepeated ? [...before, `1 ${again}`] : before);
    expect(await sluice.metric('sluice_retries_total', { pool: method, reason: 'stale' })).toBe(isRepeated ? 1 : 0);
  }
});

test('an upload that was streamed is not repeated', async () => {
  const log: string[] = [];
  const upstream = await startForgetful(log);
  const sluice = await startSluice(configFor({ endpoints: [upstream.address] }));
  await ask(sluice, get('/first'));
  const wire = await connectTo(sluice);
  await wire.write(requestText('PUT', '/once', ['content-length: 4']));
  await sluice.turn();
  await wire.write('abcd');
  expect((await wire.readMessage()).status).toBe(502);
  expect(log.filter((line) => line.includes('/once')).length).toBeLessThanOrEqual(1);
});

test('another endpoint, when one refuses the connection: GET, POST, and a large upload of which nothing was sent', async () => {
  const upstream = await startUpstream(responding((message) => ok(String(message.body.length))));
  const sluice = await startSluice(configFor({ endpoints: [await refusingAddress(), upstream.address], pool: OTHERS }));
  for (let i = 0; i < 3; i++) {
    expect((await ask(sluice, get('/'))).status).toBe(200);
    expect((await ask(sluice, post('/', 'body'))).body).toBe('4');
    expect((await ask(sluice, post('/', 'x'.repeat(300_000)))).body).toBe('300000');
  }
  const retries = await sluice.metric('sluice_retries_total', { reason: 'connect-failure' });
  expect(retries).toBeGreaterThanOrEqual(3);
  expect(await sluice.metric('sluice_attempts_total', { outcome: 'connect_refused' })).toBe(retries);
});

test.each([
  ['GET', get('/'), 200],
  ['POST', post('/', 'body'), 502],
])('a fresh connection that is reset: %s', async (method, request, status) => {
  const bad = await startUpstream(async (wire) => {
    await wire.readMessage();
    wire.reset();
  });
  const good = await startUpstream(responding(() => ok()));
  const sluice = await startSluice(configFor({ endpoints: [bad.address, good.address], pool: OTHERS }));
  const statuses = [(await ask(sluice, request)).status, (await ask(sluice, request)).status];
  expect(Math.max(...statuses)).toBe(status);
  expect(bad.wires.length).toBeGreaterThan(0);
  expect(await sluice.metric('sluice_retries_total', { reason: 'reset' })).toBe(method === 'GET' ? bad.wires.length : 0);
});

test('nothing is repeated once a byte of the response was there', async () => {
  const bad = await startUpstream(async (wire) => {
    await wire.readMessage();
    await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nsome');
    wire.end();
  });
  const sluice = await startSluice(configFor(bad));
  const wire = await connectTo(sluice);
  await wire.write(get('/'));
  await wire.readTo('some');
  await eventually('the end', () => wire.ended);
  await sluice.turn();
  expect(bad.wires.length).toBe(1);
});

test('statuses and timeouts are retried when the config says so, and only for idempotent methods', async () => {
  const bad = await startUpstream(responding(() => responseText(503, 'Not Now', 'bad')));
  const good = await startUpstream(responding(() => ok('good')));
  const silent = await startUpstream(() => undefined);
  const retries = { on: ['gateway-error', 'response-timeout'], perTry: '100ms', attempts: 1 };
  const pool = { ...OTHERS, retries };
  const sluice = await startSluice(configFor({ endpoints: [bad.address, good.address], pool }));
  for (let i = 0; i < 4; i++) expect((await ask(sluice, get('/'))).body).toBe('good');
  const posted = [await ask(sluice, post('/', 'a')), await ask(sluice, post('/', 'a'))];
  expect(posted.map((response) => response.body).sort()).toEqual(['bad', 'good']);
  const other = await startSluice(configFor({ endpoints: [silent.address, good.address], pool }));
  for (let i = 0; i < 4; i++) expect((await ask(other, get('/'))).body).toBe('good');
  expect(await other.metric('sluice_retries_total', { reason: 'response-timeout' })).toBe(silent.wires.length);
  expect(silent.wires.length).toBeGreaterThan(0);
});

test('the budget bounds what retries add when everything fails', async () => {
  const bad = await startUpstream(async (wire) => {
    await wire.readMessage();
    wire.reset();
  });
  const sluice = await startSluice(configFor({ endpoints: [bad.address], pool: { retries: { attempts: 3, budget: '20%' } } }));
  const total = 300;
  const wire = await connectTo(sluice);
  const since = performance.now();
  for (let i = 0; i < total; i++) {
    await wire.write(get('/'));
    expect((await wire.readMessage()).status).toBe(502);
  }
  const seconds = (performance.now() - since) / 1000;
  const attempts = await sluice.metric('sluice_attempts_total');
  // 20 % of the requests, 10 per second, and the 10 that were saved up at the start.
  expect(attempts - total).toBeLessThanOrEqual(total * 0.2 + seconds * 10 + 11);
  expect(attempts - total).toBeGreaterThanOrEqual(total * 0.2 - 1);
});
