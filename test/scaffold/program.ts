// The program that flows start: a bundle of it, which loads in two thirds of the time, or its sources where SLUICE_TEST_SOURCES is set.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';

/** Written by `make-bundle.ts`, once for a run. */
export const BUNDLE_VARIABLE = 'SLUICE_TEST_BUNDLE';

const SOURCES = 'src/app/main.ts';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OF_SOURCES = /^import .* from '(?:\.\.\/)+src\//m;

/** Path of the entry within the project. @param nodeArguments those of node: what is loaded before the program may share modules with its sources */
export function programOf(nodeArguments: readonly string[] = []): string {
  const loaded = nodeArguments.filter((_, index) => nodeArguments[index - 1] === '--import');
  return loaded.some(sharesModules) ? SOURCES : (env[BUNDLE_VARIABLE] ?? SOURCES);
}

function sharesModules(file: string): boolean {
  if (file.startsWith('data:')) return false;
  const path = file.startsWith('file:') ? fileURLToPath(file) : resolve(ROOT, file);
  return OF_SOURCES.test(readFileSync(path, 'utf8'));
}
