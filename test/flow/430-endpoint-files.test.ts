// Endpoint files: what is in them is served as long as all of it is good, and nothing that is wrong with them takes anything away.

import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { ask, connectTo, get } from './scaffold/client.ts';
import { startDns } from './scaffold/dns-server.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import type { Folder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import type { LoadUpstream } from './scaffold/load-upstream.ts';
import { startLoad } from './scaffold/load.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const BAD = /an endpoint file is bad, what was known of it stays|endpoint file problem/;

function filed(path: string, version: object = {}): object {
  return configFor({ pool: { versions: { v1: { endpointsFile: path, ...version } }, balancer: 'round-robin' } });
}

async function started(...versions: readonly string[]): Promise<LoadUpstream[]> {
  return Promise.all(versions.map((version) => startLoadUpstream(version)));
}

/** Which of the upstreams are endpoints. */
async function used(sluice: Sluice, upstreams: readonly LoadUpstream[]): Promise<string> {
  const metrics = await sluice.metrics();
  const there = upstreams.filter(({ address }) => metrics.sum('sluice_endpoint_ready', { endpoint: address }) === 1);
  return there.map(({ version }) => version).join('');
}

function replace(folder: Folder, name: string, content: string): void {
  folder.write(`${name}.new`, content);
  renameSync(folder.file(`${name}.new`), folder.file(name));
}

test('YAML and JSON, written in place and renamed over, under load: no request fails', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b', 'c');
  const [a, b, c] = upstreams.map(({ address }) => address);
  const path = folder.write('shop.yaml', `# one so far\n- ${a}\n`);
  const sluice = await startSluice(filed(path), { workers: 2 });
  expect(await used(sluice, upstreams)).toBe('a');
  const load = startLoad({ port: sluice.port, keepAlive: 2, fresh: 2 });
  const wire = await connectTo(sluice);
  await wire.write(get('/hold'));
  await eventually('a request under way', () => upstreams[0]!.held === 1);
  const began = performance.now();
  replace(folder, 'shop.yaml', `- ${b}\n- { address: ${c}, weight: 2 }\n`);
  await eventually('the others', () => upstreams[1]!.requests > 0);
  console.info(`a file that was replaced was used after ${(performance.now() - began).toFixed()} ms`);
  await eventually('the others alone', async () => (await used(sluice, upstreams)) === 'bc');
  upstreams[0]!.release();
  expect((await wire.readMessage()).body).toBe('released');
  folder.write('shop.yaml', [a, c]);
  await eventually('JSON', async () => (await used(sluice, upstreams)) === 'ac');
  expect((await load.stop()).faults).toEqual([]);
  expect(await sluice.metric('sluice_config_revision')).toBe(1);
});

test('a file in three pieces is never served in part', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b');
  const path = folder.write('shop.json', [upstreams[0]!.address]);
  const sluice = await startSluice(filed(path));
  sluice.expectLog(BAD);
  const text = JSON.stringify([{ address: upstreams[1]!.address }]);
  writeFileSync(path, text.slice(0, 10));
  await eventually('a Problem', async () => (await sluice.metric('sluice_discovery_failures_total')) > 0);
  appendFileSync(path, text.slice(10, 20));
  await pause(50);
  expect(await used(sluice, upstreams)).toBe('a');
  appendFileSync(path, text.slice(20));
  await eventually('the whole', async () => (await used(sluice, upstreams)) === 'b');
});

test('what is wrong with a file is told with its place, once, and what was served stays', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b');
  const path = folder.write('shop.yaml', `- ${upstreams[0]!.address}\n`);
  const sluice = await startSluice(filed(path));
  sluice.expectLog(BAD);
  sluice.expectLog(/an endpoint file is gone/);
  writeFileSync(path, `- ${upstreams[1]!.address}\n- { address: "127.0.0.1:80", wieght: 2 }\n`);
  const told = await eventually('the problem', () => sluice.logs.find(({ msg }) => msg === 'endpoint file problem'));
  expect(told.fields['at']).toBe(`${path}:2:30: endpoints[1]: unknown key "wieght" (did you mean "weight"?)`);
  expect(await used(sluice, upstreams)).toBe('a');
  expect(await sluice.metric('sluice_discovery_failures_total', { pool: 'shop', version: 'v1', source: path })).toBe(1);
  await eventually('its age', async () => (await sluice.metric('sluice_discovery_age_seconds', { source: path })) > 0);
  rmSync(path);
  await eventually('that it is gone', () => sluice.logs.some(({ msg }) => msg.startsWith('an endpoint file is gone')));
  expect(await used(sluice, upstreams)).toBe('a');
  expect((await ask(sluice, get('/bytes/2/0'))).field('x-version')).toBe('a');
  writeFileSync(path, `- ${upstreams[1]!.address}\n`);
  await eventually('the new one', async () => (await used(sluice, upstreams)) === 'b');
  expect(await sluice.metric('sluice_discovery_age_seconds', { source: path })).toBe(0);
  expect(sluice.logs.filter(({ msg }) => msg === 'endpoint file problem')).toHaveLength(1);
  // Gone and back as it was.
  rmSync(path);
  await eventually('a failure', async () => (await sluice.metric('sluice_discovery_failures_total')) === 3);
  writeFileSync(path, `- ${upstreams[1]!.address}\n`);
  await eventually('good again', async () => (await sluice.metric('sluice_discovery_age_seconds', { source: path })) === 0);
});

