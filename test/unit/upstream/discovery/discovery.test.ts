// Discovery on a clock that is turned by hand, with lookups and files that say what the test says.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { decodeText } from '../../../../src/config/decode.ts';
import { decodeEndpoints } from '../../../../src/config/endpoint-file.ts';
import type { PoolConfig } from '../../../../src/config/model.ts';
import type { Log } from '../../../../src/lib/log.ts';
import { ManualClock } from '../../../scaffold/manual-clock.ts';
import { Unresolved } from '../../../../src/upstream/discovery/resolution.ts';
import type { Resolution } from '../../../../src/upstream/discovery/resolution.ts';
import { Discovery } from '../../../../src/upstream/discovery/discovery.ts';
import type { FileEvents } from '../../../../src/upstream/discovery/endpoint-file.ts';

interface Said {
  readonly hosts?: readonly string[];
  readonly ttlMs?: number;
  readonly unresolved?: readonly string[];
  readonly code?: string;
}

/** What DNS says, by name; a name that is not there hangs. */
let says: Map<string, Said>;
/** Questions in order, each with the servers it went to and the time. */
let asked: string[];
let files: Map<string, string>;
let watched: Map<string, FileEvents>;
let unwatched: string[];
let logged: string[];
let changes: number;
let chance: number;
let clock: ManualClock;
let discovery: Discovery;

beforeEach(() => {
  says = new Map();
  asked = [];
  files = new Map();
  watched = new Map();
  unwatched = [];
  logged = [];
  changes = 0;
  chance = 0;
  clock = new ManualClock();
  const at = (level: string) => (fields: object, message: string) => void logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  discovery = new Discovery({
    clock,
    random: () => chance,
    log: { info: at('info'), warn: at('warn'), error: at('error') } as unknown as Log,
    createLookups: (servers) => ({
      name: (name) => resolution(name, servers),
      service: (name) => resolution(name, servers),
      close: () => undefined,
    }),
    watch: (path, events) => {
      watched.set(path, events);
      return { ready: Promise.resolve(), close: async () => void unwatched.push(path) };
    },
    load: (path) => {
      const text = files.get(path);
      if (text !== undefined) return decodeEndpoints(path, text);
      return { endpoints: undefined, problems: [{ file: path, line: 1, column: 1, path: '', message: 'there is no such file' }] };
    },
    onChange: () => changes++,
  });
});

afterEach(async () => {
  await discovery.close();
  expect(clock.pending).toBe(0);
});

function resolution(name: string, servers: readonly string[]): Promise<Resolution> {
  asked.push(`${name}${servers.map((server) => `@${server}`).join('')} ${clock.nowMs()}`);
  const said = says.get(name);
  if (said === undefined) return new Promise(() => undefined);
  const { hosts = [], ttlMs = 60_000, unresolved = [], code } = said;
  if (code !== undefined) return Promise.reject(new Unresolved(code, name));
  const found = hosts.map((host) => ({ host, port: 0, weight: 1, question: `${host.includes(':') ? 'AAAA' : 'A'} ${name}` }));
  return Promise.resolve({ found, ttlMs, unresolved, leftOut: 0 });
}

/** Pool `shop` with version `v1`, written as in the YAML. */
function shop(version: string, pool = ''): readonly PoolConfig[] {
  const text = `
listeners: [{ name: web, address: 127.0.0.1:8080 }]
pools: { shop: { versions: { v1: ${version} }, ${pool} }, plain: { versions: { v1: { endpoints: [10.9.9.9:80] } } } }
routes: [{ name: shop, pool: shop }, { name: plain, match: [{ path: { prefix: /plain } }], pool: plain }]`;
  const { config, problems } = decodeText('/etc/sluice.yaml', text);
  expect(problems).toEqual([]);
  return config!.pools;
}

function keys(pools: readonly PoolConfig[]): string {
  return discovery
    .expand(pools)
    .flatMap((pool) => (pool.name === 'plain' ? [] : pool.versions.flatMap(({ endpoints }) => endpoints.map(({ key }) => key))))
    .join(' ');
}

