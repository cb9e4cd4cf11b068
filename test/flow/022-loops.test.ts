// A request that comes back to the instance that sent it ends at once, however it went round.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, get } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { freePort } from '../scaffold/free-port.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responding, startUpstream } from './scaffold/upstream.ts';
import type { Message } from './scaffold/wire.ts';

const seen: Message[] = [];
let sluice: Sluice;
let near: Sluice;
let sink = '';

const NO_VIA = { remove: ['Via'] };

/** An instance whose pool is another one's, or its own, listener; `/sink` leads to an upstream that tells what it got. */
async function startAt(port: number, peer: number, sink: string, workers = 1): Promise<Sluice> {
  const config = configFor({
    endpoints: { v1: [`127.0.0.1:${peer}`], dark: [`127.0.0.1:${peer}`] },
    pool: { split: { v1: 1, dark: 0 } },
    listener: { address: `127.0.0.1:${port}` },
    routes: [
      { name: 'sink', match: [{ path: { prefix: '/sink' } }], pool: 'sink' },
      { name: 'quiet-sink', match: [{ path: { prefix: '/quiet-sink' } }], pool: 'sink', requestHeaders: NO_VIA },
      { name: 'renamed', match: [{ path: { prefix: '/renamed' } }], pool: 'shop', requestHeaders: { set: { via: '1.1 edge' } } },
      { name: 'quiet', match: [{ path: { prefix: '/quiet' } }], pool: 'shop', requestHeaders: NO_VIA },
      { name: 'copied', match: [{ path: { prefix: '/copied' } }], pool: 'copied' },
      { name: 'said', match: [{ path: { prefix: '/said' } }], respond: { status: 200, body: 'said' } },
    ],
  }) as { pools: Record<string, object> };
  const versions = { v1: { endpoints: [sink] }, dark: { endpoints: [`127.0.0.1:${peer}`] } };
  const mirrors = [{ name: 'round', version: 'dark', requestHeaders: { remove: ['via'] } }];
  config.pools['sink'] = { versions: { v1: { endpoints: [sink] } } };
  config.pools['copied'] = { versions, split: { v1: 1, dark: 0 }, mirrors };
  const started = await startSluice(config, { workers });
  // The start names an endpoint that is a listener.
  started.expectLog(/requests would go round/);
  return started;
}

beforeAll(async () => {
  const upstream = await startUpstream(
    responding((request) => {
      seen.push(request);
      return ok();
    }),
  );
  sink = upstream.address;
  const [own, one, other] = [await freePort(), await freePort(), await freePort()];
  sluice = await startAt(own, own, upstream.address);
  near = await startAt(one, other, upstream.address);
  await startAt(other, one, upstream.address);
});
afterAll(closeAll);

async function requestsFor(on: Sluice, request: string): Promise<{ status: number; requests: number }> {
  await on.turn();
  const before = await on.metric('sluice_requests_total', { pool: 'shop' });
  const response = await ask(on, request);
  const requests = (await on.counted('sluice_requests_total', { pool: 'shop' })) - before;
  return { status: response.status, requests };
}

test('an instance that is its own upstream sends a request round once', async () => {
  expect(await requestsFor(sluice, get('/'))).toEqual({ status: 508, requests: 1 });
});

test('two instances that lead to each other do so, too', async () => {
  expect(await requestsFor(near, get('/'))).toEqual({ status: 508, requests: 1 });
});

test.each(['/quiet', '/renamed'])('where a route hides Via, CDN-Loop tells the way: %s', async (path) => {
  expect(await requestsFor(sluice, get(path))).toEqual({ status: 508, requests: 1 });
  expect(await requestsFor(near, get(path))).toEqual({ status: 508, requests: 1 });
});

test('CDN-Loop goes out in the place of Via alone', async () => {
  seen.length = 0;
  expect((await ask(sluice, get('/sink'))).status).toBe(200);
  expect((await ask(sluice, get('/quiet-sink', 'CDN-Loop: edge.example; x=1'))).status).toBe(200);
  const [plain, quiet] = seen as [Message, Message];
  const name = /^1\.1 (sluice-[\w-]{12})$/.exec(plain.field('via')!)![1]!;
  expect(plain.field('cdn-loop')).toBeUndefined();
  expect(quiet.field('via')).toBeUndefined();
  expect(quiet.fields.filter((line) => /^cdn-loop:/i.test(line))).toEqual(['CDN-Loop: edge.example; x=1', `cdn-loop: ${name}`]);
});

test('what has been here before is told so whoever says it, and also where no upstream would be asked', async () => {
  seen.length = 0;
  await ask(sluice, get('/sink'));
  const name = seen[0]!.field('via')!.slice('1.1 '.length);
  for (const path of ['/sink', '/said', '/nowhere']) {
    const plain = await ask(sluice, get(path, `Via: 1.1 ${name}`));
    expect([plain.status, plain.field('x-sluice-outcome')]).toEqual([508, 'loop_detected']);
    expect((await ask(sluice, get(path, 'Via: 1.0 a', `Via: HTTP/1.1 ${name} (one), 1.1 b`))).status).toBe(508);
    expect((await ask(sluice, get(path, `Via: 1.1 a (never closed, 1.1 ${name}`))).status).toBe(508);
    expect((await ask(sluice, get(path, `CDN-Loop: a.example, ${name}; v=1`))).status).toBe(508);
  }
  expect((await ask(near, get('/sink', `Via: 1.1 ${name}`))).status).toBe(200);
  expect((await ask(sluice, get('/sink', 'Via: 1.1 sluice'))).status).toBe(200);
});

test('more than 16 proxies in front are too many, on one line or on several', async () => {
  const entries = (count: number): string => Array.from({ length: count }, (_, index) => `1.1 p${index}`).join(', ');
  expect((await ask(sluice, get('/sink', `Via: ${entries(16)}`))).status).toBe(200);
  const tooMany = await ask(sluice, get('/sink', `Via: ${entries(17)}`));
  expect([tooMany.status, tooMany.field('x-sluice-outcome')]).toEqual([502, 'too_many_proxies']);
  expect((await ask(sluice, get('/sink', ...Array.from({ length: 17 }, (_, index) => `Via: 1.1 p${index}`)))).status).toBe(502);
  expect((await ask(sluice, get('/sink', `CDN-Loop: ${entries(17)}`))).status).toBe(502);
});

test('a copy that comes round ends, and harms nothing', async () => {
  seen.length = 0;
  expect((await ask(sluice, get('/copied'))).status).toBe(200);
  await eventually('the end of the copy', async () => (await sluice.metric('sluice_mirrored_total', { pool: 'copied' })) === 1);
  expect(seen).toHaveLength(1);
});

test('all workers of an instance have one name', async () => {
  const port = await freePort();
  const many = await startAt(port, port, sink, 2);
  for (let count = 0; count < 12; count++) expect((await ask(many, get('/'))).status).toBe(508);
  // Each was sent on once, whichever worker it came back to.
  await eventually('all of them counted', async () => (await many.metric('sluice_requests_total', { pool: 'shop' })) === 12);
});

test('a refused request leaves its connection open', async () => {
  const response = await ask(sluice, get('/'));
  expect(response.field('connection')).toBeUndefined();
});
