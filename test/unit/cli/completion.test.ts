// Tab completion: scripts that parse, and the words that they are given.

import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addAdminCommands } from '../../../src/cli/admin-commands.ts';
import { complete } from '../../../src/cli/complete.ts';
import { completionScript, SHELLS } from '../../../src/cli/completion.ts';
import { FakeAdmin, FakeTerminal, shop } from './fake-admin.ts';

let admin: FakeAdmin;
let program: Command;

beforeEach(async () => {
  admin = new FakeAdmin();
  await admin.listen();
  program = new Command('sluice');
  addAdminCommands(program, { terminal: new FakeTerminal(), env: {}, finish: () => undefined });
});

afterEach(() => admin.close());

function words(line: string): Promise<readonly string[]> {
  return complete(program, line.split(' ').slice(1), { SLUICE_ADMIN: admin.url });
}

test.each([
  ['sluice s', ['status', 'split']],
  ['sluice __', []],
  ['sluice status ', ['shop']],
  ['sluice status x', []],
  ['sluice status shop ', []],
  ['sluice split shop ', ['v1=', 'v2=']],
  ['sluice split shop v1=90 v', ['v2=']],
  ['sluice split --reason x shop v1', ['v1=']],
  ['sluice split --reason ', []],
  ['sluice drain shop ', ['v1', 'v2']],
  ['sluice drain shop v1 127.0.0.1:9', ['127.0.0.1:9001', '127.0.0.1:9002']],
  ['sluice drain nowhere ', []],
  ['sluice exchanges ', ['shop']],
  ['sluice exchanges shop ', ['v1', 'v2']],
  ['sluice exchanges shop v1 ', []],
  ['sluice exchanges --ou', ['--outcome']],
  ['sluice rollback ', ['4', '3', '2', '1']],
  ['sluice revisions 4 ', []],
  ['sluice override ', ['list', 'set', 'remove', 'clear']],
  ['sluice override s', ['set']],
  ['sluice override set ', ['shop']],
  ['sluice override remove shop ', ['qa']],
  ['sluice override remove shop qa ', []],
  ['sluice override set shop new --version ', ['v1', 'v2']],
  ['sluice override set shop new --version=v1 --q', ['--query']],
  ['sluice override clear ', ['shop']],
  ['sluice override nonsense ', []],
  ['sluice mirror ', ['list', 'set', 'remove', 'clear', 'report', 'missed']],
  ['sluice mirror list ', ['shop', 'engine']],
  ['sluice mirror list shop ', []],
  ['sluice mirror set shop ', ['dark']],
  ['sluice mirror set --to ', []],
  ['sluice mirror set shop new --to ', ['v1', 'v2', 'engine', 'engine/v1', 'engine/v2']],
  ['sluice mirror set shop new --to engine/', ['engine/v1', 'engine/v2']],
  ['sluice mirror set shop new --sample ', ['session', 'request']],
  ['sluice mirror set shop new --from ', []],
  ['sluice mirror set shop new --si', ['--side-effects']],
  ['sluice mirror remove shop ', ['dark']],
  ['sluice mirror report shop ', ['dark']],
  ['sluice mirror report shop dark ', []],
  ['sluice mirror report shop dark --f', ['--fields']],
  ['sluice mirror missed shop dark --a', ['--admin', '--after', '--all']],
  ['sluice mirror clear ', ['shop', 'engine']],
  ['sluice mark shop ', ['v1', 'v2']],
  ['sluice mark shop v1 ', []],
  ['sluice markers ', ['shop']],
  ['sluice events --kind re', ['refused', 'revision']],
  ['sluice config ', ['show', 'diff', 'export', 'apply', 'reset']],
  ['sluice config apply --dr', ['--dry-run']],
  ['sluice completion ', ['bash', 'zsh', 'fish']],
  ['sluice drain --wa', ['--watch']],
  ['sluice status --j', ['--json']],
])('%s', async (line, expected) => {
  const mirror = { name: 'dark', to: { pool: 'shop', version: 'v2' }, percent: 10, origin: 'file' } as const;
  if (line.includes('mirror'))
    admin.pools = [
      { ...shop(), mirrors: [mirror] },
      { ...shop(), name: 'engine' },
    ];
  expect(await words(line)).toEqual(expected);
});

test('another instance is asked when the line says so', async () => {
  expect(await words('sluice status --admin 127.0.0.1:1 ')).toEqual([]);
  expect(await complete(program, ['status', `--admin=${admin.url}`, ''], {})).toEqual(['shop']);
  expect(await complete(program, ['status', '--admin', '%%%', ''], {})).toEqual([]);
});

test('a server that says nothing delays no completion', async () => {
  admin.scripted.set('GET /v1/pools', 'silence');
  const began = performance.now();
  expect(await words('sluice status ')).toEqual([]);
  expect(performance.now() - began).toBeLessThan(2000);
});

describe('scripts', () => {
  test('bash takes it', () => {
    expect(spawnSync('bash', ['-n'], { input: completionScript('bash'), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  test('bash gets words, cut where it breaks them', () => {
    const ask = (line: string, printed: string): string => {
      const script = `${completionScript('bash')}
        sluice() { printf '%s\\n' "$*" >&2; printf '${printed}'; }
        COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(sluice)
        _sluice; printf '<%s>' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout;
    };
    expect(ask('sluice split shop v', 'v1=\\nv2=\\n')).toBe('<v1=><v2=>');
    expect(ask('sluice drain shop v1 127.0.0.1:9', '127.0.0.1:9001\\n')).toBe('<9001>');
    expect(ask('sluice status ', '')).toBe('<>');
  });

  test.each(['zsh', 'fish'])('%s takes it, where it is installed', (shell) => {
    const ran = spawnSync(shell, ['-n'], { input: completionScript(shell), encoding: 'utf8' });
    const isMissing = (ran.error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    expect(isMissing || ran.status === 0, ran.stderr).toBe(true);
    expect(SHELLS[shell]).toContain('__complete');
  });

  test('none for other shells', () => {
    expect(() => completionScript('toString')).toThrow('there is no completion for toString');
  });
});
