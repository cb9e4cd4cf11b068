import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSmallFile } from '../../../src/lib/small-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'sluice-small-'));
const at = (name: string): string => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('a small file is read whole, also behind a link and up to the last byte that is allowed', () => {
  writeFileSync(at('exact'), 'x'.repeat(16));
  writeFileSync(at('empty'), '');
  symlinkSync(at('exact'), at('link'));
  expect(readSmallFile(at('exact'), 16)).toBe('x'.repeat(16));
  expect(readSmallFile(at('link'), 16)).toBe('x'.repeat(16));
  expect(readSmallFile(at('empty'), 16)).toBe('');
});

test('what is larger, no regular file, or not there is refused without waiting for it', () => {
  writeFileSync(at('large'), 'x'.repeat(17));
  mkdirSync(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  expect(readSmallFile(at('large'), 16)).toEqual({ fault: 'is larger than 16 bytes' });
  expect(readSmallFile(at('folder'), 16)).toEqual({ fault: 'is no regular file' });
  expect(readSmallFile(at('pipe'), 16)).toEqual({ fault: 'is no regular file' });
  expect(readSmallFile('/dev/zero', 16)).toEqual({ fault: 'is no regular file' });
  expect(readSmallFile(at('none'), 16)).toEqual({ fault: 'is not there' });
  expect(readSmallFile(join(at('large'), 'below'), 16)).toEqual({ fault: 'is not there' });
});
