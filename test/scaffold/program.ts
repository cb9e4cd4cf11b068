// The program that flows start: a bundle of it, which loads in two thirds of the time, or its sources where SLUICE_TEST_SOURCES is set.

import { env } from 'node:process';

/** Written by `make-bundle.ts`, once for a run. */
export const BUNDLE_VARIABLE = 'SLUICE_TEST_BUNDLE';

const SOURCES = 'src/app/main.ts';

/** Path of the entry within the project. @param nodeArguments those of node: what is loaded before the program shares modules with its sources */
export function programOf(nodeArguments: readonly string[] = []): string {
  return nodeArguments.includes('--import') ? SOURCES : (env[BUNDLE_VARIABLE] ?? SOURCES);
}
