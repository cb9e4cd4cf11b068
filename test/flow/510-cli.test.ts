// The admin client against the real process: what a person types, what they see, what then happens to requests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { programOf } from '../scaffold/program.ts';
import { ask, get } from './scaffold/client.ts';
import { runCommand, startCommand } from './scaffold/command.ts';
import type { Ended } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

async function startShop(top: object = {}): Promise<Sluice> {
  const [first, second] = [await startLoadUpstream(), await startLoadUpstream()];
  const endpoints = { v1: [first.address], v2: [second.address] };
  return startSluice(configFor({ endpoints, pool: { split: { v1: 100, v2: 0 } }, top }), { workers: 2 });
}

function sluiceCommand(sluice: Sluice, ...words: readonly string[]): Promise<Ended> {
  return runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
}

test('split, status, revisions and rollback', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const shown = await sluiceCommand(sluice, 'split', 'shop');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/^ {2}v1 +100 +100 % +ready$/m);

  const moved = await sluiceCommand(sluice, 'split', 'shop', 'v1=0', 'v2=100', '--reason', 'night shift', '--yes');
  expect(moved).toMatchObject({ code: 0, stderr: '' });
  expect(moved.stdout).toMatch(/^revision \d+, obeyed by 2 of 2 workers$/m);
  expect(moved.stdout).toMatch(/pools\.shop\.split\.v1 +100 -> 0/);
  expect(await served(sluice)).toBe('v2');

  expect((await sluiceCommand(sluice, 'revisions')).stdout).toMatch(/api .*night shift$/m);
  const back = await sluiceCommand(sluice, 'rollback', '--yes');
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(back.stdout).toMatch(/^restore of revision \d+; it undoes revision \d+, by anonymous .*: night shift$/m);
  expect(await served(sluice)).toBe('v1');
  expect((await sluiceCommand(sluice, 'status')).stdout).toMatch(/^shop {2}2 of 2 workers obey revision \d+$/m);
});

test('drain until nothing is left, and resume', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  await ask(sluice, get('/'));
  const drained = await sluiceCommand(sluice, 'drain', 'shop', 'v1', '--watch', '--yes');
  expect(drained).toMatchObject({ code: 0, stderr: '' });
  expect(drained.stdout).toMatch(/^shop\/v1: nothing is left$/m);
  expect((await sluiceCommand(sluice, 'status', 'shop')).stdout).toMatch(/^ {2}v1 .*draining/m);
  expect(await sluiceCommand(sluice, 'resume', 'shop', 'v1')).toMatchObject({ code: 0 });
  expect((await sluiceCommand(sluice, 'status', 'shop')).stdout).toMatch(/^ {2}v1 .*ready/m);
});

test('exit codes', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const codeOf = async (...words: string[]): Promise<number | null> => (await sluiceCommand(sluice, ...words)).code;
  expect(await codeOf('split', 'shop', 'v1=1', 'v2=0', '--dry-run')).toBe(0);
  expect(await codeOf('split', 'shop', 'v9=1')).toBe(1);
  expect(await codeOf('split', 'shp')).toBe(1);
  expect(await codeOf('split', 'shop', 'nonsense')).toBe(2);
  expect(await codeOf('split')).toBe(2);
  expect(await codeOf('splt')).toBe(2);
  expect(await codeOf('rollback')).toBe(2);
  expect(await codeOf('split', 'shop', 'v1=1', 'v2=0', '--if-revision', '999')).toBe(4);
  expect((await runCommand(['status', '--admin', 'unix:/nowhere/sluice.sock'])).code).toBe(3);
});

test('explain asks the running instance; events follow it', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const explained = await sluiceCommand(sluice, 'explain', 'GET', 'http://any.test/x');
  expect(explained).toMatchObject({ code: 0, stderr: '' });
  expect(explained.stdout).toMatch(/^version +v1$/m);

  const following = startCommand(['events', '--follow', '--json', '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
  await following.printed(/"seq":\d+/);
  const { stdout } = await sluiceCommand(sluice, 'split', 'shop', 'v1=0', 'v2=1', '--json', '--yes');
  const { revision } = JSON.parse(stdout) as { revision: number };
  await following.printed(new RegExp(`"revision":${revision}\\b`));
});

test('a token: none, a weak one, the right one', { timeout: 60_000 }, async () => {
  const tokens = [
    { name: 'eyes', role: 'viewer', env: 'TOKEN_EYES' },
    { name: 'hands', role: 'operator', env: 'TOKEN_HANDS' },
  ];
  const [eyes, hands] = ['e'.repeat(32), 'h'.repeat(32)];
  const upstream = await startLoadUpstream();
  const admin = { address: '127.0.0.1:0', auth: { tokens } };
  const sluice = await startSluice(configFor({ endpoints: { v1: [upstream.address] }, top: { admin } }), {
    env: { TOKEN_EYES: eyes, TOKEN_HANDS: hands },
  });
  const none = await sluiceCommand(sluice, 'status');
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('SLUICE_TOKEN') as string });
  expect((await sluiceCommand(sluice, 'status', '--token', eyes)).code).toBe(0);
  const weak = await sluiceCommand(sluice, 'drain', 'shop', 'v1', '--token', eyes);
  expect(weak).toMatchObject({ code: 1, stderr: expect.stringContaining('operator') as string });
  expect((await sluiceCommand(sluice, 'drain', 'shop', 'v1', '--token', hands, '--dry-run')).code).toBe(0);
});

test('tab completion in bash', { timeout: 60_000 }, async () => {
  const sluice = await startShop();
  const line = 'sluice drain shop ';
  const script = `source <("${process.execPath}" ${programOf()} completion bash)
    sluice() { "${process.execPath}" ${programOf()} "$@"; }
    COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(sluice)
    _sluice; printf '<%s>' "\${COMPREPLY[@]}"`;
  // On a busy machine 300 ms may be too short for the instance to respond: then there is nothing, and a person presses tab again.
  await eventually(
    'words',
    async () => {
      const env = { ...process.env, SLUICE_ADMIN: `http://127.0.0.1:${sluice.adminPort}` };
      const shell = spawn('bash', ['-c', script], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      shell.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      await once(shell, 'close');
      return printed === '<v1><v2>';
    },
    20_000,
  );
});

/** Which version gets the requests: the split sends all to one. */
async function served(sluice: Sluice): Promise<string> {
  const requests = (version: string): Promise<number> => sluice.metric('sluice_requests_total', { pool: 'shop', version });
  const before = [await requests('v1'), await requests('v2')] as const;
  await ask(sluice, get('/'));
  return eventually('a counted request', async () => {
    const [first, second] = [await requests('v1'), await requests('v2')];
    return first > before[0] ? 'v1' : second > before[1] ? 'v2' : undefined;
  });
}
