// The access log: one true line per exchange, and never a reason to wait or to fall.

import { existsSync, readFileSync, renameSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { programOf } from '../scaffold/program.ts';
import { ask, connectAt, connectTo, get, post } from './scaffold/client.ts';
import { startProgram } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { freePort } from '../scaffold/free-port.ts';
import { promised } from './scaffold/full.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';

afterEach(closeAll);

type Line = Readonly<Record<string, unknown>>;

function readLines(path: string): Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

function linesOf(path: string, count: number): Promise<Line[]> {
  return eventually(`${count} lines`, () => {
    const lines = readLines(path);
    return lines.length >= count && lines;
  });
}

test('one line per exchange, with its outcome, status, bytes, version, endpoint and reason', async () => {
  const folder = makeFolder();
  const path = folder.file('access.log');
  const upstream = await startLoadUpstream();
  const routes = [
    { name: 'dead', hosts: ['a.example'], match: [{ path: { prefix: '/dead' } }], pool: 'dead' },
    { name: 'moved', hosts: ['a.example'], match: [{ path: { exact: '/moved' } }], redirect: { path: { full: '/new' }, status: 301 } },
  ];
  const overrides = [{ name: 'qa', header: { name: 'x-qa', value: '1' }, version: 'v2' }];
  const config = configFor({
    endpoints: { v1: [upstream.address], v2: [upstream.address] },
    pool: { split: { v1: 1 }, overrides },
    routes,
    route: { hosts: ['a.example'] },
    top: { accessLog: { path } },
  }) as { pools: object };
  config.pools = { ...config.pools, dead: { versions: { v1: { endpoints: ['127.0.0.1:1'] } } } };
  const sluice = await startSluice(config);
  await ask(sluice, get('/bytes/1234/1?q="\\', 'x-qa: 1'));
  await ask(sluice, post('/digest', 'twelve bytes'));
  await ask(sluice, get('/dead'));
  await ask(sluice, get('/moved'));
  await ask(sluice, 'GET /none HTTP/1.1\r\nhost: other.example\r\n\r\n');
  const leaving = await connectTo(sluice);
  await leaving.write(get('/hold'));
  await eventually('held', () => upstream.held === 1);
  leaving.destroy();
  const lines = await linesOf(path, 6);
  expect(lines).toHaveLength(6);
  const common = { listener: 'web', client: '127.0.0.1' };
  const served = { ...common, route: 'shop', pool: 'shop', endpoint: upstream.address, outcome: 'ok', status: 200, attempts: 1 };
  expect(lines[0]).toMatchObject({
    ...served,
    version: 'v2',
    reason: 'override',
    method: 'GET',
    authority: 'a.example',
    target: '/bytes/1234/1?q="\\',
    bytesIn: 0,
    bytesOut: 1234,
  });
  expect(lines[1]).toMatchObject({ ...served, version: 'v1', reason: 'weight', method: 'POST', bytesIn: 12, bytesOut: 67 });
  expect(lines[2]).toMatchObject({
    route: 'dead',
    pool: 'dead',
    version: 'v1',
    endpoint: '127.0.0.1:1',
    outcome: 'connect_refused',
    status: 502,
  });
  expect(lines[3]).toMatchObject({ ...common, route: 'moved', pool: '', version: '', outcome: 'replied', status: 301 });
  expect(lines[4]).toMatchObject({ ...common, route: '', pool: '', outcome: 'no_route', status: 404, authority: 'other.example' });
  expect(lines[5]).toMatchObject({ ...common, outcome: 'downstream_closed', version: 'v1', endpoint: upstream.address, bytesOut: 0 });
  for (const line of lines) {
    expect(Math.abs(Date.parse(String(line['time'])) - Date.now())).toBeLessThan(20_000);
    expect(line['durationMs']).toBeGreaterThan(0);
  }
  expect(new Set(lines.slice(0, 3).map((line) => line['requestId'])).size).toBe(3);
});

test('a sample is even, and a reload changes it', async () => {
  const path = makeFolder().file('access.log');
  const upstream = await startLoadUpstream();
  const config = (sample: number) => configFor({ endpoints: [upstream.address], top: { accessLog: { path, sample } } });
  const sluice = await startSluice(config(0.1));
  const wire = await connectTo(sluice);
  const send = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      await wire.write(get('/bytes/1/1'));
      await wire.readMessage();
    }
  };
  await send(200);
  expect(await linesOf(path, 20)).toHaveLength(20);
  sluice.writeConfig(config(1));
  await eventually('the new sample', async () => (await sluice.metric('sluice_config_revision')) === 2);
  await send(30);
  expect(await linesOf(path, 50)).toHaveLength(50);
  expect(await sluice.metric('sluice_access_log_dropped_total')).toBe(0);
});

