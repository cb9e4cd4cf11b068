// Markers, overrides, the whole config and pages of the journal: what is asked, what is shown, and the exit code.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runConfigApply, runConfigDiff, runConfigExport, runConfigShow } from '../../../src/cli/config.ts';
import { runEvents } from '../../../src/cli/events.ts';
import { runMark, runMarkers } from '../../../src/cli/mark.ts';
import { runOverrideClear, runOverrideList, runOverrideRemove, runOverrideSet } from '../../../src/cli/override.ts';
import { runRevisions } from '../../../src/cli/revisions.ts';
import { runStatus } from '../../../src/cli/status.ts';
import { FakeAdmin, NOW_MS, problem, runAgainst, shop } from './fake-admin.ts';

let admin: FakeAdmin;
let folder: string;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
  folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await admin.close();
});

const MARKER = { pool: 'shop', version: 'v2', deploy: 'd 1', sha: '9f1c2abffffffff', reason: 'step', author: 'ci', atMs: NOW_MS - 65_000 };

describe('mark', () => {
  const mark = (options: object = {}) =>
    runAgainst(admin.url, options, (call) => runMark({ ...call, options: { deploy: 'd 1', ...options } }, 'shop', 'v2'));
  const response = (body: object): void =>
    void admin.scripted.set('POST /v1/markers', { status: 200, body: { revision: 4, marker: MARKER, ...body } });

  test('says what it is now, was already, or would be', async () => {
    response({ changed: true, workers: { applied: 2, total: 2 } });
    expect(await mark({ sha: '9f1c2ab', reason: 'step', ifRevision: 4 })).toMatchObject({
      code: 0,
      stdout: 'shop/v2 is d 1 (9f1c2abfffff) from now on\n',
    });
    expect(admin.asked[0]).toMatchObject({
      ifMatch: '"4"',
      body: { pool: 'shop', version: 'v2', deploy: 'd 1', sha: '9f1c2ab', reason: 'step' },
    });
    response({ changed: false });
    expect((await mark()).stdout).toBe('nothing to change: shop/v2 is d 1 (9f1c2abfffff), as ci said 1 min ago\n');
    response({ changed: true, dryRun: true });
    expect((await mark({ dryRun: true })).stdout).toBe('would mark shop/v2 as d 1 (9f1c2abfffff); nothing was done\n');
    expect(admin.asked[2]?.url).toBe('/v1/markers?dryRun=true');
    expect(JSON.parse((await mark({ json: true })).stdout)).toMatchObject({ marker: MARKER });
  });

  test('says why not', async () => {
    const problems = [{ path: 'version', message: 'version: there is no version "v2" (did you mean "v1"? there are v1, v2)' }];
    admin.scripted.set('POST /v1/markers', problem(422, 'There is nothing of this name to mark; nothing has changed.', { problems }));
    expect(await mark()).toMatchObject({
      code: 1,
      stderr:
        'error: There is nothing of this name to mark; nothing has changed.\n  version: there is no version "v2" (did you mean "v1"? there are v1, v2)\n',
    });
  });
});

