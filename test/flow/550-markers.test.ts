// Deploy markers, the journal as pages, and how a drain comes along, in the real process.

import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { call, journalOf, revisionOf, setWeights } from './scaffold/admin.ts';
import type { JournalEvent } from './scaffold/admin.ts';
import { connectToEach } from './scaffold/by-worker.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { eventually, within } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { mortal, strike } from './scaffold/mortal.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { ConfigParts, Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

interface Marked {
  readonly changed: boolean;
  readonly dryRun?: true;
  readonly marker: Readonly<Record<string, unknown>>;
  readonly markers: readonly Readonly<Record<string, unknown>>[];
  readonly recent: readonly Readonly<Record<string, unknown>>[];
}

interface Page {
  readonly lines: readonly JournalEvent[];
  readonly next?: number;
  readonly first: number;
  readonly last: number;
}

interface Drained {
  readonly since: number;
  readonly deadline?: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly inFlightAtStart: number;
  readonly estimateMs?: number;
}

interface Version {
  readonly name: string;
  readonly drain?: Drained;
  readonly deploy?: { readonly deploy: string; readonly sha?: string; readonly atMs: number };
  readonly endpoints: readonly { readonly address: string; readonly drain?: Drained }[];
}

type ReceivedResponse<T> = Omit<Awaited<ReturnType<typeof call>>, 'body'> & { readonly body: T };

async function read<T>(sluice: Sluice, path: string): Promise<T> {
  const response = await call(sluice, 'GET', path);
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return response.body as unknown as T;
}

async function mark(sluice: Sluice, body: object, query = ''): Promise<ReceivedResponse<Marked>> {
  return (await call(sluice, 'POST', `/v1/markers${query}`, body)) as unknown as ReceivedResponse<Marked>;
}

const DEPLOY = { pool: 'shop', version: 'v2', deploy: '2026-11-21.3', sha: '9f1c2ab' };
const INFO = 'sluice_version_info';

async function shopConfig(parts: ConfigParts = {}): Promise<object> {
  const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
  return configFor({ endpoints, pool: { split: { v1: 100 } }, ...parts });
}

async function stop(sluice: Sluice, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  sluice.signal(signal);
  await within('the end', sluice.exited, 20_000);
  if (signal === 'SIGKILL') sluice.exitCode = null;
}

test('a marker is in the journal, the metrics, the states and the log, and moves nothing', async () => {
  const sluice = await startSluice(await shopConfig(), { workers: 2 });
  const revision = await revisionOf(sluice);
  expect((await sluice.metrics()).sum(INFO)).toBe(0);
  const tried = await mark(sluice, DEPLOY, '?dryRun=true');
  expect(tried).toMatchObject({ status: 200, body: { changed: true, dryRun: true } });
  expect((await read<Marked>(sluice, '/v1/markers')).markers).toEqual([]);

  const marked = await mark(sluice, { ...DEPLOY, reason: 'step 1', url: 'https://ci.example/3' });
  expect(marked).toMatchObject({ status: 200, etag: `"${revision}"`, body: { changed: true, workers: { applied: 2, total: 2 } } });
  expect(marked.body.marker).toMatchObject({ ...DEPLOY, reason: 'step 1', author: 'anonymous' });
  expect((await mark(sluice, { ...DEPLOY, url: 'https://ci.example/3' })).body).toMatchObject({
    changed: false,
    marker: marked.body.marker,
  });
  expect(await revisionOf(sluice)).toBe(revision);

  const streamed = await journalOf(sluice, ({ kind }) => kind === 'marker');
  const { lines, last } = await read<Page>(sluice, '/v1/journal?kind=marker');
  expect(lines).toEqual([streamed.at(-1)]);
  expect([last, lines[0]]).toEqual([
    streamed.length,
    expect.objectContaining({ revision, detail: { ...DEPLOY, reason: 'step 1', url: 'https://ci.example/3' } }),
  ]);
  expect(await sluice.metric(INFO, { pool: 'shop', version: 'v2', deploy: '2026-11-21.3', sha: '9f1c2ab' })).toBe(1);
  const deploy = { deploy: DEPLOY.deploy, sha: DEPLOY.sha, atMs: marked.body.marker['atMs'] };
  const { versions } = await read<{ versions: Version[] }>(sluice, '/v1/pools/shop');
  expect(versions.map((version) => version.deploy)).toEqual([undefined, deploy]);
  expect((await read<Version>(sluice, '/v1/pools/shop/versions/v2')).deploy).toEqual(deploy);
  await eventually('the log line', () =>
    sluice.logs.some(({ msg, fields }) => msg === 'version marked as a deploy' && fields['deploy'] === DEPLOY.deploy),
  );
});

test('names that are not there, stale revisions and a role that is too low change nothing', async () => {
  const tokens = ['viewer', 'operator'].map((role) => ({ name: role, role, env: `TOKEN_${role}` }));
  const env = { TOKEN_viewer: 'v'.repeat(32), TOKEN_operator: 'o'.repeat(32) };
  const config = await shopConfig({ top: { admin: { address: '127.0.0.1:0', auth: { tokens } } } });
  const sluice = await startSluice(config, { env });
  const as = (role: 'viewer' | 'operator', more = {}) => ({ authorization: `Bearer ${env[`TOKEN_${role}`]}`, ...more });
  const post = (body: object, fields: Readonly<Record<string, string>>) => call(sluice, 'POST', '/v1/markers', body, fields);
  expect((await post(DEPLOY, as('viewer'))).status).toBe(403);
  const wrong = await post({ ...DEPLOY, version: 'v22' }, as('operator'));
  expect([wrong.status, wrong.body.problems]).toEqual([
    422,
    [{ path: 'version', message: expect.stringMatching(/did you mean "v2"/) as string }],
  ]);
  expect((await post({ ...DEPLOY, pool: 'shp' }, as('operator'))).status).toBe(422);
  expect((await post(DEPLOY, as('operator', { 'if-match': '"99"' }))).status).toBe(412);
  expect((await post({ ...DEPLOY, sha: 'xyz' }, as('operator'))).status).toBe(400);
  const markers = async () => (await call(sluice, 'GET', '/v1/markers', undefined, as('viewer'))).body as unknown as Marked;
  expect((await markers()).markers).toEqual([]);
  expect((await post(DEPLOY, as('operator', { 'if-match': '"1"' }))).status).toBe(200);
  expect((await markers()).markers).toMatchObject([{ ...DEPLOY, author: 'operator' }]);
});

test('the access log says the deploy on every worker, from the response on, and on one that takes the place of another', async () => {
  const folder = makeFolder();
  const [path, socket] = [folder.file('access.log'), folder.file('mortal')];
  const upstream = await startUpstream(async (wire) => {
    for (;;) await wire.write(ok('v', `x-request-id: ${(await wire.readMessage()).field('x-request-id') ?? ''}`));
  });
  const endpoints = { v1: [upstream.address], v2: [upstream.address] };
  const config = configFor({ endpoints, pool: { split: { v1: 100 } }, top: { accessLog: { path } } });
  const sluice = await startSluice(config, { workers: 2, ...mortal(socket) });
  sluice.expectLog(/a worker died|a worker was replaced/);
  const askAll = async (target: string): Promise<void> => {
    for (const wire of await connectToEach(sluice, 2)) {
      await wire.write(get(target));
      await wire.readMessage();
      wire.destroy();
    }
  };
  const deploys = (target: string): Promise<unknown[]> =>
    eventually(`two lines for ${target}`, () => {
      const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
      const lines = text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      const found = lines.filter((line) => line['target'] === target);
      return found.length === 2 && found.map((line) => line['deploy']);
    });
  await askAll('/before');
  await mark(sluice, { ...DEPLOY, version: 'v1', deploy: 'one "1"' });
  await askAll('/one');
  await mark(sluice, { ...DEPLOY, version: 'v1', deploy: 'two' });
  await mark(sluice, { ...DEPLOY, version: 'v2', deploy: 'other' });
  await askAll('/two');
  await setWeights(sluice, { v1: 0, v2: 1 });
  await askAll('/other');
  expect(await deploys('/before')).toEqual([undefined, undefined]);
  expect(await deploys('/one')).toEqual(['one "1"', 'one "1"']);
  expect(await deploys('/two')).toEqual(['two', 'two']);
  expect(await deploys('/other')).toEqual(['other', 'other']);
  // What it has not handed on dies with it: only now.
  await strike(socket, 1, 'throw');
  await eventually('another worker', () => sluice.logs.some(({ msg }) => msg === 'a worker was replaced'));
  await askAll('/again');
  expect(await deploys('/again')).toEqual(['other', 'other']);
});

test('the latest marker survives a kill, and goes with its version', { timeout: 60_000 }, async () => {
  const folder = makeFolder();
  const [path, state] = [folder.file('access.log'), { dir: folder.file('state') }];
  const upstream = await startLoadUpstream('v2');
  const config = (...versions: string[]): object =>
    configFor({
      endpoints: Object.fromEntries(versions.map((name) => [name, [upstream.address]])),
      pool: { split: { v2: 1 } },
      top: { state, accessLog: { path } },
    });
  const first = await startSluice(config('v2', 'v3'));
  expect((await mark(first, DEPLOY)).status).toBe(200);
  expect((await mark(first, { ...DEPLOY, version: 'v3', deploy: 'other' })).status).toBe(200);
  await stop(first, 'SIGKILL');

  const second = await startSluice(config('v2', 'v3'));
  const { markers, recent } = await read<Marked>(second, '/v1/markers?pool=shop');
  expect(markers).toMatchObject([DEPLOY, { deploy: 'other' }]);
  expect(recent).toMatchObject([{ deploy: 'other' }, DEPLOY]);
  expect(await second.metric(INFO)).toBe(2);
  expect((await mark(second, DEPLOY)).body.changed).toBe(false);
  await ask(second, get('/after'));
  await eventually(
    'a line with the deploy',
    () => existsSync(path) && readFileSync(path, 'utf8').includes('"version":"v2","deploy":"2026-11-21.3"'),
  );
  second.writeConfig(config('v2'));
  await eventually('the marker is gone', async () => (await second.metric(INFO)) === 1);
  expect((await read<Marked>(second, '/v1/markers?version=v3')).markers).toEqual([]);
  second.writeConfig(config('v2', 'v3'));
  await eventually('the version is back', async () => (await call(second, 'GET', '/v1/pools/shop/versions/v3')).status === 200);
  expect(await second.metric(INFO)).toBe(1);
  await stop(second, 'SIGTERM');
  expect((await read<Marked>(await startSluice(config('v2', 'v3')), '/v1/markers')).markers).toMatchObject([DEPLOY]);
});

test('the journal page by page', async () => {
  const sluice = await startSluice(await shopConfig());
  for (let step = 1; step <= 3; step++) await setWeights(sluice, { v1: 1, v2: step });
  await mark(sluice, DEPLOY);
  const kinds = ({ lines }: Page): string[] => lines.map(({ seq, kind }) => `${seq} ${kind}`);
  const first = await read<Page>(sluice, '/v1/journal?limit=2');
  expect([kinds(first), first.next]).toEqual([['1 revision', '2 revision'], 2]);
  const rest = await read<Page>(sluice, '/v1/journal?after=2');
  expect([kinds(rest), rest.next, rest.first, rest.last]).toEqual([['3 revision', '4 revision', '5 marker'], undefined, 1, 5]);
  expect(kinds(await read<Page>(sluice, '/v1/journal?kind=revision&last=2'))).toEqual(['3 revision', '4 revision']);
  expect(kinds(await read<Page>(sluice, '/v1/journal?since=1h&kind=marker'))).toEqual(['5 marker']);
});

test('a drain says what is left and how long that may take, over a reload, until nothing is left', { timeout: 60_000 }, async () => {
  const releases: (() => void)[] = [];
  const upstream = await startUpstream(async (wire) => {
    const request = await wire.readMessage();
    if (request.line.includes('/held')) await new Promise<void>((resolve) => releases.push(resolve));
    await wire.write(ok('done'));
  });
  const config = (timeout: string): object => configFor({ endpoints: { v1: [upstream.address] }, pool: { drain: { timeout } } });
  const sluice = await startSluice(config('60s'), { workers: 2 });
  const wires = await Promise.all(Array.from({ length: 6 }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/held'));
  await eventually('all held', () => releases.length === 6);
  const look = () => read<Version>(sluice, '/v1/pools/shop/versions/v1');
  expect([(await look()).drain, (await look()).endpoints[0]?.drain]).toEqual([undefined, undefined]);

  const before = Date.now();
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/drain', { force: true })).status).toBe(200);
  const begun = await look();
  expect(begun.drain).toMatchObject({ inFlight: 6, connections: 6, inFlightAtStart: 6 });
  expect(begun.drain).not.toHaveProperty('estimateMs');
  expect(begun.endpoints[0]?.drain).toEqual(begun.drain);
  expect(begun.drain!.since).toBeGreaterThanOrEqual(before);
  expect(begun.drain!.deadline).toBe(begun.drain!.since + 60_000);

  for (const release of releases.splice(0, 2)) release();
  const going = await eventually('two have ended', async () => {
    const { drain } = await look();
    return drain?.inFlight === 4 && drain.connections === 4 && drain;
  });
  expect(going.inFlightAtStart).toBe(6);
  expect(going.estimateMs).toBeGreaterThan(0);
  expect(going.estimateMs).toBeLessThanOrEqual(60_000);

  sluice.writeConfig(config('50s'));
  await eventually('the reload', async () => (await revisionOf(sluice)) === 3);
  expect((await look()).drain).toMatchObject({
    since: begun.drain!.since,
    deadline: begun.drain!.deadline,
    inFlight: 4,
    inFlightAtStart: 6,
  });
  for (const release of releases.splice(0)) release();
  await eventually('nothing left', async () => {
    const { drain } = await look();
    return drain?.inFlight === 0 && drain.connections === 0 && drain.estimateMs === 0;
  });
  for (const wire of wires) expect((await wire.readMessage()).status).toBe(200);
  expect((await call(sluice, 'POST', '/v1/pools/shop/versions/v1/resume', {})).status).toBe(200);
  expect((await look()).drain).toBeUndefined();
});

test('a drain that was on at the start counts from the start', async () => {
  const upstream = await startLoadUpstream('v1');
  const endpoints = { v1: [{ address: upstream.address, drain: true }, (await startLoadUpstream('v1')).address] };
  const before = Date.now();
  const sluice = await startSluice(configFor({ endpoints, pool: { drain: { timeout: '0s' } } }));
  const { drain, endpoints: states } = await read<Version>(sluice, '/v1/pools/shop/versions/v1');
  expect([drain, states[1]?.drain]).toEqual([undefined, undefined]);
  expect(states[0]?.drain).toEqual({ since: expect.any(Number) as number, inFlight: 0, connections: 0, inFlightAtStart: 0, estimateMs: 0 });
  expect(states[0]!.drain!.since).toBeGreaterThanOrEqual(before);
});
