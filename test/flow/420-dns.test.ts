// Names as endpoints: changes are followed without losing a request, failures keep what was known, and nothing waits for DNS.

import { afterEach, expect, test } from 'vitest';
import { setTimeout as pause } from 'node:timers/promises';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { startDns } from './scaffold/dns-server.ts';
import type { DnsServer, Failure } from './scaffold/dns-server.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { promised } from './scaffold/full.ts';
import { startLoad } from './scaffold/load.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { startSiblings } from './scaffold/siblings.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const NAME = 'app.test';
const KEPT = /a name does not resolve, what was known of it stays/;

interface More {
  readonly refresh?: string;
  readonly pool?: object;
  readonly routes?: readonly object[];
  readonly top?: object;
}

function named(dns: DnsServer, endpoints: readonly unknown[], more: More = {}): object {
  const { refresh = '1s', pool = {}, ...rest } = more;
  const versions = { v1: { endpoints, dns: { servers: [dns.address], refresh } } };
  return configFor({ pool: { versions, balancer: 'round-robin', ...pool }, ...rest });
}

async function endpointsOf(sluice: Sluice, hosts: readonly string[], port: number): Promise<string[]> {
  const metrics = await sluice.metrics();
  return hosts.filter((host) => metrics.sum('sluice_endpoint_ready', { endpoint: `${host}:${port}` }) === 1);
}

async function responding(sluice: Sluice): Promise<string | undefined> {
  return (await ask(sluice, get('/bytes/2/0'))).field('x-version');
}

test('another address is used within TTL + 1 s, without a failed request; what is under way on the old one is finished', async () => {
  const dns = await startDns();
  const { port, upstreams } = await startSiblings('127.0.0.2', '127.0.0.3');
  const [a, b] = upstreams;
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 1 });
  const sluice = await startSluice(named(dns, [`${NAME}:${port}`], { refresh: '30s' }), { workers: 2 });
  const load = startLoad({ port: sluice.port, keepAlive: 4, fresh: 2, uploads: 1 });
  const wire = await connectTo(sluice);
  await wire.write(get('/hold'));
  await eventually('a request under way', () => a!.held === 1 && a!.requests > 50);
  dns.set(NAME, { a: ['127.0.0.3'], ttl: 1 });
  const began = performance.now();
  await eventually('the new one', () => b!.requests > 0);
  const tookMs = performance.now() - began;
  console.info(`a new address was used after ${tookMs.toFixed()} ms, its TTL is 1 s`);
  expect(tookMs).toBeLessThan(promised(2000));
  await eventually(
    'the old one to leave',
    async () => (await endpointsOf(sluice, ['127.0.0.2', '127.0.0.3'], port)).join() === '127.0.0.3',
  );
  const left = a!.requests;
  await eventually('more requests', () => b!.requests > 200);
  expect(a!.requests).toBe(left);
  a!.release();
  expect((await wire.readMessage()).body).toBe('released');
  const tally = await load.stop();
  expect(tally.faults).toEqual([]);
  expect(tally.failed + tally.truncated + tally.unaccepted).toBe(0);
  const changed = sluice.logs.find(({ msg }) => msg === 'endpoints changed');
  expect(changed?.fields).toMatchObject({ pool: 'shop', version: 'v1', added: [`127.0.0.3:${port}`], removed: [`127.0.0.2:${port}`] });
  expect(await sluice.metric('sluice_config_revision')).toBe(1);
});

test.each<Failure>(['nxdomain', 'servfail', 'empty', 'silence'])(
  '%s keeps the last good address, is counted, and is told once',
  async (how) => {
    const dns = await startDns();
    const { port, upstreams } = await startSiblings('127.0.0.2', '127.0.0.3');
    dns.set(NAME, { a: ['127.0.0.2'], ttl: 0 });
    const sluice = await startSluice(named(dns, [`${NAME}:${port}`], { refresh: '100ms' }));
    sluice.expectLog(KEPT);
    expect(await responding(sluice)).toBe('a');
    const load = startLoad({ port: sluice.port, keepAlive: 1, fresh: 1, pauseMs: 10 });
    dns.fail(NAME, how);
    const source = { pool: 'shop', version: 'v1', source: NAME };
    await eventually(
      'a failure',
      async () => (await sluice.metric('sluice_discovery_failures_total', source)) > (how === 'silence' ? 0 : 2),
      10_000,
    );
    expect(await responding(sluice)).toBe('a');
    expect(await sluice.metric('sluice_discovery_addresses', source)).toBe(1);
    expect(await sluice.metric('sluice_discovery_age_seconds', source)).toBeGreaterThan(0.1);
    dns.set(NAME, { a: ['127.0.0.3'], ttl: 0 });
    await eventually('the new one', () => upstreams[1]!.requests > 0);
    const tally = await load.stop();
    expect(tally.faults).toEqual([]);
    // While a question is open for seconds no worker waits for it.
    expect(tally.slowestMs).toBeLessThan(promised(1000));
    await eventually('it is told', () => sluice.logs.some(({ msg }) => msg === 'a name resolves again'));
    expect(sluice.logs.filter(({ text }) => KEPT.test(text))).toHaveLength(1);
  },
);

