// Mirrors on the command line: what is asked of the API, what is shown, and the exit code.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addAdminCommands } from '../../../src/cli/admin-commands.ts';
import { FakeAdmin, FakeTerminal, NOW_MS, problem, shop } from './fake-admin.ts';
import { makeReport } from './make-report.ts';

let admin: FakeAdmin;
let folder: string;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
  folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  admin.pools = [
    { ...shop(), mirrors: [DARK, NEXT] },
    { ...shop(), name: 'engine' },
  ];
  admin.scripted.set('GET /v1/pools/shop/mirrors/dark', { status: 200, body: { ...DARK, pool: 'shop', revision: 4, mirror: WRITTEN } });
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await admin.close();
});

const DARK = { name: 'dark', to: { pool: 'shop', version: 'v2' }, percent: 10, origin: 'api' } as const;
const NEXT = { name: 'next', to: { pool: 'engine', version: undefined }, percent: 100 / 3, origin: 'file' } as const;
const WRITTEN = {
  name: 'dark',
  version: 'v2',
  percent: 10,
  sample: 'session',
  match: { methods: [], paths: [], headers: { 'x-internal': { present: true } } },
  sideEffects: 'forbid',
  limits: { requests: 8 },
  compare: { ignore: ['$.id'] },
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As typed, through the options that the command line knows. */
async function type(...words: readonly string[]): Promise<Ended> {
  const terminal = new FakeTerminal();
  let code = -1;
  const program = new Command('sluice').exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  const env = { SLUICE_ADMIN: admin.url };
  addAdminCommands(program, { terminal, env, finish: (end) => void (code = end) });
  await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'exitCode' in error)) throw error;
    code = error.exitCode === 0 ? 0 : 2;
  });
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}

const set = (...words: readonly string[]): Promise<Ended> => type('mirror', 'set', 'shop', 'dark', ...words);

/** Of the last write. */
function sent() {
  return admin.asked.findLast(({ method }) => method !== 'GET');
}

describe('list', () => {
  test('what each copies, where to, and whether file or API says so', async () => {
    const match = { methods: ['GET', 'HEAD'], paths: [{ prefix: '/search' }, { exact: '/a\u001b' }], headers: { 'x-a': '1' } };
    const mirror = { fraction: '1/3', sample: 'request', match, sideEffects: 'allow' };
    admin.scripted.set('GET /v1/pools/shop/mirrors/next', { status: 200, body: { ...NEXT, pool: 'shop', revision: 4, mirror } });
    const { code, stdout } = await type('mirror', 'list', 'shop');
    expect(code).toBe(0);
    expect(stdout).toBe(
      `POOL  NAME  TO                   COPIES  SAMPLE   SIDE EFFECTS  COMPARES  BY    ONLY
shop  dark  v2                   10 %    session  none          yes       API   x-internal
shop  next  engine as it splits  1/3     request  allowed       no        file  GET, HEAD /search…, /a\\u001b x-a
`,
    );
    expect(JSON.parse((await type('mirror', 'list', '--json')).stdout)).toMatchObject(
      [{ name: 'dark', mirror: WRITTEN }, { name: 'next' }, {}, {}].slice(0, 2),
    );
  });

  test('none: what makes one', async () => {
    admin.pools = [shop()];
    expect((await type('mirror', 'list')).stdout).toMatch(/^There is no mirror: sluice mirror set/);
    expect(await type('mirror', 'list', 'shops')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('pools: shop (did you mean "shop"?)') as string,
    });
  });
});