describe('markers', () => {
  const TABLE = /^POOL +VERSION +DEPLOY +SHA +WHEN +WHO +WHY +WHERE\nshop +v2 +d 1 +9f1c2abfffff +1 min ago +ci +step\n$/;

  test('the latest, or those of the past', async () => {
    const past = [MARKER, { ...MARKER, deploy: 'd\u001b[2J0' }];
    admin.scripted.set('GET /v1/markers', { status: 200, body: { revision: 4, markers: [MARKER], recent: past } });
    expect((await runAgainst(admin.url, {}, (call) => runMarkers(call, undefined, undefined))).stdout).toMatch(TABLE);
    const { stdout } = await runAgainst(admin.url, { last: 500 }, (call) => runMarkers(call, 'shop', 'v2'));
    expect(stdout).toContain('d\\u001b[2J0');
    expect(admin.asked.map(({ url }) => url)).toEqual(['/v1/markers', '/v1/markers?pool=shop&version=v2&limit=100']);
  });

  test('none: what makes one', async () => {
    admin.scripted.set('GET /v1/markers', { status: 200, body: { revision: 4, markers: [], recent: [] } });
    const { stdout } = await runAgainst(admin.url, {}, (call) => runMarkers(call, undefined, undefined));
    expect(stdout).toBe('No version is marked: sluice mark POOL VERSION --deploy ID does it.\n');
  });

  test('status says the deploy beside the version', async () => {
    const [first, second] = shop().versions;
    admin.pools = [{ ...shop(), versions: [{ ...first!, deploy: { deploy: 'd1', sha: undefined, atMs: 1 } }, second!] }];
    const { stdout } = await runAgainst(admin.url, {}, (call) => runStatus(call, 'shop'));
    expect(stdout).toMatch(/^ {2}v1 \(d1\) +90 +90 %/m);
    expect(stdout).toMatch(/^ {2}v2 +10 +10 %/m);
  });
});

describe('override', () => {
  const set = (options: object) => runAgainst(admin.url, options, (call) => runOverrideSet({ ...call, options }, 'shop', 'qa'));

  test.each([
    [{ header: 'x-qa=a=b' }, { header: { name: 'x-qa', value: 'a=b' } }],
    [{ cookie: 'stage' }, { cookie: { name: 'stage', value: { present: true } } }],
    [{ query: 'v=' }, { query: { name: 'v', value: '' } }],
  ])('set %j', async (options, body) => {
    const ended = await set({ version: 'v2', reason: 'qa', ...options });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^revision 5, obeyed by 2 of 2 workers\n/) as string });
    expect(admin.asked).toMatchObject([
      { method: 'PUT', url: '/v1/pools/shop/overrides/qa', body: { ...body, version: 'v2', reason: 'qa' } },
    ]);
  });

  test.each([
    [{ version: 'v2' }, /one of --header, --cookie and --query/],
    [{ version: 'v2', header: 'a=b', cookie: 'c=d' }, /one of --header, --cookie and --query/],
    [{ version: 'v2', header: '=b' }, /--header must be NAME=VALUE/],
    [{ header: 'a=b' }, /--version VERSION/],
  ])('set %j is wrong usage', async (options, said) => {
    expect(await set(options)).toMatchObject({ code: 2, stderr: expect.stringMatching(said) as string });
    expect(admin.asked).toEqual([]);
  });

  test('remove and clear give their reason with the path, and take a revision', async () => {
    const options = { reason: 'it & is ä', dryRun: true, ifRevision: 4 };
    await runAgainst(admin.url, options, (call) => runOverrideRemove({ ...call, options }, 'shop', 'qa'));
    await runAgainst(admin.url, {}, (call) => runOverrideClear(call, 'shop'));
    const [looked, removed, cleared] = admin.asked;
    // The API takes a name that is not there for done.
    expect(looked).toMatchObject({ method: 'GET', url: '/v1/pools/shop/overrides/qa' });
    expect(removed).toMatchObject({ method: 'DELETE', ifMatch: '"4"', body: undefined });
    expect(removed?.url).toBe('/v1/pools/shop/overrides/qa?dryRun=true&reason=it+%26+is+%C3%A4');
    expect(cleared).toMatchObject({ method: 'DELETE', url: '/v1/pools/shop/overrides' });
    const stale = await runAgainst(admin.url, {}, (call) => runOverrideClear({ ...call, options: { ifRevision: 3 } }, 'shop'));
    expect(stale.code).toBe(4);
    expect((await runAgainst(admin.url, {}, (call) => runOverrideClear(call, 'shp'))).stderr).toContain('(did you mean "shop"?)');
  });

  test('list says what goes where, and by whom', async () => {
    const status = { pool: 'shop', revision: 4, name: 'qa', version: 'v2', origin: 'api' };
    const show = async (match: object): Promise<string> => {
      admin.scripted.set('GET /v1/pools/shop/overrides/qa', { status: 200, body: { ...status, ...match } });
      return (await runAgainst(admin.url, {}, (call) => runOverrideList(call, undefined))).stdout;
    };
    expect(await show({ header: { name: 'x-qa', value: 'a b' } })).toBe(
      'POOL  NAME  REQUESTS WITH    GO TO  BY\nshop  qa    header x-qa=a b  v2     API\n',
    );
    expect(await show({ cookie: { name: 'c', value: { present: true } } })).toContain('cookie c (any value)');
    expect(await show({ query: { name: 'q', value: { regex: '^2' } } })).toContain('query q matches ^2');
    admin.pools = [{ ...shop(), overrides: [] }];
    expect((await runAgainst(admin.url, {}, (call) => runOverrideList(call, 'shop'))).stdout).toMatch(
      /^There is no override: sluice override set/,
    );
  });
});

