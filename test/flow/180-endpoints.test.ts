// Several endpoints, and the kinds of address on both sides: IPv4, IPv6, Unix sockets.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { ask, connectAt, connectTo, get, post } from './scaffold/client.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import { responding, ok, startUpstream } from './scaffold/upstream.ts';
import type { Upstream } from './scaffold/upstream.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-flow-'));
const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some((each) => each.address === '::1'));

afterEach(closeAll);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function three(): Promise<Upstream[]> {
  const started = [];
  for (const name of ['a', 'b', 'c']) started.push(await startUpstream(responding(() => ok(name))));
  return started;
}

async function counts(balancer: string, requests: readonly string[], endpoints?: readonly unknown[]): Promise<Record<string, number>> {
  const upstreams = await three();
  const weighted = endpoints?.map((weight, index) => ({ address: upstreams[index]!.address, weight }));
  const sluice = await startSluice(
    configFor({
      endpoints: { v1: weighted ?? upstreams.map((upstream) => upstream.address) },
      pool: { balancer, affinity: { header: 'x-user' } },
    }),
  );
  const wire = await connectTo(sluice);
  const seen: Record<string, number> = { a: 0, b: 0, c: 0 };
  await wire.write(requests.join(''));
  for (let i = 0; i < requests.length; i++) seen[(await wire.readMessage()).body]!++;
  return seen;
}

const plain = (count: number): string[] => Array<string>(count).fill(get('/'));

test('round-robin: each in turn', async () => {
  expect(await counts('round-robin', plain(300))).toEqual({ a: 100, b: 100, c: 100 });
});

test('round-robin by weight', async () => {
  const seen = await counts('round-robin', plain(400), [1, 2, 1]);
  expect(Math.abs(seen['b']! - 200)).toBeLessThanOrEqual(2);
});

test.each(['least-request', 'random', 'peak-ewma'])('%s: no endpoint is left out', async (balancer) => {
  const seen = await counts(balancer, plain(600));
  for (const name of ['a', 'b', 'c']) expect(seen[name], name).toBeGreaterThan(0);
});

test('an endpoint of weight 0 gets nothing', async () => {
  expect((await counts('least-request', plain(200), [1, 0, 1]))['b']).toBe(0);
});

test('ring-hash: the same key, the same endpoint', async () => {
  const keyed = (key: number): string => get('/', `x-user: ${key}`);
  expect(Object.values(await counts('ring-hash', Array<string>(50).fill(keyed(7)))).filter((count) => count > 0)).toEqual([50]);
  await closeAll();
  const spread = await counts(
    'ring-hash',
    Array.from({ length: 300 }, (_, key) => keyed(key)),
  );
  for (const name of ['a', 'b', 'c']) expect(spread[name], name).toBeGreaterThan(40);
});

test('least-request keeps away from an endpoint that hangs', async () => {
  const [good] = await three();
  const stuck = await startUpstream(() => undefined);
  const sluice = await startSluice(
    configFor({ endpoints: [good!.address, stuck.address], pool: { timeouts: { response: '0s' } }, route: { timeout: '2s' } }),
  );
  for (let i = 0; i < 6; i++) {
    const wire = await connectTo(sluice);
    await wire.write(get('/'));
    const idle = { endpoint: good!.address };
    await sluice.turn();
    await eventually('the good one to be done', async () => (await sluice.metric('sluice_endpoint_requests_in_flight', idle)) === 0);
  }
  // Two choices of two endpoints: once one of them has a request stuck, the other is the lighter one for all that follow.
  expect(stuck.wires.length).toBeLessThanOrEqual(1);
});

test('a Unix socket as endpoint', async () => {
  const path = join(dir, 'upstream.sock');
  const upstream = await startUpstream(
    responding((request) => ok(request.body)),
    { path },
  );
  const sluice = await startSluice(configFor(upstream));
  expect((await ask(sluice, post('/', 'over a path'))).body).toBe('over a path');
});

test('a Unix socket as listener; its file goes with the process', async () => {
  const path = join(dir, 'listener.sock');
  const upstream = await startUpstream(responding((request) => ok(`${request.field('x-forwarded-for')}|${request.body}`)));
  const config = configFor(upstream) as { listeners: object[] };
  const sluice = await startSluice({ ...config, listeners: [...config.listeners, { name: 'path', address: `unix:${path}` }] });
  const wire = await connectAt({ path });
  await wire.write(post('/', 'body'));
  expect((await wire.readMessage()).body).toBe('undefined|body');
  await wire.write('nonsense\r\n\r\n');
  expect((await wire.readMessage()).status).toBe(400);
  wire.destroy();
  // A truncated response cannot be reset on a path; it must not be a fault either.
  const cut = await connectAt({ path });
  await cut.write(get('/'));
  await cut.readMessage();
  cut.destroy();
  await sluice.untilQuiet();
  await sluice.close();
  expect(existsSync(path)).toBe(false);
});

test.runIf(hasIPv6)('IPv6 on both sides', async () => {
  const upstream = await startUpstream(
    responding((request) => ok(request.field('x-forwarded-for')!)),
    { host: '::1', port: 0 },
  );
  expect(upstream.address.startsWith('[::1]:')).toBe(true);
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], listener: { address: '[::1]:0' } }));
  const wire = await connectAt({ host: '::1', port: sluice.port });
  await wire.write(get('/'));
  expect((await wire.readMessage()).body).toBe('::1');
  wire.destroy();
});
