// Mirrors from the command line, and which of them `explain` says would copy a request, against the real process.

import { afterEach, expect, test } from 'vitest';
import { ask, get } from './scaffold/client.ts';
import { runCommand } from './scaffold/command.ts';
import type { Ended } from './scaffold/command.ts';
import { eventually } from './scaffold/eventually.ts';
import { startLoadUpstream } from './scaffold/load-upstream.ts';
import { closeAll } from './scaffold/open.ts';
import { configFor, startSluice } from './scaffold/sluice.ts';
import type { Sluice } from './scaffold/sluice.ts';

afterEach(closeAll);

const FILE_MIRRORS = [{ name: 'dark', version: 'v2', percent: 0, match: { headers: { 'x-internal': { present: true } } } }];

function sluiceCommand(sluice: Sluice, ...words: readonly string[]): Promise<Ended> {
  return runCommand([...words, '--admin', `http://127.0.0.1:${sluice.adminPort}`]);
}

/** What a command prints that succeeds. */
async function printed(sluice: Sluice, ...words: readonly string[]): Promise<string> {
  const ended = await sluiceCommand(sluice, ...words);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout;
}

test('mirrors are set, changed, listed, explained, obeyed and cleared', { timeout: 60_000 }, async () => {
  const [primary, shadow] = [await startLoadUpstream('v1'), await startLoadUpstream('v2')];
  const endpoints = { v1: [primary.address], v2: [shadow.address] };
  const sluice = await startSluice(configFor({ endpoints, pool: { split: { v1: 100 }, mirrors: FILE_MIRRORS } }), { workers: 1 });
  expect(await printed(sluice, 'mirror', 'set', 'shop', 'dark', '--percent', '100', '--reason', 'go')).toMatch(
    /^revision 2, obeyed by 1 of 1 worker\n.*mirrors\.dark\.percent +0 -> 100\n$/,
  );
  const words = ['mirror', 'set', 'shop', 'writes', '--to', 'v2', '--fraction', '1/4', '--method', 'post', '--side-effects'];
  expect(await printed(sluice, ...words, '--dry-run')).toMatch(
    /^would change, over revision 2; nothing was done:\n.*mirrors\.writes +added/,
  );
  await printed(sluice, ...words);
  expect(await printed(sluice, ...words)).toBe('nothing to change: revision 3 is already so\n');
  expect(await printed(sluice, 'mirror', 'list', 'shop')).toBe(
    [
      'POOL  NAME    TO  COPIES  SAMPLE   SIDE EFFECTS  COMPARES  BY   ONLY',
      'shop  dark    v2  100 %   session  none          no        API  x-internal',
      'shop  writes  v2  1/4     session  allowed       no        API  POST',
      '',
    ].join('\n'),
  );
  expect(await printed(sluice, 'explain', 'GET', '/', '-H', 'x-internal: 1')).toContain(
    [
      'mirrors',
      '  - dark to v2: copied. All requests that fit are copied.',
      '  - writes to v2: not copied. Its match does not fit: the method GET is not among its methods.',
      '',
    ].join('\n'),
  );
  expect((await ask(sluice, get('/', 'x-internal: 1'))).field('x-version')).toBe('v1');
  const labels = { pool: 'shop', mirror: 'dark', version: 'v2', outcome: 'ok' };
  await eventually('the copy is counted', async () => (await sluice.metric('sluice_mirrored_total', labels)) === 1);
  expect((await sluiceCommand(sluice, 'mirror', 'set', 'shop', 'dark', '--to', 'v9')).stderr).toContain('versions of shop: v1, v2');
  expect((await sluiceCommand(sluice, 'mirror', 'remove', 'shop', 'dark', '--if-revision', '1')).code).toBe(4);
  expect(await printed(sluice, 'mirror', 'remove', 'shop', 'writes')).toMatch(/removed\n$/);
  expect(await printed(sluice, 'mirror', 'clear', 'shop')).toMatch(/mirrors\.dark\.percent +100 -> 0\n$/);
});