async function turn(): Promise<void> {
  for (let rest = 0; rest < 20; rest++) await Promise.resolve();
}

/** Moves the clock on in steps, so that what is asked for meanwhile is resolved meanwhile. */
async function pass(ms: number, stepMs = 100): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    await turn();
  }
}

/** Puts `pools` in force; returns how long that took on the clock. */
async function enforce(pools: readonly PoolConfig[]): Promise<number> {
  const began = clock.nowMs();
  let done = false;
  void discovery.prepare(pools).then(() => (done = true));
  await turn();
  while (!done) await pass(100);
  discovery.settle(pools);
  return clock.nowMs() - began;
}

function sample(source: string): { failures: number; addresses: number; ageMs: number } {
  const { failures, addresses, ageMs } = [...discovery.samples()].find(({ name }) => name.source === source)!;
  return { failures, addresses, ageMs };
}

test('a config without names asks nothing, waits for nothing and is the same object', async () => {
  const pools = shop('{ endpoints: [10.0.0.1:80] }');
  expect(await enforce(pools)).toBe(0);
  expect(discovery.expand(pools)[0]).toBe(pools[0]);
  expect([asked, [...discovery.samples()], clock.pending]).toEqual([[], [], 0]);
});

test('the first DNS answers are waited for, 2 s at most; what comes later is told', async () => {
  const pools = shop('{ endpoints: [app.test:80, dead.test:80] }');
  says.set('app.test', { hosts: ['10.0.0.1'] });
  expect(await enforce(pools)).toBe(2000);
  expect(keys(pools)).toBe('10.0.0.1:80');
  says.set('app.test', { hosts: ['10.0.0.2'] });
  changes = 0;
  await pass(5000);
  expect(keys(pools)).toBe('10.0.0.2:80');
  expect(changes).toBe(1);
});

test('a failure at once is a DNS answer, too: nothing waits', async () => {
  says.set('app.test', { code: 'ECONNREFUSED' });
  const pools = shop('{ endpoints: [app.test:80] }');
  expect(await enforce(pools)).toBe(0);
  expect(keys(pools)).toBe('');
  expect(logged).toEqual([
    expect.stringMatching(/^warn a name does not resolve, what was known of it stays .*"code":"ECONNREFUSED".*"kept":0/),
  ]);
});

test.each([
  ['the TTL, where it is shorter than the refresh', 30_000, '60s', 30_000],
  ['the refresh, where that is shorter', 300_000, '5s', 5000],
  ['a second, where the TTL is 0', 0, '60s', 1000],
  ['the refresh, where that is less than a second', 0, '200ms', 200],
])('it is resolved again after %s', async (_what, ttlMs, refresh, expectedMs) => {
  says.set('app.test', { hosts: ['10.0.0.1'], ttlMs });
  await enforce(shop(`{ endpoints: [app.test:80], dns: { refresh: ${refresh} } }`));
  await pass(expectedMs - 1, expectedMs);
  expect(asked).toEqual(['app.test 0']);
  await pass(1);
  expect(asked).toEqual(['app.test 0', `app.test ${expectedMs}`]);
});

test('up to a tenth earlier by chance, never later', async () => {
  chance = 0.999999;
  says.set('app.test', { hosts: ['10.0.0.1'], ttlMs: 10_000 });
  await enforce(shop('{ endpoints: [app.test:80], dns: { refresh: 60s } }'));
  await pass(8999, 8999);
  expect(asked).toHaveLength(1);
  await pass(2);
  expect(asked).toHaveLength(2);
});

