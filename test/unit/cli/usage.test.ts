// What the real command line says of wrong usage: on stderr, with the usage of that command, and exit code 2.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SMALL } from '../config/good.ts';

const MAIN = fileURLToPath(new URL('../../../src/app/main.js', import.meta.url));

function sluice(words: string, input = ''): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words.split(' ')], { encoding: 'utf8', input });
  return { code: status, out: stdout, err: stderr };
}

test.each([
  ['check', 'Usage: sluice check [options] [path]'],
  ['split --foo', 'Usage: sluice split [options] <pool> [weights...]'],
  ['override set', 'Usage: sluice override set [options] <pool> <name>'],
  ['run --workers x --config a', 'Usage: sluice run [options]'],
  ['config frob', 'Usage: sluice config [options] [command]'],
  ['chek', 'Did you mean check?'],
  ['run', 'sluice run --config sluice.yaml'],
  ['run a.yaml --config b.yaml', 'give the path once'],
  ['drain shop v1 --deadline 30', 'Such as 500ms, 30s'],
  ['events --kind revison', 'Allowed choices are revision,'],
  ['help foo', "unknown command 'foo'"],
])('sluice %s', (words, usage) => {
  const { code, out, err } = sluice(words);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('error: ');
  expect(err).toContain(usage);
});

test('the path of a config is an argument or an option', () => {
  for (const command of ['check /nonexistent.yaml', 'check --config /nonexistent.yaml', 'run /nonexistent.yaml'])
    expect(sluice(command)).toMatchObject({ code: 1, out: '', err: expect.stringContaining('/nonexistent.yaml') as string });
  expect(sluice('explain --config /nonexistent.yaml GET /')).toMatchObject({ code: 1, out: '' });
  expect(sluice('status --help').out).toContain('1 something is wrong');
});

test('check reads standard input', () => {
  expect(sluice('check -', SMALL)).toEqual({ code: 0, out: '-: ok (1 pool, 1 route)\n', err: '' });
  const { code, err } = sluice('check -', SMALL.replace('pool: shop', 'pool: shp'));
  expect([code, err]).toEqual([1, expect.stringMatching(/^<stdin>:10:25: routes\[0\]\.pool: there is no pool "shp"/)]);
});
