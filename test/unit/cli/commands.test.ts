// Each command against a small admin API: what is asked, what is shown, and the exit code.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runDrain, runResume } from '../../../src/cli/drain.ts';
import { runEvents } from '../../../src/cli/events.ts';
import { runExplainLive } from '../../../src/cli/explain-live.ts';
import { runRevisions } from '../../../src/cli/revisions.ts';
import { runSplit } from '../../../src/cli/split.ts';
import { EXAMPLES } from '../../../src/api/contract.ts';
import { runStatus } from '../../../src/cli/status.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { FakeAdmin, FakeTerminal, NOW_MS, problem, runAgainst, shop } from './fake-admin.ts';

let admin: FakeAdmin;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
});

afterEach(() => admin.close());

const STATUS = `shop  2 of 2 workers obey revision 4
  VERSION                    WEIGHT  SHARE  STATE                              GETS  REQ/S  ERRORS  P99  IN FLIGHT  CONNECTIONS
  v1                             90   90 %  ready, 1 of 2 endpoints               -      -       -    -         13           21
    127.0.0.1:9001 (zone a)       1         ready                                                               13           20
    127.0.0.1:9002                1         not ready: its health check fails                                    0            1
  v2                             10   10 %  ready                                 -      -       -    -          1            2
    127.0.0.1:9003                2         ready                                                                1            2
  overrides: qa -> v2 (by API)
`;

