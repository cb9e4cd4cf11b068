import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheFolder } from '../../../src/lib/compile-cache.js';

let base = '';
beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'sluice-cache-'))));
afterEach(() => rmSync(base, { recursive: true }));

const folder = (): string | undefined => cacheFolder({ XDG_CACHE_HOME: base });

it("is made in the user's cache, for this user alone", () => {
  expect(folder()).toBe(join(base, 'sluice'));
  expect(statSync(join(base, 'sluice')).mode & 0o777).toBe(0o700);
  expect(folder()).toBe(join(base, 'sluice'));
});

it('is not used where others could put code', () => {
  mkdirSync(join(base, 'sluice'));
  chmodSync(join(base, 'sluice'), 0o777);
  expect(folder()).toBeUndefined();
  chmodSync(join(base, 'sluice'), 0o770);
  expect(folder()).toBeUndefined();
});

it('is not a link, and not a file', () => {
  mkdirSync(join(base, 'elsewhere'), { mode: 0o777 });
  chmodSync(join(base, 'elsewhere'), 0o777);
  symlinkSync(join(base, 'elsewhere'), join(base, 'sluice'));
  expect(folder()).toBeUndefined();
  rmSync(join(base, 'sluice'));
  writeFileSync(join(base, 'sluice'), '');
  expect(folder()).toBeUndefined();
});

it('is nowhere when the cache cannot be written', () => {
  writeFileSync(join(base, 'file'), '');
  expect(cacheFolder({ XDG_CACHE_HOME: join(base, 'file') })).toBeUndefined();
});

it('a relative folder is none', () => {
  expect(cacheFolder({ XDG_CACHE_HOME: 'cache' })).not.toMatch(/^cache/);
});