describe('config', () => {
  test('show prints YAML, or JSON', async () => {
    admin.scripted.set('GET /v1/config', { status: 200, body: { listeners: [] } });
    const { stdout } = await runAgainst(admin.url, { json: true }, (call) => runConfigShow(call));
    expect(JSON.parse(stdout)).toEqual({ listeners: [] });
    expect((await runAgainst(admin.url, {}, (call) => runConfigShow(call))).stderr).toContain('is no YAML');
  });

  test('export writes a file, and not over another', async () => {
    admin.scripted.set('GET /v1/config', { status: 200, body: { listeners: [] } });
    const file = join(folder, 'out.json');
    const write = (options: object) => runAgainst(admin.url, options, (call) => runConfigExport({ ...call, options }, file));
    expect(await write({ json: true })).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ listeners: [] });
    writeFileSync(file, 'mine');
    expect(await write({ json: true })).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') as string });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await write({ json: true, force: true })).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toContain('listeners');
    const nowhere = await runAgainst(admin.url, {}, (call) =>
      runConfigExport({ ...call, options: { json: true } }, join(folder, 'no', 'x')),
    );
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') as string });
  });

  test('apply shows problems where they are', async () => {
    const file = join(folder, 'new.json');
    writeFileSync(file, '{"listeners": []}');
    const apply = (options: object = {}) => runAgainst(admin.url, options, (call) => runConfigApply({ ...call, options }, file));
    const problems = [
      { path: 'pools.shop', line: 3, column: 5, message: 'pools.shop: the required key "versions" is missing' },
      { path: '', message: 'something else' },
    ];
    admin.scripted.set('PUT /v1/config', problem(422, 'The rules of the config do not allow this; nothing has changed.', { problems }));
    expect(await apply()).toMatchObject({
      code: 1,
      stderr: `error: The rules of the config do not allow this; nothing has changed.\n  ${file}:3:5: pools.shop: the required key "versions" is missing\n  ${file}: something else\n`,
    });
    admin.scripted.set('PUT /v1/config', problem(412, 'stale', { revision: 9 }));
    expect(await apply({ ifRevision: 4 })).toMatchObject({ code: 4 });
    admin.scripted.set('PUT /v1/config', problem(403, 'This needs the role admin.'));
    expect(await apply()).toMatchObject({ code: 1, stderr: expect.stringContaining('role admin') as string });
    admin.scripted.delete('PUT /v1/config');
    expect((await apply({ dryRun: true, reason: 'new' })).stdout).toMatch(/^would change, over revision 4; nothing was done:\n/);
    expect(admin.asked.at(-1)).toMatchObject({ url: '/v1/config?dryRun=true&reason=new', body: { listeners: [] } });
  });

  test('apply of what is no file', async () => {
    const apply = (file: string) => runAgainst(admin.url, {}, (call) => runConfigApply(call, file));
    expect(await apply(join(folder, 'none'))).toMatchObject({ code: 2, stderr: expect.stringContaining('ENOENT') as string });
    expect(await apply(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('sluice check') as string });
    writeFileSync(join(folder, 'large'), Buffer.alloc(8 * 1024 * 1024 + 1, '#'));
    expect(await apply(join(folder, 'large'))).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 8 MiB') as string });
    expect(admin.asked).toEqual([]);
  });
});