test('rotation: rename and SIGHUP, no line lost', async () => {
  const folder = makeFolder();
  const [path, old] = [folder.file('access.log'), folder.file('access.log.1')];
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { accessLog: { path } } }), { workers: 2 });
  for (let sent = 0; sent < 20; sent++) await ask(sluice, get(`/bytes/1/${sent}`));
  await linesOf(path, 20);
  renameSync(path, old);
  for (let sent = 20; sent < 30; sent++) await ask(sluice, get(`/bytes/1/${sent}`));
  sluice.signal('SIGHUP');
  await eventually('the reload', async () => (await sluice.metric('sluice_config_reloads_total', { result: 'unchanged' })) === 1);
  for (let sent = 30; sent < 40; sent++) await ask(sluice, get(`/bytes/1/${sent}`));
  await eventually('all lines', () => readLines(old).length + readLines(path).length === 40);
  const targets = [...readLines(old), ...readLines(path)].map((line) => line['target']);
  expect(targets.sort()).toEqual(Array.from({ length: 40 }, (_, index) => `/bytes/1/${index}`).sort());
});

test('the last lines are written before the process ends', async () => {
  const path = makeFolder().file('access.log');
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { accessLog: { path } } }), { workers: 2 });
  for (let sent = 0; sent < 20; sent++) await ask(sluice, get('/bytes/1/1'));
  sluice.signal('SIGTERM');
  await sluice.exited;
  expect(readLines(path)).toHaveLength(20);
});

test('a log that cannot be written costs lines, not responses', async () => {
  const upstream = await startLoadUpstream();
  const sluice = await startSluice(configFor({ endpoints: [upstream.address], top: { accessLog: { path: '/proc/none/access.log' } } }));
  sluice.expectLog(/the access log cannot be written/);
  for (let sent = 0; sent < 20; sent++) expect((await ask(sluice, get('/bytes/1/1'))).status).toBe(200);
  await eventually('20 dropped', async () => (await sluice.metric('sluice_access_log_dropped_total')) === 20);
});

test('a stdout that was closed before the start costs the ready line alone', async () => {
  const folder = makeFolder();
  const port = await freePort();
  const upstream = await startLoadUpstream();
  const config = folder.write('a.yaml', configFor({ endpoints: [upstream.address], listener: { address: `127.0.0.1:${port}` } }));
  const script = `( "$0" ${programOf()} run --config "$1" & pid=$!; echo $pid >"$2"; wait $pid; echo "code $?" >&2 ) | true`;
  const started = startProgram('sh', ['-c', script, process.execPath, config, folder.file('pid')]);
  await eventually('config applied', () => started.stderr.includes('config applied'));
  const wire = await connectAt({ host: '127.0.0.1', port });
  for (let sent = 0; sent < 20; sent++) {
    await wire.write(get('/bytes/1/1'));
    expect((await wire.readMessage()).status).toBe(200);
  }
  wire.destroy();
  process.kill(Number(readFileSync(folder.file('pid'), 'utf8')), 'SIGTERM');
  await eventually('the end', () => /code (\d+)/.test(started.stderr));
  expect(/code (\d+)/.exec(started.stderr)?.[1]).toBe('0');
});

// A shell makes a pipe as operators do; Node's own `spawn` would make a socket pair.
test.each([
  { kind: 'a pipe that nobody reads', reader: 'head -n 1 >"$2"; cat "$2" >"$3"; exec sleep 60' },
  { kind: 'a closed pipe', reader: 'head -n 1 >"$2"; cat "$2" >"$3"' },
])('stdout as $kind neither blocks nor ends the process; lost lines are counted', { timeout: 60_000 }, async ({ kind, reader }) => {
  const folder = makeFolder();
  const upstream = await startLoadUpstream();
  const config = folder.write('a.yaml', configFor({ endpoints: [upstream.address], top: { accessLog: { path: 'stdout' } } }));
  const script = `"$0" ${programOf()} run --config "$1" --workers 2 & pid=$!; echo $pid >&9; wait $pid; echo "code $?" >&2`;
  const shell = `exec 9>"$4"; ( ${script} ) | ( ${reader} )`;
  const [first, ready, pidFile] = [folder.file('first'), folder.file('ready'), folder.file('pid')];
  const started = startProgram('sh', ['-c', shell, process.execPath, config, first, ready, pidFile]);
  const line = await eventually('the ready line', () => (existsSync(ready) ? readFileSync(ready, 'utf8').trim() || undefined : undefined));
  const [, port = '', adminPort = ''] = /web 127\.0\.0\.1:(\d+), admin 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
  const wire = await connectAt({ host: '127.0.0.1', port: Number(port) });
  const dropped = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    return Number(/^sluice_access_log_dropped_total (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  // Targets as long as they may be, so that the pipe and the backlog of 8 MiB are soon full.
  const long = `/bytes/1/1?${'x'.repeat(7000)}`;
  const began = performance.now();
  let slowestMs = 0;
  const enough = kind === 'a closed pipe' ? 50 : 1800;
  for (let sent = 0; sent < enough; sent++) {
    const asked = performance.now();
    await wire.write(get(long));
    expect((await wire.readMessage()).status).toBe(200);
    slowestMs = Math.max(slowestMs, performance.now() - asked);
  }
  expect(slowestMs).toBeLessThan(promised(1000));
  expect(performance.now() - began).toBeLessThan(20_000);
  await eventually('dropped lines', async () => (await dropped()) > 0);
  wire.destroy();
  const pid = Number(readFileSync(pidFile, 'utf8'));
  process.kill(pid, 'SIGTERM');
  await eventually('the end', () => /code (\d+)/.test(started.stderr));
  expect(/code (\d+)/.exec(started.stderr)?.[1]).toBe('0');
});