describe('status', () => {
  test('a table per pool', async () => {
    expect(await runAgainst(admin.url, {}, (call) => runStatus(call, undefined))).toEqual({ code: 0, stdout: STATUS, stderr: '' });
    admin.pools.push({ ...shop(), name: 'cart', versions: [], overrides: [], workers: { applied: 1, total: 2 } });
    const both = await runAgainst(admin.url, {}, (call) => runStatus(call, undefined));
    expect(both.stdout).toBe(`${STATUS}\ncart  1 of 2 workers obey revision 4\n`);
  });

  test('with the users of each version, where they are counted', async () => {
    const { versions } = shop();
    admin.pools = [{ ...shop(), overrides: [], versions: versions.map((version, index) => ({ ...version, users: 1200 * index })) }];
    const { stdout } = await runAgainst(admin.url, {}, (call) => runStatus(call, 'shop'));
    const columns = stdout.split('\n').map((line) => line.trimEnd().split(/ {2,}/).at(-1));
    expect([columns[1], columns[2], columns[5]]).toEqual(['USERS', '0', '1200']);
  });

  test('one pool, and JSON as it came', async () => {
    expect((await runAgainst(admin.url, {}, (call) => runStatus(call, 'shop'))).stdout).toBe(STATUS);
    const { stdout } = await runAgainst(admin.url, { json: true }, (call) => runStatus(call, 'shop'));
    const { overview, ...pool } = JSON.parse(stdout) as Record<string, unknown>;
    expect(pool).toEqual(JSON.parse(JSON.stringify(shop())));
    expect(overview).toMatchObject({ findings: [], file: { state: 'taken' } });
  });

  test('what is wrong: in red, with what the version did, since when, and with exit code 1', async () => {
    const sinceMs = NOW_MS - 5 * 60_000;
    const { health } = EXAMPLES.Pool.versions[0]!.endpoints[1]!;
    const [first, second] = shop().versions;
    admin.pools = [
      { ...shop(), versions: [first!, { ...second!, endpoints: [{ ...second!.endpoints[0]!, health: { ...health!, sinceMs } }] }] },
    ];
    const [stable, canary] = EXAMPLES.Overview.pools[0]!.versions;
    admin.overview = {
      ...EXAMPLES.Overview,
      pools: [{ ...EXAMPLES.PoolOverview, versions: [{ ...stable!, p99: 1234 }, canary!] }],
      findings: [
        EXAMPLES.Finding,
        { severity: 'warning', code: 'name', place: 'pools.cart.versions.v1', pool: 'cart', version: 'v1', message: 'Elsewhere.' },
        { severity: 'warning', code: 'workers', place: 'workers', message: 'Only 1 of 2 workers serve.', sinceMs },
      ],
      findingCount: 3,
    };
    const { code, stdout } = await runAgainst(admin.url, {}, (call) => runStatus(call, 'shop'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}v1 .* ready, 1 of 2 endpoints +90 % +6 +0 % +1\.2 s +13 +21$/m);
    expect(stdout).toMatch(/^ {2}v2 .* fails 40 of 40 +10 % +0\.67 +100 % +9\.3 ms +1 +2$/m);
    expect(stdout).toMatch(/127\.0\.0\.1:9003 .*\(probe status: status 500, for 5 min\)/);
    expect(stdout).toContain(
      '\nerror: Version v2 of shop failed 40 of 40 requests in the last 60 s.\nwarning: Only 1 of 2 workers serve. (for 5 min)\n',
    );
    expect(stdout).not.toContain('Elsewhere');
    expect(stdout).toMatch(/^What is served: 2 values differ from the file; sluice config diff shows them\.$/m);
    const all = await runAgainst(admin.url, {}, (call) => runStatus(call, undefined));
    expect(all.stdout).toContain('warning: Elsewhere.');
  });

  test('--quiet prints nothing: 0 when all is well, 1 when it is not, 3 when nobody responds', async () => {
    const quiet = (url: string): ReturnType<typeof runAgainst> => runAgainst(url, { quiet: true }, (call) => runStatus(call, undefined));
    expect(await quiet(admin.url)).toEqual({ code: 0, stdout: '', stderr: '' });
    admin.overview = { ...admin.overview, findings: [EXAMPLES.Finding], findingCount: 1 };
    expect(await quiet(admin.url)).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(await quiet('unix:/nowhere/sluice.sock')).toEqual({ code: 3, stdout: '', stderr: '' });
  });

  test('over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
    const local = new FakeAdmin();
    try {
      await local.listen(join(folder, 'admin.sock'));
      expect((await runAgainst(`unix:${folder}/admin.sock`, {}, (call) => runStatus(call, undefined))).stdout).toBe(STATUS);
    } finally {
      await local.close();
      rmSync(folder, { recursive: true });
    }
  });

  test('a pool that is not there: which there are', async () => {
    expect(await runAgainst(admin.url, {}, (call) => runStatus(call, 'shp'))).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: There is no pool "shp".\n  pools: shop (did you mean "shop"?)\n',
    });
  });

  test('what a name does to a terminal is shown, not done', async () => {
    admin.pools = [{ ...shop(), name: 'a\u001b[2Jb', versions: [], overrides: [] }];
    const { stdout } = await runAgainst(admin.url, {}, (call) => runStatus(call, undefined));
    expect(stdout).toBe('a\\u001b[2Jb  2 of 2 workers obey revision 4\n');
  });

  test('a response of another kind of server', async () => {
    admin.scripted.set('GET /v1/pools', { status: 200, body: { hello: 'world' } });
    const ended = await runAgainst(admin.url, {}, (call) => runStatus(call, undefined));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('pools is no list') as string });
  });
});

describe('status --watch', () => {
  test('a block per change where there is no screen; it ends on a refusal', async () => {
    const clock = new ManualClock();
    const terminal = new FakeTerminal();
    terminal.clock = clock;
    const watching = runAgainst(admin.url, { watch: true }, (call) => runStatus(call, 'shop'), terminal);
    const looks = async (number: number): Promise<void> => {
      await expect.poll(() => admin.asked.length).toBe(2 * number);
      await expect.poll(() => clock.pending).toBe(1);
    };
    await looks(1);
    admin.pools = [{ ...shop(), versions: shop().versions.map((version) => ({ ...version, inFlight: 77 })) }];
    clock.advance(1000);
    await looks(2);
    admin.pools = [{ ...shop(), revision: 5 }];
    clock.advance(1000);
    await looks(3);
    admin.scripted.set('GET /v1/pools/shop', problem(403, 'role viewer'));
    clock.advance(1000);
    const { code, stdout } = await watching;
    expect(code).toBe(1);
    expect(stdout.match(/workers obey revision \d/g)).toEqual(['workers obey revision 4', 'workers obey revision 5']);
    expect(stdout).toContain(' UTC\nshop ');
  });
});

