// Overrides, the whole config, deploy markers and the journal from the command line, against the real process.

import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { programOf } from '../scaffold/program.ts';
import { call } from './scaffold/admin.ts';
import { ask, connectTo, get } from './scaffold/client.ts';
import { runCommand, startCommand, startProgram } from './scaffold/command.ts';
import type { Ended } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { makeFolder } from './scaffold/folder.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';
import { ok, startUpstream } from './scaffold/upstream.ts';

afterEach(closeAll);

const FILE_OVERRIDES = [
  { name: 'fixed', header: { name: 'x-fixed', value: '1' }, version: 'v2' },
  { name: 'moved', cookie: { name: 'moved', value: { present: true } }, version: 'v2' },
];

async function startShop(): Promise<Sluice> {
  const endpoints = { v1: [(await startLoadUpstream('v1')).address], v2: [(await startLoadUpstream('v2')).address] };
  return startSluice(configFor({ endpoints, pool: { split: { v1: 100 }, overrides: FILE_OVERRIDES } }), { workers: 2 });
}

function sluiceCommand(sluice: Sluice, ...words: readonly string[]): Promise<Ended> {
  return runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
}

/** What a command prints that succeeds. */
async function printed(sluice: Sluice, ...words: readonly string[]): Promise<string> {
  const ended = await sluiceCommand(sluice, ...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

async function served(sluice: Sluice, ...fields: string[]): Promise<string | undefined> {
  return (await ask(sluice, get('/', ...fields))).field('x-version');
}

async function origins(sluice: Sluice): Promise<Readonly<Record<string, string>>> {
  const { overrides } = (await call(sluice, 'GET', '/v1/pools/shop')).body;
  return Object.fromEntries(overrides.map(({ name, origin }) => [name, origin]));
}

test('overrides are set, listed, removed and cleared', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const words = ['override', 'set', 'shop', 'qa', '--header', 'x-qa=yes', '--version', 'v2'];
  expect(await printed(sluice, ...words, '--dry-run')).toMatch(/^would change, over revision 1; nothing was done:\n.*overrides\.qa/);
  expect(await served(sluice, 'x-qa: yes')).toBe('v1');
  expect(await printed(sluice, ...words, '--reason', 'testers')).toMatch(/^revision 2, obeyed by 2 of 2 workers\n/);
  expect([await served(sluice, 'x-qa: yes'), await served(sluice)]).toEqual(['v2', 'v1']);
  expect(await printed(sluice, ...words)).toBe('nothing to change: revision 2 is already so\n');
  await printed(sluice, 'override', 'set', 'shop', 'moved', '--cookie', 'moved', '--version', 'v1');
  expect(await printed(sluice, 'override', 'list', 'shop')).toBe(
    [
      'POOL  NAME   REQUESTS WITH             GO TO  BY',
      'shop  fixed  header x-fixed=1          v2     file',
      'shop  moved  cookie moved (any value)  v1     API',
      'shop  qa     header x-qa=yes           v2     API',
      '',
    ].join('\n'),
  );
  expect((await sluiceCommand(sluice, 'override', 'set', 'shop', 'qb', '--query', 'a=b', '--version', 'v9')).stderr).toMatch(
    /there is no version "v9"/,
  );
  expect((await sluiceCommand(sluice, 'override', 'remove', 'shop', 'qa', '--if-revision', '1')).code).toBe(4);
  expect(await printed(sluice, 'override', 'remove', 'shop', 'qa', '--reason', 'done')).toMatch(/removed\n$/);
  expect(await served(sluice, 'x-qa: yes')).toBe('v1');
  await printed(sluice, 'override', 'clear', 'shop');
  expect(await origins(sluice)).toEqual({ fixed: 'file', moved: 'file' });
  expect(await printed(sluice, 'revisions')).toMatch(/api .* done$/m);
});

test('the whole config: shown, exported, changed by hand, tried and applied', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const folder = makeFolder();
  const file = folder.file('now.yaml');
  const exported = await sluiceCommand(sluice, 'config', 'export', file);
  expect(exported).toMatchObject({ code: 0, stdout: '', stderr: `the config in force was written to ${file}\n` });
  const text = readFileSync(file, 'utf8');
  expect(await printed(sluice, 'config', 'show')).toBe(text);
  expect(JSON.parse(await printed(sluice, 'config', 'show', '--json'))).toHaveProperty('pools.shop.split');
  expect((await sluiceCommand(sluice, 'config', 'export', file)).code).toBe(1);
  expect(await printed(sluice, 'config', 'apply', file)).toBe('nothing to change: revision 1 is already so\n');

  const wrong = folder.write('wrong.yaml', text.replace('version: v2', 'version: v22').replace(/^admin:/m, 'admn: {}\nadmin:'));
  const refused = await sluiceCommand(sluice, 'config', 'apply', wrong);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^error: .*nothing has changed\.$/m);
  expect(refused.stderr).toMatch(/^ {2}\S+wrong\.yaml:\d+:\d+: .*"admn".*did you mean "admin"/m);

  const other = folder.write('other.yaml', text.replace("value: '1'", "value: '2'").replace('value: "1"', 'value: "2"'));
  expect(await printed(sluice, 'config', 'apply', other, '--dry-run')).toMatch(
    /^would change, over revision 1; nothing was done:\n.*overrides\.fixed/,
  );
  expect(await served(sluice, 'x-fixed: 2')).toBe('v1');
  expect(await printed(sluice, 'config', 'apply', other, '--reason', 'by hand', '--if-revision', '1')).toMatch(
    /^revision 2, obeyed by 2 of 2 workers\n/,
  );
  expect(await served(sluice, 'x-fixed: 2')).toBe('v2');
  expect(await printed(sluice, 'revisions')).toMatch(/api .* by hand$/m);

  const program = `"${process.execPath}" ${programOf()} config`;
  const admin = `--admin http://127.0.0.1:${sluice.adminPort}`;
  const piped = startProgram('bash', ['-c', `${program} show ${admin} | sed 's/v1: 100/v1: 99/' | ${program} apply - ${admin}`]);
  expect(await piped.ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/split\.v1 +100 -> 99\n/) as string });
});

