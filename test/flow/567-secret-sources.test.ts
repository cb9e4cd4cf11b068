// Header values that are read from the environment and from files: they reach those who are to have them, and no exit of the process.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { call } from './scaffold/admin.ts';
import { ask, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, responding, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const TOKENS = { admin: 'a-token-of-an-admin-that-is-long-enough', operator: 'a-token-of-an-operator-that-is-long-enough' };
/** In every value, and nowhere else. */
const MARK = 'Zq7';

type Call = (method: string, path: string, body?: object) => ReturnType<typeof call>;

const as =
  (sluice: Sluice, role: keyof typeof TOKENS): Call =>
  (method, path, body) =>
    call(sluice, method, path, body, { authorization: `Bearer ${TOKENS[role]}` });

function makeFolder() {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  /** By rename, as those do who exchange secrets. */
  const write = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  };
  return { dir, write };
}

async function start() {
  const { dir, write } = makeFolder();
  const [first, second] = [write('first', `one-${MARK}\n`), write('second', `two-${MARK}`)];
  const seen: Record<string, string | undefined>[] = [];
  const upstream = await startUpstream(
    responding((request) => {
      const fields = ['authorization', 'x-plain', 'x-probe', 'x-shadow', 'x-smoke'].map((name) => [name, request.field(name)] as const);
      seen.push(Object.fromEntries(fields.filter(([, value]) => value !== undefined)));
      return ok('');
    }),
  );
  const base = configFor({
    endpoints: { v1: [upstream.address], v2: [upstream.address] },
    pool: {
      split: { v1: 1 },
      health: { path: '/', interval: '200ms', headers: { 'x-probe': { file: first } } },
      mirrors: [{ name: 'dark', version: 'v2', percent: 100, requestHeaders: { set: { 'x-shadow': { env: 'SHARED' } } } }],
    },
    route: {
      requestHeaders: { set: { Authorization: { env: 'SHARED' } }, add: { 'x-plain': { file: first } } },
      responseHeaders: { set: { 'x-back': { file: second } } },
    },
  }) as { readonly routes: readonly object[] };
  const fixed = {
    ...{ name: 'fixed', hosts: ['fixed.test'] },
    respond: { status: 200, headers: { 'x-token': { env: 'SHARED' }, 'x-api-key': `in-clear-${MARK}` } },
  };
  const config = {
    ...base,
    routes: [...base.routes, fixed],
    rollouts: { sure: { steps: [{ smoke: [{ path: '/', headers: { 'x-smoke': { env: 'SHARED' } } }] }, { weight: '100%' }] } },
    admin: {
      address: '127.0.0.1:0',
      files: [dir],
      auth: { tokens: Object.keys(TOKENS).map((role) => ({ name: role, role, env: `TOKEN_${role.toUpperCase()}` })) },
    },
    state: { dir: './state' },
  };
  const env = { SHARED: `three-${MARK}`, OTHER: `four-${MARK}`, TOKEN_ADMIN: TOKENS.admin, TOKEN_OPERATOR: TOKENS.operator };
  const sluice = await startSluice(config, { env });
  return { sluice, config, seen, write, first, second, admin: as(sluice, 'admin'), operator: as(sluice, 'operator') };
}