test('a TTL of 0 is no storm, whatever the number of workers', async () => {
  const dns = await startDns();
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 0 });
  await startSluice(named(dns, [`${NAME}:9`], { refresh: '30s' }), { workers: 2 });
  const before = dns.asked(`A ${NAME}`);
  await pause(1500);
  expect(dns.asked(`A ${NAME}`) - before).toBeGreaterThanOrEqual(1);
  expect(dns.asked(`A ${NAME}`) - before).toBeLessThanOrEqual(2);
  expect(dns.asked(`AAAA ${NAME}`)).toBeLessThanOrEqual(dns.asked(`A ${NAME}`));
});

test('of 1000 records 256 are used; they come by TCP', async () => {
  const dns = await startDns();
  const all = Array.from({ length: 1000 }, (_, index) => `10.${(index >> 8) & 255}.${index & 255}.1`);
  dns.set(NAME, { a: all, ttl: 1 });
  const sluice = await startSluice(named(dns, [`${NAME}:80`], { refresh: '200ms' }));
  sluice.expectLog(/a name has more addresses than are used/);
  const source = { source: NAME };
  await eventually('all of them', async () => (await sluice.metric('sluice_discovery_addresses', source)) === 256);
  expect(dns.overTcp).toBeGreaterThan(0);
  // The same 256 each time, whatever the order.
  dns.set(NAME, { a: all.toReversed(), ttl: 1 });
  const before = dns.asked(`A ${NAME}`);
  await eventually('more DNS answers', () => dns.asked(`A ${NAME}`) > before + 3);
  expect(sluice.logs.some(({ msg }) => msg === 'endpoints changed')).toBe(false);
  expect(sluice.logs.filter(({ text }) => text.includes('more addresses'))).toHaveLength(1);
});

test('both families are used; one that is dead costs no request', async () => {
  const dns = await startDns();
  const { port, upstreams } = await startSiblings('127.0.0.2');
  // Nothing listens there.
  dns.set(NAME, { a: ['127.0.0.2'], aaaa: ['::1'], ttl: 1 });
  const sluice = await startSluice(
    named(dns, [`${NAME}:${port}`], { pool: { outlier: { consecutive: 2, ejection: '30s' }, retries: { attempts: 2, budget: '100%' } } }),
  );
  sluice.expectLog(/endpoint is ejected|ejected/);
  const metrics = await sluice.metrics();
  for (const endpoint of [`127.0.0.2:${port}`, `[::1]:${port}`])
    expect(metrics.sum('sluice_endpoint_ready', { endpoint }), endpoint).toBe(1);
  for (let asked = 0; asked < 20; asked++) expect(await responding(sluice)).toBe('a');
  // No request reached an upstream twice.
  expect(upstreams[0]!.requests).toBe(20);
  await eventually(
    'the dead one to be ejected',
    async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: `[::1]:${port}` })) === 0,
  );
});

test.each<[Failure]>([['servfail'], ['silence']])('a family whose questions end in %s hides nothing of the other', async (how) => {
  const dns = await startDns();
  const { port } = await startSiblings('127.0.0.2');
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 1 });
  dns.fail(NAME, how, 'AAAA');
  const sluice = await startSluice(named(dns, [`${NAME}:${port}`]));
  // Had it waited for the other family, it would have started without an endpoint.
  expect(await responding(sluice)).toBe('a');
  expect(await sluice.metric('sluice_discovery_failures_total')).toBe(0);
});

test('a start with a dead server takes about 2 s; other pools are served, the name is taken up when it resolves', async () => {
  const dns = await startDns();
  const { port } = await startSiblings('127.0.0.2', '127.0.0.3');
  dns.fail(NAME, 'silence');
  const config = named(dns, [`${NAME}:${port}`], {
    routes: [{ name: 'plain', match: [{ path: { prefix: '/plain' } }], pool: 'plain' }],
  }) as { pools: Record<string, unknown> };
  config.pools['plain'] = { versions: { v1: { endpoints: [`127.0.0.3:${port}`] } } };
  const sluice = await startSluice(config, { workers: 2 });
  const waitedMs = dns.sinceFirst(`A ${NAME}`);
  console.info(`with a dead DNS server the start ended ${waitedMs.toFixed()} ms after the first question`);
  expect(waitedMs).toBeGreaterThan(1900);
  expect(waitedMs).toBeLessThan(promised(4000));
  sluice.expectLog(KEPT);
  expect((await ask(sluice, get('/plain'))).field('x-version')).toBe('b');
  expect((await ask(sluice, get('/'))).status).toBe(503);
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 1 });
  await eventually('the name', async () => (await ask(sluice, get('/'))).status === 200, 10_000);
});