test('status --watch on a screen: drawn anew, cut to fit, and patient while the server is away', async () => {
  const clock = new ManualClock();
  const terminal = new FakeTerminal();
  Object.assign(terminal, { clock, isScreen: true, rows: 6 });
  const watching = runAgainst(admin.url, { watch: true }, (call) => runStatus(call, 'shop'), terminal);
  await expect.poll(() => clock.pending).toBe(1);
  expect(terminal.stdout).toMatch(/^\u001b\[2J\u001b\[H/);
  expect(terminal.stdout.split('\u001b[K\n')).toHaveLength(6);
  expect(terminal.stdout).toContain('(5 more lines; name a pool to see less)');
  admin.scripted.set('GET /v1/pools/shop', 'silence');
  terminal.stdout = '';
  clock.advance(1000);
  await expect.poll(() => terminal.stderr, { timeout: 5000 }).toContain('it does not respond in time; trying again');
  await expect.poll(() => clock.pending).toBe(1);
  admin.scripted.delete('GET /v1/pools/shop');
  clock.advance(1000);
  await expect.poll(() => terminal.stdout).toMatch(/^\u001b\[H(?!.*\u001b\[2J)/s);
  await expect.poll(() => clock.pending).toBe(1);
  admin.scripted.set('GET /v1/pools/shop', problem(401, 'no'));
  clock.advance(1000);
  expect((await watching).code).toBe(1);
});

describe('split', () => {
  test('shows', async () => {
    const { stdout } = await runAgainst(admin.url, {}, (call) => runSplit(call, 'shop', []));
    expect(stdout).toBe(`shop  2 of 2 workers obey revision 4
  VERSION  WEIGHT  SHARE  STATE
  v1           90   90 %  ready, 1 of 2 endpoints
  v2           10   10 %  ready
`);
    const json = await runAgainst(admin.url, { json: true }, (call) => runSplit(call, 'shop', []));
    expect(JSON.parse(json.stdout)).toMatchObject({ weights: { v1: 90, v2: 10 } });
  });

  test('the share is what a version gets now', async () => {
    const { versions, ...pool } = shop();
    const now = versions.map((each) => ({ ...each, shareNow: each.name === 'v2' ? 0 : 1, draining: each.name === 'v2' }));
    admin.scripted.set('GET /v1/pools/shop', { status: 200, body: { ...pool, versions: now } });
    const { stdout } = await runAgainst(admin.url, {}, (call) => runSplit(call, 'shop', []));
    expect(stdout).toMatch(/v1 +90 +100 %.*\n +v2 +10 +0 % +draining/);
  });

  test('sets, with all that a write may say', async () => {
    const options = { reason: 'night shift', ifRevision: 4, token: 'secret' };
    const ended = await runAgainst(admin.url, options, (call) => runSplit(call, 'shop', ['v1=100', 'v2=0']));
    expect(ended).toEqual({
      code: 0,
      stdout: 'revision 5, obeyed by 2 of 2 workers\n  pools.shop.split.v1  90 -> 100\nshop: v1 100 %\n',
      stderr: '',
    });
    const asked = { method: 'PUT', ifMatch: '"4"', authorization: 'Bearer secret' };
    const body = { weights: { v1: 100, v2: 0 }, reason: 'night shift' };
    expect(admin.asked).toEqual([
      { ...asked, url: '/v1/pools/shop/split?dryRun=true', body },
      { ...asked, url: '/v1/pools/shop/split', body },
    ]);
  });

  test('a dry run changes nothing and says so', async () => {
    const { stdout } = await runAgainst(admin.url, { dryRun: true }, (call) => runSplit(call, 'shop', ['v1=100', 'v2=0']));
    expect(stdout).toBe('would change, over revision 4; nothing was done:\n  pools.shop.split.v1  90 -> 100\nshop: v1 100 %\n');
    expect(admin.asked[0]?.url).toBe('/v1/pools/shop/split?dryRun=true');
  });

  test('lets users follow at once when it is told to, and says so', async () => {
    const response = { revision: 4, workers: { applied: 2, total: 2 }, differences: [], moved: ['shop'] };
    admin.scripted.set('PUT /v1/pools/shop/split', { status: 200, body: response });
    const { stdout } = await runAgainst(admin.url, { moveUsers: true }, (call) => runSplit(call, 'shop', ['v1=100', 'v2=0']));
    expect(stdout).toBe('nothing to change: revision 4 is already so\n  users of shop follow the weights at once\nshop: v1 100 %\n');
    expect(admin.asked[0]?.body).toEqual({ weights: { v1: 100, v2: 0 }, sessions: 'move' });
  });

  test('a stale revision', async () => {
    const ended = await runAgainst(admin.url, { ifRevision: 2 }, (call) => runSplit(call, 'shop', ['v1=100', 'v2=0']));
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain('the current one is revision 4, not the one you expected');
    expect(ended.stderr).toContain('--if-revision 4');
  });

  test('nothing to change', async () => {
    admin.scripted.set('PUT /v1/pools/shop/split', {
      status: 200,
      body: { revision: 4, workers: { applied: 2, total: 2 }, differences: [] },
    });
    const { stdout } = await runAgainst(admin.url, {}, (call) => runSplit(call, 'shop', ['v1=90', 'v2=10']));
    expect(stdout).toBe('nothing to change: revision 4 is already so\nshop: v1 90 %, v2 10 %\n');
  });
});

describe('drain and resume', () => {
  test('a version, an endpoint', async () => {
    const drained = await runAgainst(admin.url, { deadline: '30s' }, (call) =>
      runDrain(call, { pool: 'shop', version: 'v1', endpoint: '127.0.0.1:9001' }),
    );
    expect(drained.stdout).toMatch(/\n13 requests and 20 connections left\n$/);
    await runAgainst(admin.url, { reason: 'ok', yes: true }, (call) =>
      runResume(call, { pool: 'shop', version: 'v1', endpoint: undefined }),
    );
    expect(admin.asked.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['POST', '/v1/pools/shop/versions/v1/endpoints/127.0.0.1%3A9001/drain?dryRun=true', { deadline: '30s' }],
      ['POST', '/v1/pools/shop/versions/v1/endpoints/127.0.0.1%3A9001/drain', { deadline: '30s' }],
      ['GET', '/v1/pools/shop', undefined],
      ['POST', '/v1/pools/shop/versions/v1/resume', { reason: 'ok' }],
    ]);
  });

  test('--watch waits until nothing is left, with an estimate', async () => {
    const clock = new ManualClock();
    const terminal = new FakeTerminal();
    terminal.clock = clock;
    const left = (inFlight: number, connections: number, estimateMs?: number): void => {
      const drain = { since: NOW_MS, deadline: undefined, inFlight, connections, inFlightAtStart: 10, estimateMs };
      admin.pools = [{ ...shop(), versions: [{ ...shop().versions[0]!, inFlight, connections, drain }] }];
    };
    const step = async (looks: number, ...now: Parameters<typeof left>): Promise<void> => {
      await expect.poll(() => admin.asked.length).toBe(looks);
      await expect.poll(() => clock.pending).toBe(1);
      left(...now);
      clock.advance(1000);
    };
    left(10, 10);
    const target = { pool: 'shop', version: 'v1', endpoint: undefined };
    const draining = runAgainst(admin.url, { watch: true, yes: true }, (call) => runDrain(call, target), terminal);
    await step(2, 6, 10, 4_200);
    await step(3, 0, 0);
    const { code, stdout } = await draining;
    expect(code).toBe(0);
    expect(stdout.match(/^shop\/v1: .*$/gm)).toEqual([
      'shop/v1: 10 requests and 10 connections left',
      'shop/v1: 6 of 10 requests and 10 connections left, about 4 s more',
      'shop/v1: nothing is left',
    ]);
  });

  test('names that exist', async () => {
    const path = '/v1/pools/shop/versions/v3/drain';
    admin.scripted.set(`POST ${path}`, problem(404, 'There is no version "v3".'));
    const { stderr } = await runAgainst(admin.url, {}, (call) => runDrain(call, { pool: 'shop', version: 'v3', endpoint: undefined }));
    expect(stderr).toBe('error: There is no version "v3".\n  versions of shop: v1, v2 (did you mean "v1"?)\n');
  });
});

test('revisions, and one of them', async () => {
  const list = await runAgainst(admin.url, {}, (call) => runRevisions(call, undefined));
  expect(list.stdout).toBe(`REVISION  WHEN       WHO        BY     CHANGED                                  WHY
       4  1 min ago  anonymous  file   accessLog off -> {"path":"stdout"}
       3  3 h ago    ci         api    pools.shop.split.v1 95 -> 90 and 1 more  canary step 2
       2  4 h ago    ci         api    pools.shop.split.v2 added                canary step 1
       1  3 d ago    anonymous  start  -
`);
  const one = await runAgainst(admin.url, {}, (call) => runRevisions(call, 3));
  expect(one.stdout).toBe(`revision  3
when      2026-01-31 00:00:00 UTC, 3 h ago
who       ci
by        api
why       canary step 2
changed   2 values
  pools.shop.split.v1  95 -> 90
  pools.shop.split.v2  5 -> 10
`);
});

test('events: the last of the past', async () => {
  const line = (seq: number) => ({ seq, atMs: NOW_MS, kind: 'change', author: 'ci', revision: 3, detail: { pool: 'shop', seq } });
  admin.journal = [line(1), line(2), line(3)];
  const { code, stdout } = await runAgainst(admin.url, { last: 2 }, (call) => runEvents(call));
  expect(code).toBe(0);
  expect(stdout).toBe([2, 3].map((seq) => `2026-01-31 03:00:00  change          by ci  revision 3  pool=shop  seq=${seq}\n`).join(''));
  const changes = { cause: 'api', reason: 'night shift', changes: ['pools.a.split.v1: 1 -> 2'], changeCount: 3, empty: '' };
  admin.journal.push({ ...line(4), detail: changes });
  const change = await runAgainst(admin.url, { last: 1 }, (call) => runEvents(call));
  expect(change.stdout).toMatch(/cause=api {2}reason="night shift" {2}pools\.a\.split\.v1: 1 -> 2; and 2 more\n$/);
  admin.journal.pop();
  const json = await runAgainst(admin.url, { last: 1, json: true }, (call) => runEvents(call));
  expect(JSON.parse(json.stdout)).toEqual(line(3));
});

test('events --follow takes up a broken stream where it ended', async () => {
  const clock = new ManualClock();
  const terminal = new FakeTerminal();
  terminal.clock = clock;
  admin.cutsStreams = true;
  const line = (seq: number) => ({ seq, atMs: NOW_MS, kind: 'change', author: '', revision: 0, detail: {} });
  admin.journal = [line(1), line(2)];
  const following = runAgainst(admin.url, { follow: true }, (call) => runEvents(call), terminal);
  const step = async (asked: number): Promise<void> => {
    await expect.poll(() => admin.asked.length).toBe(asked);
    await expect.poll(() => clock.pending).toBe(1);
  };
  await step(2);
  admin.journal.push(line(3));
  clock.advance(1000);
  await step(3);
  admin.scripted.set('GET /v1/events', problem(401, 'gone'));
  clock.advance(1000);
  const { code, stdout } = await following;
  expect(code).toBe(1);
  expect(stdout.split('\n')).toHaveLength(4);
});

test('explain asks the instance', async () => {
  const shares = [{ version: 'v1', weight: 1, share: 1, ready: true }];
  const explanation = {
    listener: 'web',
    method: 'GET',
    authority: 'a.test',
    path: '/x',
    outcome: 'pool',
    route: 'shop',
    pool: 'shop',
    version: 'v1',
  };
  admin.scripted.set('POST /v1/explain', {
    status: 200,
    body: { ...explanation, reason: 'weight', shares, mirrors: [], considered: [], omitted: 0, steps: ['Route shop fits.'] },
  });
  const question = { method: 'get', url: 'http://a.test/x', headers: ['A: 1', 'a: 2'], listener: undefined, client: undefined };
  const { stdout } = await runAgainst(admin.url, {}, (call) => runExplainLive(call, question));
  expect(stdout).toContain('route    shop\npool     shop\nversion  v1\n');
  expect(admin.asked[0]?.body).toEqual({ method: 'GET', url: 'http://a.test/x', headers: { a: '1, 2' } });
});