test.each(['ENOTFOUND', 'ESERVFAIL', 'ETIMEOUT'])('%s keeps the last good DNS answer, counts each time, tells once', async (code) => {
  says.set('app.test', { hosts: ['10.0.0.1'] });
  const pools = shop('{ endpoints: [app.test:80], dns: { refresh: 1s } }');
  await enforce(pools);
  await pass(100);
  changes = 0;
  says.set('app.test', { code });
  await pass(4900);
  expect(keys(pools)).toBe('10.0.0.1:80');
  expect(sample('app.test')).toEqual({ failures: 5, addresses: 1, ageMs: 5000 });
  expect(changes).toBe(0);
  says.set('app.test', { hosts: ['10.0.0.1'] });
  await pass(1000);
  expect(sample('app.test')).toEqual({ failures: 5, addresses: 1, ageMs: 0 });
  expect(logged.map((line) => line.split(' {')[0])).toEqual([
    'warn a name does not resolve, what was known of it stays',
    'info a name resolves again',
  ]);
});

test('a failure is tried again after 5 s, however long the refresh', async () => {
  says.set('app.test', { code: 'ETIMEOUT' });
  const pools = shop('{ endpoints: [app.test:80], dns: { refresh: 1h } }');
  await enforce(pools);
  await pass(4900);
  says.set('app.test', { hosts: ['10.0.0.1'] });
  await pass(100);
  expect(keys(pools)).toBe('10.0.0.1:80');
});

test('a family whose question failed keeps what it gave; one that is gone is gone', async () => {
  says.set('app.test', { hosts: ['10.0.0.1', '::1'] });
  const pools = shop('{ endpoints: [app.test:80], dns: { refresh: 1s } }');
  await enforce(pools);
  says.set('app.test', { hosts: ['10.0.0.2'], unresolved: ['AAAA app.test'] });
  await pass(1000);
  expect(keys(pools)).toBe('10.0.0.2:80 [::1]:80');
  says.set('app.test', { hosts: ['10.0.0.2'] });
  await pass(1000);
  expect(keys(pools)).toBe('10.0.0.2:80');
});

test('what a reload leaves as it is goes on undisturbed; what it drops is asked for no more', async () => {
  for (const name of ['a.test', 'b.test', 'c.test']) says.set(name, { hosts: ['10.0.0.1'] });
  await enforce(shop('{ endpoints: [a.test:80, b.test:80], dns: { refresh: 4s } }'));
  await pass(3000);
  const pools = shop('{ endpoints: [a.test:81, c.test:80], dns: { refresh: 4s } }', 'balancer: random');
  await enforce(pools);
  await pass(2000);
  expect(asked).toEqual(['a.test 0', 'b.test 0', 'c.test 3000', 'a.test 4000']);
  await enforce(shop('{ endpoints: [10.0.0.1:80] }'));
  await pass(10_000);
  expect(asked).toHaveLength(4);
  expect([...discovery.samples()]).toEqual([]);
});

test('what a refused config would have brought ends; what is in force is as it was', async () => {
  says.set('a.test', { hosts: ['10.0.0.1'] });
  says.set('b.test', { hosts: ['10.0.0.2'] });
  const pools = shop('{ endpoints: [a.test:80] }');
  await enforce(pools);
  await discovery.prepare(shop('{ endpoints: [b.test:80], dns: { refresh: 1s } }'));
  discovery.settle(pools);
  await pass(4900);
  expect(asked).toEqual(['a.test 0', 'b.test 0']);
  expect(keys(pools)).toBe('10.0.0.1:80');
});

test('other servers are asked at once; what the old ones said holds until they respond', async () => {
  says.set('app.test', { hosts: ['10.0.0.1'] });
  await enforce(shop('{ endpoints: [app.test:80] }'));
  says.delete('app.test');
  const pools = shop('{ endpoints: [app.test:80], dns: { servers: [10.0.0.53] } }');
  expect(await enforce(pools)).toBe(0);
  expect(asked).toEqual(['app.test 0', 'app.test@10.0.0.53:53 0']);
  expect(keys(pools)).toBe('10.0.0.1:80');
  expect(sample('app.test')).toMatchObject({ addresses: 1 });
});