describe('set', () => {
  test('a new one from flags alone', async () => {
    const words = '--to v2 --percent 12.5% --sample request --method get --method PUT --path /a --path /b/ --header x-a=1=2 --header x-b';
    const { code, stdout } = await set(...words.split(' '), '--side-effects', '--compare', '--reason', 'try', '--if-revision', '4');
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'revision 5, obeyed by 2 of 2 workers']);
    expect(sent()).toMatchObject({ method: 'PUT', url: '/v1/pools/shop/mirrors/dark', ifMatch: '"4"' });
    expect(sent()?.body).toEqual({
      version: 'v2',
      percent: 12.5,
      sample: 'request',
      match: { methods: ['GET', 'PUT'], paths: [{ prefix: '/a' }, { prefix: '/b/' }], headers: { 'x-a': '1=2', 'x-b': { present: true } } },
      sideEffects: 'allow',
      compare: {},
      reason: 'try',
    });
  });

  test.each([
    ['v2', { version: 'v2' }],
    ['engine', { pool: 'engine' }],
    ['engine/v1', { pool: 'engine', version: 'v1' }],
    ['engine/', { pool: 'engine' }],
    ['shop/v2', { version: 'v2' }],
  ])('--to %s', async (to, body) => {
    expect(await set('--to', to)).toMatchObject({ code: 0 });
    expect(sent()).toMatchObject({ body, ifMatch: undefined });
    expect(Object.keys(sent()?.body ?? {})).toEqual(Object.keys(body));
  });

  test('a target that is not there, or means two things', async () => {
    expect(await set('--to', 'v9')).toMatchObject({
      code: 1,
      stderr: 'error: there is no version of shop and no pool with the name v9\n  versions of shop: v1, v2\n  other pools: engine\n',
    });
    expect(await set('--to', '/v2')).toMatchObject({ code: 2 });
    admin.pools = [shop(), { ...shop(), name: 'v2' }];
    expect(await set('--to', 'v2')).toMatchObject({
      code: 2,
      stderr: 'error: v2 is a version of shop and a pool\n  Write --to shop/v2, or --to v2/ for the pool.\n',
    });
    expect(sent()).toBeUndefined();
  });

  test('without --to the one that is there changes, and no change is lost', async () => {
    expect(await set('--percent', '50', '--method', 'GET', '--compare')).toMatchObject({ code: 0 });
    const { name: _, ...rest } = WRITTEN;
    expect(sent()?.body).toEqual({ ...rest, percent: 50, match: { ...WRITTEN.match, methods: ['GET'] } });
    expect(sent()?.ifMatch).toBe('"4"');
    await set('--fraction', '1/3', '--dry-run', '--if-revision', '3');
    expect(sent()).toMatchObject({ url: '/v1/pools/shop/mirrors/dark?dryRun=true', ifMatch: '"3"', body: { fraction: '1/3' } });
    expect(sent()?.body).not.toHaveProperty('percent');
  });

  test('nothing is said, or one that is not there is to change', async () => {
    expect(await set('--reason', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--to VERSION for a new one') as string });
    admin.scripted.set('GET /v1/pools/shop/mirrors/dusk', problem(404, 'Pool shop has no mirror dusk.'));
    expect(await type('mirror', 'set', 'shop', 'dusk', '--percent', '1')).toMatchObject({
      code: 1,
      stderr: 'error: Pool shop has no mirror dusk.\n  mirrors of shop: dark, next\n',
    });
  });

  test('from a file, flags on top', async () => {
    const file = join(folder, 'dark.yaml');
    writeFileSync(
      file,
      'name: dark\nversion: v1\nfraction: 1/3\nmatch: { methods: [GET], paths: [{ prefix: /a }] }\nlimits: { lag: 8MiB }\n',
    );
    await set('--from', file);
    const match = { methods: ['GET'], paths: [{ prefix: '/a' }] };
    expect(sent()).toMatchObject({ ifMatch: undefined });
    expect(sent()?.body).toEqual({ version: 'v1', fraction: '1/3', match, limits: { lag: '8MiB' } });
    await set('--from', file, '--to', 'engine', '--percent', '5', '--path', '/b', '--compare');
    const changed = { ...match, paths: [{ prefix: '/b' }] };
    expect(sent()?.body).toEqual({ pool: 'engine', percent: 5, match: changed, limits: { lag: '8MiB' }, compare: {} });
    writeFileSync(file, '{"version": "v2", "compare": {"ignore": ["$.id"]}}');
    await set('--from', file, '--compare');
    expect(sent()?.body).toEqual({ version: 'v2', compare: { ignore: ['$.id'] } });
  });

  test.each([
    ['a: [', /^error: .*dark\.yaml holds no mirror\n {2}.*dark\.yaml:1:\d+: not valid YAML/],
    ['', /dark\.yaml:1:1: the file is empty: it needs at least version\n$/],
    ['- a', /must be a map with keys such as version, percent and match/],
    ['name: other\nversion: v2', /names the mirror "other", not "dark"\n/],
    ['x'.repeat(1024 * 1024 + 1), /has more than 1 MiB/],
    [undefined, /^error: cannot read .*dark\.yaml: ENOENT\n$/],
  ])('a file that is none: %#', async (text, message) => {
    const file = join(folder, 'dark.yaml');
    if (text !== undefined) writeFileSync(file, text);
    expect(await set('--from', file)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) as string });
    expect(sent()).toBeUndefined();
  });

  test.each([
    ['--percent', '101'],
    ['--percent', '-1'],
    ['--percent', 'x'],
    ['--sample', 'user'],
    ['--to', 'v2', '--percent', '5', '--fraction', '1/3'],
    ['--to', 'v2', '--header', '=x'],
  ])('wrong usage: %s %s %s', async (...words) => {
    expect(await set(...words)).toMatchObject({ code: 2 });
    expect(sent()).toBeUndefined();
  });

  test('what the API refuses, with its places', async () => {
    const problems = [{ path: 'fraction', message: 'fraction must look like 1/3, and be at most a whole' }];
    admin.scripted.set('PUT /v1/pools/shop/mirrors/dark', problem(422, 'The mirror is not valid; nothing has changed.', { problems }));
    expect(await set('--to', 'v2', '--fraction', '4/3')).toMatchObject({
      code: 1,
      stderr: 'error: The mirror is not valid; nothing has changed.\n  fraction: fraction must look like 1/3, and be at most a whole\n',
    });
  });

  test('--help says what is kept', async () => {
    const { code, stdout } = await type('mirror', 'set', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Without either, only what the options say changes in the existing mirror');
  });
});

