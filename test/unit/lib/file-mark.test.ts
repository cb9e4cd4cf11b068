import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileMark, fileMarks } from '../../../src/lib/file-mark.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-mark-'));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('a mark stays while nothing changes, and changes with each write, replacement and link', async () => {
  writeFileSync(at('a'), 'one');
  symlinkSync(at('a'), at('link'));
  const seen = [fileMark(at('link'))];
  expect([fileMark(at('link')), await fileMarks([at('link')])]).toEqual([seen[0], seen[0]]);
  const step = (change: () => void): void => {
    change();
    seen.push(fileMark(at('link')));
  };
  step(() => writeFileSync(at('a'), 'longer'));
  step(() => utimesSync(at('a'), 1, 1));
  step(() => {
    writeFileSync(at('b'), 'longer');
    renameSync(at('b'), at('a'));
  });
  step(() => {
    writeFileSync(at('c'), 'longer');
    unlinkSync(at('link'));
    symlinkSync(at('c'), at('link'));
  });
  step(() => unlinkSync(at('c')));
  expect(new Set(seen).size).toBe(seen.length);
});

test('what cannot be looked at has a mark too', async () => {
  symlinkSync(at('self'), at('self'));
  writeFileSync(at('file'), '');
  const odd = [at('none'), join(at('file'), 'below'), at('self'), at('n'.repeat(300)), 'a\0b'];
  expect(odd.map(fileMark)).toEqual(['none', 'none', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']);
  expect(await fileMarks(odd)).toBe(odd.map(fileMark).join('\n'));
});