/** All that the process says, keeps or shows, by where. */
async function exitsOf(sluice: Sluice, admin: Call): Promise<Readonly<Record<string, string>>> {
  const { revisions } = (await admin('GET', '/v1/revisions')).body;
  const paths = ['config', 'config/diff', 'pools', 'overview', 'revisions', 'journal', 'exchanges', 'rollouts', 'pools/shop/mirrors/dark'];
  paths.push(...revisions.map(({ revision }) => `revisions/${revision}`));
  const command = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`, '--token', TOKENS.admin]);
    return stdout + stderr;
  };
  const [status, show, ...told] = await Promise.all([
    command('status'),
    command('config', 'show'),
    ...paths.map(async (path) => [path, JSON.stringify((await admin('GET', `/v1/${path}`)).body)] as const),
  ]);
  const kept = readdirSync(join(sluice.dir, 'state'), { withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ name }) => [`state/${name}`, readFileSync(join(sluice.dir, 'state', name), 'latin1')]);
  return {
    ...(Object.fromEntries([...told, ...kept]) as Record<string, string>),
    log: sluice.logs.map(({ text }) => text).join('\n'),
    status,
    show,
  };
}

test('secrets come from variables and files, are exchanged while requests are served, and are shown nowhere', async () => {
  const { sluice, config, seen, write, first, admin, operator } = await start();
  const served = async (): Promise<Record<string, string | undefined>> => {
    seen.length = 0;
    await ask(sluice, get('/'));
    return eventually('the request', () => seen.find((each) => each['authorization'] !== undefined && each['x-shadow'] === undefined));
  };
  expect(await served()).toEqual({ authorization: `three-${MARK}`, 'x-plain': `one-${MARK}` });
  await eventually('the probe', () => seen.some((each) => each['x-probe'] === `one-${MARK}`));
  await eventually('the copy', () => seen.some((each) => each['x-shadow'] === `three-${MARK}`));
  expect((await ask(sluice, get('/'))).field('x-back')).toBe(`two-${MARK}`);
  const fixed = await ask(sluice, 'GET / HTTP/1.1\r\nhost: fixed.test\r\n\r\n');
  expect([fixed.field('x-token'), fixed.field('x-api-key')]).toEqual([`three-${MARK}`, `in-clear-${MARK}`]);
  expect((await admin('POST', '/v1/rollouts', { pool: 'shop', to: 'v2', template: 'sure' })).status).toBe(201);
  await eventually('the smoke request', () => seen.some((each) => each['x-smoke'] === `three-${MARK}`));

  // A file is exchanged: no revision, no failed request, a line in the journal.
  const { revision } = (await admin('GET', '/v1/pools')).body;
  write('first', `five-${MARK}\r\n`);
  await eventually('the new value', async () => (await served())['x-plain'] === `five-${MARK}`);
  await eventually('the new probe', () => seen.some((each) => each['x-probe'] === `five-${MARK}`));
  // A bad one leaves the value that was good, and is told.
  sluice.expectLog(/a secret cannot be read: its last value is used on/);
  write('first', `two\nlines-${MARK}`);
  const overview = async (): Promise<string> => JSON.stringify((await admin('GET', '/v1/overview')).body);
  await eventually('the finding', async () => (await overview()).includes('holds no header value'));
  expect(await sluice.metric('sluice_secrets_unreadable', {})).toBe(1);
  expect((await served())['x-plain']).toBe(`five-${MARK}`);
  // Nor does it stand in the way of a change of traffic.
  expect((await operator('PUT', '/v1/pools/shop/overrides/qa', { header: { name: 'x-qa', value: '1' }, version: 'v2' })).status).toBe(200);
  write('first', `six-${MARK}`);
  await eventually('the value after', async () => (await served())['x-plain'] === `six-${MARK}`);
  expect(await sluice.metric('sluice_secrets_unreadable', {})).toBe(0);
  expect(await overview()).not.toContain('"code":"secret"');
  const auth = { authorization: `Bearer ${TOKENS.admin}` };
  const lines = (await call(sluice, 'GET', '/v1/journal', undefined, auth)).body as unknown as {
    lines: { kind: string; detail: object }[];
  };
  expect(lines.lines.filter(({ kind }) => kind.startsWith('secret-')).map(({ kind }) => kind)).toEqual([
    'secret-read',
    'secret-refused',
    'secret-read',
  ]);
  expect(revision).toBeLessThanOrEqual((await admin('GET', '/v1/pools')).body.revision);

  // A file of the config that names what is not there is refused, at its place.
  sluice.expectLog(/config rejected|config problem/);
  sluice.writeConfig({ ...config, rollouts: { sure: { steps: [{ smoke: [{ path: '/', headers: { 'x-smoke': { env: 'GONE' } } }] }] } } });
  await eventually('the refusal', async () => (await overview()).includes('the environment variable GONE is not set'));
  sluice.writeConfig(config);
  await eventually('the file is taken', async () => !(await overview()).includes('file-refused'));
  expect(first).toContain('first');
  for (const [name, text] of Object.entries(await exitsOf(sluice, admin))) {
    // What stands in the config in clear is kept in the state, which is private.
    const strange = text.replaceAll(name.startsWith('state/') ? `in-clear-${MARK}` : '\0', '').match(/.{0,60}Zq7/)?.[0];
    expect([name, strange]).toEqual([name, undefined]);
  }
});

test('the API names only variables and files that the config file names, or files below a folder that it opens', async () => {
  const { sluice, write, second, admin, operator } = await start();
  const config = (await admin('GET', '/v1/config')).body as unknown as { readonly routes: readonly { readonly requestHeaders: object }[] };
  expect(JSON.stringify(config)).toContain('"Authorization":{"env":"SHARED"}');
  const put = (value: unknown, name = 'x-other', by = admin): ReturnType<Call> => {
    const [turn, ...rest] = config.routes;
    const routes = [{ ...turn, requestHeaders: { set: { [name]: value } } }, ...rest];
    return by('PUT', '/v1/config', { ...config, routes });
  };
  const { dir } = sluice;
  for (const value of [{ env: 'OTHER' }, { file: '/etc/passwd' }, { file: join(dir, 'sluice.yaml') }])
    for (const name of ['x-other', 'set', 'headers'])
      expect((await put(value, name)).body.detail).toMatch(
        /requestHeaders\.set\.[\w-]+\.(env|file): only the config file may, not the API/,
      );
  expect((await put({ env: 'SHARED' }, 'x-other', operator)).status).toBe(403);
  const missing = await put({ file: join(second, '..', 'third') });
  expect([missing.status, missing.body.problems]).toEqual([
    422,
    [{ path: 'routes.turn.requestHeaders.set.x-other.file', message: expect.stringMatching(/third is not there$/) as string }],
  ]);
  expect((await put({ env: 'SHARED', file: second })).body.problems[0]?.message).toContain('exactly one of env or file, got env and file');
  expect((await put({ env: 'A B' })).body.problems[0]?.message).toContain('env must be the name of an environment variable');

  const served = async (): Promise<string | undefined> => (await ask(sluice, get('/'))).field('x-back');
  expect((await put({ env: 'SHARED' })).status).toBe(200);
  const kept = (await admin('GET', '/v1/pools')).body.revision;
  write('third', `seven-${MARK}`);
  expect((await put({ file: join(second, '..', 'third') })).status).toBe(200);
  // A restore reads again what it names.
  write('second', `eight-${MARK}`);
  await eventually('the other value', async () => (await served()) === `eight-${MARK}`);
  const back = await admin('POST', `/v1/revisions/${kept}/restore`, {});
  expect([back.status, back.body.differences.map(({ path, after }) => [path.split('.').at(-1), after])]).toEqual([
    200,
    [
      ['file', undefined],
      ['env', 'SHARED'],
    ],
  ]);
  expect(await served()).toBe(`eight-${MARK}`);
});

test('sluice check says at its place what cannot be read; a start refuses it', async () => {
  const { dir, write } = makeFolder();
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  write('large', 'x'.repeat(8193));
  write('lines', 'a\nb\n');
  write('empty', '\n');
  const file = write(
    'sluice.yaml',
    `listeners: [{ name: web, address: 127.0.0.1:0 }]
pools: { shop: { versions: { v1: { endpoints: [127.0.0.1:9001] } } } }
routes:
  - name: shop
    pool: shop
    requestHeaders:
      set:
        a: { env: SLUICE_TEST_GONE }
        b: { file: pipe }
        c: { file: large }
        d: { file: lines }
        e: { file: empty }
        f: { file: none }
        g: { file: / }
`,
  );
  const at = (line: number, name: string, kind: string, message: string): string =>
    `${file}:${line}:${kind === 'env' ? 19 : 20}: routes[0].requestHeaders.set.${name}.${kind}: ${message}`;
  const [checked, ran] = await Promise.all([runCommand(['check', file]), runCommand(['run', '--config', file])]);
  const { code, stdout, stderr } = checked;
  expect(code).toBe(1);
  const told = (stdout + stderr).split('\n');
  for (const line of [
    at(8, 'a', 'env', 'the environment variable SLUICE_TEST_GONE is not set: set it where Sluice is started'),
    at(9, 'b', 'file', `the file ${dir}/pipe is no regular file`),
    at(10, 'c', 'file', `the file ${dir}/large is larger than 8192 bytes`),
    at(
      11,
      'd',
      'file',
      `the file ${dir}/lines holds no header value: it must be one line of printable ASCII text, without a blank at either end`,
    ),
    at(12, 'e', 'file', `the file ${dir}/empty is empty`),
    at(13, 'f', 'file', `the file ${dir}/none is not there`),
    at(14, 'g', 'file', 'the file / is no regular file'),
  ])
    expect(told).toContain(line);
  expect(ran).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${dir}/none is not there`) as string,
  });
});