test('remove and clear', async () => {
  expect(await type('mirror', 'remove', 'shop', 'dark', '--reason', 'done with it')).toMatchObject({ code: 0 });
  expect(sent()).toMatchObject({ method: 'DELETE', url: '/v1/pools/shop/mirrors/dark?reason=done+with+it' });
  expect(await type('mirror', 'clear', 'shop', '--dry-run')).toMatchObject({ code: 0 });
  expect(sent()).toMatchObject({ method: 'DELETE', url: '/v1/pools/shop/mirrors?dryRun=true' });
});

test('report: its verdict is the exit code, its help says which', async () => {
  admin.scripted.set('GET /v1/pools/shop/mirrors/dark/report', { status: 200, body: makeReport({}, 'inconclusive', 'too few') });
  expect(await type('mirror', 'report', 'shop', 'dark', '--fields', '3')).toMatchObject({ code: 6, stderr: '' });
  expect((await type('mirror', 'report', '--help')).stdout).toContain(
    '0 pass, 5 fail, 6 inconclusive (not enough evidence yet), 7 no data',
  );
});

describe('missed', () => {
  const write = (seq: number, more: object = {}) => ({
    seq,
    atMs: NOW_MS,
    method: 'POST',
    authority: 'shop.example.com',
    target: `/orders/${seq}?token=***`,
    id: `id-${seq}`,
    version: 'v1',
    primaryStatus: 201,
    reason: 'refused',
    status: 500,
    ...more,
  });
  const response = (body: object): void =>
    void admin.scripted.set('GET /v1/pools/shop/mirrors/dark/missed', { status: 200, body: { pool: 'shop', mirror: 'dark', ...body } });
  const missed = (...words: readonly string[]): Promise<Ended> => type('mirror', 'missed', 'shop', 'dark', ...words);

  test('a table, what is gone, and how to go on', async () => {
    const late = write(4, {
      reason: 'response_timeout',
      status: undefined,
      primaryStatus: undefined,
      target: `/${'a'.repeat(200)}\u001b/end`,
    });
    response({ total: 9, writes: [write(3), late], next: 4 });
    const { code, stdout, stderr } = await missed('--limit', '2');
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^SEQ {2}TIME +WRITE +PRIMARY +SHADOW +ID$/) as string,
      expect.stringMatching(
        /^ {2}3 {2}2026-01-31 03:00:00 +POST shop\.example\.com\/orders\/3\?token=\*\*\* +201 +refused 500 +id-3$/,
      ) as string,
    ]);
    expect(stdout).toMatch(/\n {2}4 .*….* - +response_timeout +id-4\n$/);
    expect(stdout).not.toContain('\u001b');
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stderr).toBe('2 after 0 are no longer on the list\nthere are more: --after 4, or --all\n');
    expect(admin.asked.at(-1)?.url).toBe('/v1/pools/shop/mirrors/dark/missed?after=0&limit=2');
  });

  test('--json is a line per write, and --all every page', async () => {
    const pages = [
      { total: 3, writes: [write(1), write(2)], next: 2 },
      { total: 3, writes: [write(3)], next: undefined },
    ];
    response(pages[0]!);
    admin.onAsk = () => response(pages[1]!);
    const { stdout, stderr } = await missed('--all', '--json');
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([write(1), write(2), write(3)]);
    expect(stderr).toBe('');
    expect(admin.asked.map(({ url }) => url.split('?')[1])).toEqual(['after=0', 'after=2']);
  });

  test('pages that do not go on end', async () => {
    response({ total: 3, writes: [write(2)], next: 2 });
    expect((await missed('--all', '--after', '2')).code).toBe(0);
    expect(admin.asked).toHaveLength(1);
  });

  test('none', async () => {
    response({ total: 0, writes: [] });
    expect((await missed()).stdout).toBe('The shadow is missing no write that is known of.\n');
    response({ total: 2, writes: [] });
    expect(await missed('--after', '2')).toMatchObject({ stdout: '', stderr: '' });
    expect((await missed('--after', '7')).stderr).toBe('only 2 are known to be missed: the numbers began anew\n');
    expect((await missed('--after', 'x')).code).toBe(2);
  });

  test('no such mirror', async () => {
    admin.scripted.set('GET /v1/pools/shop/mirrors/dark/missed', problem(404, 'Pool shop has no mirror dark.'));
    admin.pools = [shop()];
    expect(await missed()).toMatchObject({ code: 1, stderr: 'error: Pool shop has no mirror dark.\n  mirrors of shop: none\n' });
  });
});
