// Makes the bundle that flows start (`program.ts`). Of a thousand starts in a run each costs a third less CPU: half of what a start needs goes into
// finding, reading and linking some nine hundred modules, once for each thread.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { env, pid } from 'node:process';
import { bundle, root } from '../../build/bundle.ts';
import { BUNDLE_VARIABLE } from './program.ts';

/** Two folders below the root, as `src/app` is: the program finds its other files from where it is. */
const FOLDER = 'test-bundle';
/** Runs of other sources may be under way. */
const KEPT = 4;

/** For vitest, which calls it before the first file of a project. */
export async function setup(): Promise<void> {
  if (env['SLUICE_TEST_SOURCES'] !== undefined || env[BUNDLE_VARIABLE] !== undefined) return;
  const name = markOfSources();
  const folder = join(root, FOLDER, name);
  if (!existsSync(folder)) {
    await bundle({ folder: `${folder}.${pid}`, withLibraries: true, sourceMaps: false });
    settle(`${folder}.${pid}`, folder);
    removeOld(name);
  }
  env[BUNDLE_VARIABLE] = join(FOLDER, name, 'main.js');
}

/** Another run may have been quicker. */
function settle(made: string, folder: string): void {
  try {
    renameSync(made, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(made, { recursive: true });
  }
}

function removeOld(name: string): void {
  const others = readdirSync(join(root, FOLDER)).filter((each) => each !== name && !each.includes('.'));
  const byAge = others.map((each) => ({ path: join(root, FOLDER, each), at: statSync(join(root, FOLDER, each)).mtimeMs }));
  for (const { path } of byAge.sort((a, b) => b.at - a.at).slice(KEPT - 1)) rmSync(path, { recursive: true, force: true });
}

/** The same for the same sources and libraries. */
function markOfSources(): string {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((each) => /\.[jt]s$/.test(each));
  for (const path of [...files.map((each) => join('src', each)), 'package-lock.json', 'build/bundle.ts'].sort()) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