describe('events, as far as they are on record', () => {
  const line = (seq: number, kind = 'revision') => ({ seq, atMs: NOW_MS, kind, author: '', revision: 0, detail: {} });
  const events = async (options: object): Promise<number[]> => {
    const ended = await runAgainst(admin.url, {}, (call) => runEvents({ ...call, options: { json: true, ...options } }));
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const lines = ended.stdout.split('\n').slice(0, -1);
    return lines.map((text) => (JSON.parse(text) as { seq: number }).seq);
  };

  test('since a number, a time, of a kind', async () => {
    admin.journal = Array.from({ length: 250 }, (_, index) => line(index + 1, index === 200 ? 'marker' : 'revision'));
    expect(await events({})).toHaveLength(20);
    expect(await events({ since: '240' })).toEqual([241, 242, 243, 244, 245, 246, 247, 248, 249, 250]);
    expect(await events({ since: '1' })).toHaveLength(249);
    expect(await events({ since: '1', last: 2 })).toEqual([249, 250]);
    expect(await events({ kind: 'marker' })).toEqual([201]);
    expect((await events({ last: 2000 })).length).toBe(250);
    admin.asked.length = 0;
    await events({ since: '10m' });
    expect(admin.asked.map(({ url }) => url)).toEqual([
      '/v1/journal?since=10m&limit=100',
      '/v1/journal?since=10m&after=100&limit=100',
      '/v1/journal?since=10m&after=200&limit=100',
    ]);
  });

  test('what is not on record any more is said', async () => {
    admin.journal = [line(7), line(8)];
    const { stdout } = await runAgainst(admin.url, {}, (call) => runEvents({ ...call, options: { since: '3' } }));
    expect(stdout).toMatch(/^\(not on record any more: \{"from":4,"to":6\}\)\n2026.*revision *\n/);
  });

  test('a since that is neither', async () => {
    const ended = await runAgainst(admin.url, {}, (call) => runEvents({ ...call, options: { since: 'yesterday' } }));
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--since 10m') as string });
    expect(admin.asked).toEqual([]);
  });
});

describe('config diff', () => {
  test('the file and what is served, side by side; nothing where they are the same', async () => {
    expect((await runAgainst(admin.url, {}, (call) => runConfigDiff(call))).stdout).toBe('What is served is what the file says.\n');
    admin.configDiff = { ...admin.configDiff, differences: [{ path: 'pools.shop.split.v1', before: '95', after: '90' }] };
    expect((await runAgainst(admin.url, {}, (call) => runConfigDiff(call))).stdout).toBe(
      'file -> served:\n  pools.shop.split.v1  95 -> 90\n',
    );
    admin.configDiff = { ...admin.configDiff, restart: ['workers'] };
    expect((await runAgainst(admin.url, {}, (call) => runConfigDiff(call))).stdout).toContain('\nneeds a restart: workers\n');
    admin.configDiff = { ...admin.configDiff, differences: [] };
    admin.configDiff = { ...admin.configDiff, file: { ...admin.configDiff.file, state: 'refused', problems: ['s.yaml:1:2: no'] } };
    const { stdout } = await runAgainst(admin.url, {}, (call) => runConfigDiff(call));
    expect(stdout).toContain(
      'The file is refused; this is against the one before:\n  s.yaml:1:2: no\nWhat is served is what that one says.\n',
    );
  });
});

test('revisions say that the file is refused', async () => {
  admin.configDiff = {
    ...admin.configDiff,
    file: { ...admin.configDiff.file, state: 'refused', sinceMs: NOW_MS - 120_000, problems: ['s.yaml:1:2: no'] },
  };
  const { stdout } = await runAgainst(admin.url, {}, (call) => runRevisions(call, undefined));
  expect(stdout).toMatch(/^The file is refused \(2 min ago\): s\.yaml:1:2: no\n\n/);
});