test('a start without the file serves what else there is, and takes the file up when it comes', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b');
  const path = folder.file('shop.yaml');
  const sluice = await startSluice(filed(path, { endpoints: [upstreams[0]!.address] }));
  sluice.expectLog(BAD);
  expect(await used(sluice, upstreams)).toBe('a');
  expect(sluice.logs.find(({ msg }) => msg === 'endpoint file problem')?.fields['at']).toContain('there is no such file');
  writeFileSync(path, JSON.stringify(upstreams.map(({ address }) => address)));
  await eventually('both', async () => (await used(sluice, upstreams)) === 'ab');
  // One that both name is one endpoint.
  expect(await sluice.metric('sluice_discovery_addresses')).toBe(2);
});

test('twenty quick changes end in the last one; swaps of the `..data` link are seen', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b', 'c');
  const swap = (name: string, content: string): void => {
    mkdirSync(folder.file(`..${name}`));
    writeFileSync(join(folder.file(`..${name}`), 'shop.yaml'), content);
    symlinkSync(`..${name}`, folder.file('..data_new'));
    renameSync(folder.file('..data_new'), folder.file('..data'));
  };
  swap('start', `- ${upstreams[0]!.address}\n`);
  symlinkSync('..data/shop.yaml', folder.file('shop.yaml'));
  const sluice = await startSluice(filed(folder.file('shop.yaml')));
  const load = startLoad({ port: sluice.port, keepAlive: 1, fresh: 1 });
  for (let change = 0; change < 20; change++) {
    swap(`change${change}`, `- ${upstreams[change % 2]!.address}\n`);
    await pause(10);
  }
  swap('last', `- ${upstreams[2]!.address}\n`);
  await eventually('the last', async () => (await used(sluice, upstreams)) === 'c');
  expect((await load.stop()).faults).toEqual([]);
});

test('names in a file are resolved before those that leave with it go', async () => {
  const folder = makeFolder();
  const dns = await startDns();
  const upstreams = await started('a', 'b');
  const nameOf = (upstream: LoadUpstream): string => `${upstream.version}.test:${upstream.address.split(':')[1]}`;
  for (const { version } of upstreams) dns.set(`${version}.test`, { a: ['127.0.0.1'], ttl: 60 });
  const path = folder.write('shop.json', [nameOf(upstreams[0]!)]);
  const sluice = await startSluice(filed(path, { dns: { servers: [dns.address], refresh: '60s' } }));
  expect(await used(sluice, upstreams)).toBe('a');
  const load = startLoad({ port: sluice.port, fresh: 2 });
  replace(folder, 'shop.json', JSON.stringify([nameOf(upstreams[1]!)]));
  await eventually('the other', async () => (await used(sluice, upstreams)) === 'b');
  expect((await load.stop()).faults).toEqual([]);
  expect([dns.asked('A a.test'), dns.asked('A b.test')]).toEqual([1, 1]);
});

test('an entry with `drain: true` gets nothing new; what it has is finished', async () => {
  const folder = makeFolder();
  const upstreams = await started('a', 'b');
  const [a, b] = upstreams.map(({ address }) => address);
  const path = folder.write('shop.json', [a, b]);
  const sluice = await startSluice(filed(path));
  const wires = [await connectTo(sluice), await connectTo(sluice)];
  for (const wire of wires) await wire.write(get('/hold'));
  await eventually('one request on each', () => upstreams.every(({ held }) => held === 1));
  folder.write('shop.json', [{ address: a, drain: true }, b]);
  await eventually('it to drain', async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: a! })) === 0);
  const before = upstreams[0]!.requests;
  for (let asked = 0; asked < 10; asked++) expect((await ask(sluice, get('/bytes/2/0'))).field('x-version')).toBe('b');
  expect(upstreams[0]!.requests).toBe(before);
  for (const upstream of upstreams) upstream.release();
  for (const wire of wires) expect((await wire.readMessage()).body).toBe('released');
  folder.write('shop.json', [a, b]);
  await eventually('it to return', async () => (await sluice.metric('sluice_endpoint_ready', { endpoint: a! })) === 1);
});