test('a reload without new names does not wait for a dead server; one with a new name waits for 2 s at most', async () => {
  const dns = await startDns();
  const { port } = await startSiblings('127.0.0.2');
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 60 });
  const config = (body: string, more: readonly string[] = []): object =>
    named(dns, [`${NAME}:${port}`, ...more], {
      refresh: '60s',
      routes: [{ name: 'mark', match: [{ path: { exact: '/mark' } }], respond: { status: 200, body } }],
    });
  const sluice = await startSluice(config('one'));
  sluice.expectLog(KEPT);
  const asked = dns.asked(`A ${NAME}`);
  dns.fail('dead.test', 'silence');
  const took = async (body: string, more?: readonly string[]): Promise<number> => {
    const began = performance.now();
    sluice.writeConfig(config(body, more));
    await eventually(`serves ${body}`, async () => (await ask(sluice, get('/mark'))).body === body);
    return performance.now() - began;
  };
  expect(await took('two')).toBeLessThan(1500);
  expect(await took('three', [`dead.test:${port}`])).toBeGreaterThan(1900);
  expect(await responding(sluice)).toBe('a');
  expect(await took('four', [`dead.test:${port}`])).toBeLessThan(1500);
  // What stays is asked for no earlier because of a reload.
  expect(dns.asked(`A ${NAME}`)).toBe(asked);
});

test('all workers follow, and one that takes the place of another begins with what is known', async () => {
  const dns = await startDns();
  const { port } = await startSiblings('127.0.0.2', '127.0.0.3');
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 1 });
  const path = makeFolder().file('mortal');
  const sluice = await startSluice(named(dns, [`${NAME}:${port}`], { refresh: '200ms' }), { workers: 2, ...mortal(path) });
  sluice.expectLog(/a worker died|a worker was replaced/);
  const versions = async (): Promise<string> => {
    const wires = await connectToEach(sluice, 2);
    const found: string[] = [];
    for (const wire of wires) {
      await wire.write(get('/bytes/2/0'));
      found.push((await wire.readMessage()).field('x-version') ?? '');
      wire.destroy();
    }
    return found.join('');
  };
  expect(await versions()).toBe('aa');
  dns.set(NAME, { a: ['127.0.0.3'], ttl: 1 });
  await eventually('both workers', async () => (await versions()) === 'bb');
  await strike(path, 0, 'throw');
  await eventually('a new worker', async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('sluice_worker_restarts_total') === 1 && metrics.sum('sluice_workers', { state: 'serving' }) === 2;
  });
  expect(await versions()).toBe('bb');
  dns.set(NAME, { a: ['127.0.0.2'], ttl: 1 });
  await eventually('both workers again', async () => (await versions()) === 'aa');
});

test('endpoints that change while workers die and configs are reloaded: all end in the same state', async () => {
  const dns = await startDns();
  const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
  const { port } = await startSiblings(...hosts);
  dns.set(NAME, { a: hosts.slice(0, 1), ttl: 0 });
  const path = makeFolder().file('mortal');
  const config = (mark: number): object =>
    named(dns, [`${NAME}:${port}`], { refresh: '20ms', pool: { slowStart: '0s', limits: { pending: 1000 + mark } } });
  const sluice = await startSluice(config(0), { workers: 2, ...mortal(path) });
  sluice.expectLog(/a worker died|a worker was replaced|did not take the config|not by every worker/);
  const load = startLoad({ port: sluice.port, keepAlive: 2, fresh: 2, pauseMs: 5 });
  for (let round = 1; round <= 12; round++) {
    dns.set(NAME, { a: hosts.filter((_, index) => ((round >> index) & 1) === 1 || index === round % 3), ttl: 0 });
    if (round % 3 === 0) sluice.writeConfig(config(round));
    if (round === 4 || round === 8) await strike(path, round === 4 ? 0 : 1, 'throw');
    await pause(120);
  }
  dns.set(NAME, { a: hosts.slice(1), ttl: 0 });
  await eventually('the last DNS answer', async () => (await endpointsOf(sluice, hosts, port)).join() === hosts.slice(1).join());
  await eventually('both workers', async () => (await sluice.metric('sluice_workers', { state: 'serving' })) === 2);
  await load.stop();
  for (const wire of await connectToEach(sluice, 2)) {
    const found = new Set<string | undefined>();
    for (let asked = 0; asked < 4; asked++) {
      await wire.write(get('/bytes/2/0'));
      found.add((await wire.readMessage()).field('x-version'));
    }
    expect([...found].sort()).toEqual(['b', 'c']);
    wire.destroy();
  }
  await sluice.untilQuiet();
});

test('localhost comes from the hosts file, without a server', async () => {
  const { port } = await startSiblings('127.0.0.1');
  const sluice = await startSluice(configFor({ endpoints: [`localhost:${port}`] }));
  expect(await responding(sluice)).toBe('a');
  expect(await sluice.metric('sluice_endpoint_ready', { endpoint: `127.0.0.1:${port}` })).toBe(1);
});
