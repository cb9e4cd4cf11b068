// Keeps compiled code between runs, so that neither a command nor a thread waits for a compiler. It also keeps sources whose types are
// stripped: the stripper alone costs each thread that needs it 13 MB and a tenth of a second. Plain JavaScript for the same reason.

import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Best effort. Only in a folder of this user's own: what is there is run. Threads that are started later keep theirs in it, too.
 * @returns {void}
 */
export function keepCompiled() {
  if (process.env['NODE_COMPILE_CACHE'] !== undefined) return;
  const folder = cacheFolder(process.env);
  if (folder === undefined) return;
  enableCompileCache(folder);
  // A thread reads it from its environment, before its first line.
  process.env['NODE_COMPILE_CACHE'] = folder;
}

/**
 * Writes down what this thread has compiled by now: else a process that is killed leaves nothing to the next.
 * @returns {void}
 */
export function saveCompiled() {
  flushCompileCache();
}

/**
 * `sluice` in the user's cache (XDG Base Directory Specification); undefined when there is none that others cannot write to.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | undefined}
 */
export function cacheFolder(env) {
  try {
    const named = env['XDG_CACHE_HOME'] ?? '';
    // Throws for a user without a home.
    const folder = join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'sluice');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & WRITABLE_BY_OTHERS) === 0;
    return isOurs ? folder : undefined;
  } catch {
    return undefined;
  }
}