test('an override is the file’s as long as it says what the file says, however the API came to it', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const whole = (await call(sluice, 'GET', '/v1/config')).body as unknown as { pools: { shop: { overrides: object[] } } };
  const put = async (change: (shop: { overrides: object[] } & Record<string, unknown>) => void): Promise<void> => {
    const document = structuredClone(whole);
    change(document.pools.shop as never);
    const { status, body } = await call(sluice, 'PUT', '/v1/config', document);
    expect([status, body.problems]).toEqual([200, undefined]);
  };
  const added = { name: 'added', query: { name: 'a', value: 'b' }, version: 'v2' };
  // A new order replaces the list as a whole.
  await put((shop) => void shop.overrides.unshift(added));
  expect(await origins(sluice)).toEqual({ added: 'api', fixed: 'file', moved: 'file' });
  await put((shop) => void (shop.overrides = [{ ...shop.overrides[1]!, version: 'v1' }, added, shop.overrides[0]!]));
  expect(await origins(sluice)).toEqual({ moved: 'api', added: 'api', fixed: 'file' });
  await put(() => undefined);
  expect(await origins(sluice)).toEqual({ fixed: 'file', moved: 'file' });
});

test('marks, and what status and events say of them', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const words = ['mark', 'shop', 'v2', '--deploy', '2026-11-21.3', '--sha', '9F1C2AB'];
  expect(await printed(sluice, ...words, '--dry-run')).toMatch(/^would mark shop\/v2 as 2026-11-21\.3/);
  expect(await printed(sluice, ...words, '--reason', 'nightly')).toBe('shop/v2 is 2026-11-21.3 (9f1c2ab) from now on\n');
  expect(await printed(sluice, ...words)).toMatch(/^nothing to change: shop\/v2 is 2026-11-21\.3 \(9f1c2ab\), as anonymous said /);
  expect((await sluiceCommand(sluice, 'mark', 'shop', 'v22', '--deploy', 'x')).stderr).toMatch(
    /there is no version "v22" \(did you mean "v2"\? there are v1, v2\)/,
  );
  expect((await sluiceCommand(sluice, 'mark', 'shop', 'v2', '--deploy', 'x', '--sha', 'master')).code).toBe(1);
  expect(await printed(sluice, 'markers', 'shop')).toMatch(/^shop +v2 +2026-11-21\.3 +9f1c2ab +\S.* anonymous +nightly$/m);
  expect(await printed(sluice, 'status')).toMatch(/^ {2}v2 \(2026-11-21\.3\) +0 /m);

  await printed(sluice, 'split', 'shop', 'v1=90', 'v2=10');
  expect(await printed(sluice, 'events')).toMatch(/ revision .*\n.* marker .*deploy=2026-11-21\.3 .*\n.* revision .*\n$/);
  expect(await printed(sluice, 'events', '--kind', 'marker', '-n', '5')).toMatch(/^[^\n]* marker [^\n]*\n$/);
  expect(await printed(sluice, 'events', '--since', '2')).toMatch(/^[^\n]* revision [^\n]*\n$/);
  expect((await printed(sluice, 'events', '--since', '1h', '--json')).trimEnd().split('\n')).toHaveLength(3);
  const following = startCommand(['events', '--follow', '--kind', 'marker', '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
  await following.printed(/deploy=2026-11-21\.3/);
  await printed(sluice, 'split', 'shop', 'v1=80', 'v2=20');
  await printed(sluice, 'mark', 'shop', 'v1', '--deploy', 'other');
  await following.printed(/deploy=other/);
  expect(following.stdout.trimEnd().split('\n')).toEqual([1, 2].map(() => expect.stringMatching(/^\S+ \S+ {2}marker /) as string));
});

test('drain --watch tells what is left of what there was, and how long that may take', { timeout: 60_000 }, async () => {
  const releases: (() => void)[] = [];
  const upstream = await startUpstream(async (wire) => {
    const request = await wire.readMessage();
    if (request.line.includes('/held')) await new Promise<void>((resolve) => releases.push(resolve));
    await wire.write(ok('done'));
  });
  const sluice = await startSluice(configFor({ endpoints: { v1: [upstream.address] }, pool: { drain: { timeout: '60s' } } }));
  const wires = await Promise.all(Array.from({ length: 4 }, () => connectTo(sluice)));
  for (const wire of wires) await wire.write(get('/held'));
  await eventually('all held', () => releases.length === 4);
  const watching = startCommand(['drain', 'shop', 'v1', '--watch', '--yes', '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
  await watching.printed(/^shop\/v1: 4 requests and 4 connections left$/m);
  releases.pop()!();
  await watching.printed(/^shop\/v1: 3 of 4 requests and 3 connections left, about \d+ s more$/m);
  for (const release of releases) release();
  await watching.printed(/^shop\/v1: nothing is left$/m);
  expect((await watching.ended).code).toBe(0);
});