test('changes that come close together are told as one', async () => {
  for (const name of ['a.test', 'b.test', 'c.test']) says.set(name, { hosts: ['10.0.0.1'], ttlMs: 1000 });
  await enforce(shop('{ endpoints: [a.test:80, b.test:81, c.test:82] }'));
  await pass(10);
  changes = 0;
  for (const name of ['a.test', 'b.test', 'c.test']) says.set(name, { hosts: ['10.0.0.2'], ttlMs: 1000 });
  await pass(1100);
  expect(changes).toBe(1);
});

test('a file gives entries beside those of the config; a bad one keeps what it gave', async () => {
  files.set('/etc/shop.yaml', '- 10.0.0.2:80\n- app.test:80\n');
  says.set('app.test', { hosts: ['10.0.0.3'] });
  const pools = shop('{ endpoints: [10.0.0.1:80], endpointsFile: shop.yaml }');
  await enforce(pools);
  expect(keys(pools)).toBe('10.0.0.1:80 10.0.0.2:80 10.0.0.3:80');
  expect(sample('/etc/shop.yaml')).toEqual({ failures: 0, addresses: 2, ageMs: 0 });
  files.set('/etc/shop.yaml', '- 10.0.0.2:80\n- nonsense\n');
  watched.get('/etc/shop.yaml')!.onChange();
  await pass(1000);
  expect(keys(pools)).toBe('10.0.0.1:80 10.0.0.2:80 10.0.0.3:80');
  expect(sample('/etc/shop.yaml')).toEqual({ failures: 1, addresses: 2, ageMs: expect.closeTo(1000, -3) });
  expect(logged.filter((line) => line.startsWith('error endpoint file problem'))).toEqual([
    expect.stringContaining('/etc/shop.yaml:2:3: '),
  ]);
  files.set('/etc/shop.yaml', '[]');
  watched.get('/etc/shop.yaml')!.onChange();
  await pass(1000);
  expect(keys(pools)).toBe('10.0.0.1:80');
  // The name came with the file and went with it.
  expect([...discovery.samples()].map(({ name }) => name.source)).toEqual(['/etc/shop.yaml']);
});

test('a new file waits for its names, 2 s at most; of many changes meanwhile the last counts', async () => {
  files.set('/etc/shop.yaml', '- 10.0.0.1:80\n');
  const pools = shop('{ endpointsFile: shop.yaml }');
  await enforce(pools);
  const change = async (text: string): Promise<void> => {
    files.set('/etc/shop.yaml', text);
    watched.get('/etc/shop.yaml')!.onChange();
    await turn();
  };
  await change('- dead.test:80\n- 10.0.0.2:80\n');
  await change('- 10.0.0.3:80\n');
  await change('- 10.0.0.4:80\n');
  await pass(1900);
  expect(keys(pools)).toBe('10.0.0.1:80');
  await pass(100);
  expect(keys(pools)).toBe('10.0.0.4:80');
});

test('another file: its entries are read before those of the old one go, and the old one is watched no more', async () => {
  files.set('/etc/one.yaml', '- 10.0.0.1:80\n');
  files.set('/etc/two.yaml', '- 10.0.0.2:80\n');
  await enforce(shop('{ endpointsFile: one.yaml }'));
  const pools = shop('{ endpointsFile: two.yaml }');
  await enforce(pools);
  expect(keys(pools)).toBe('10.0.0.2:80');
  expect(unwatched).toEqual(['/etc/one.yaml']);
});

test('a missing file is told with what is kept, and again when it is back', async () => {
  files.set('/etc/shop.yaml', '- 10.0.0.1:80\n');
  const pools = shop('{ endpointsFile: shop.yaml }');
  await enforce(pools);
  watched.get('/etc/shop.yaml')!.onMissing();
  expect(logged.at(-1)).toMatch(/^warn an endpoint file is gone, what was known of it stays .*"kept":1/);
  await pass(300);
  expect([keys(pools), sample('/etc/shop.yaml').ageMs]).toEqual(['10.0.0.1:80', 300]);
  watched.get('/etc/shop.yaml')!.onChange();
  await turn();
  expect(logged.at(-1)).toMatch(/^info an endpoint file is good again/);
});
