// Keeps compiled code between runs: whoever types `sluice rollback` should not wait for a compiler.

import { lstatSync, mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;

/** Best effort. Only in a folder of this user's own: what is there is run. */
export function keepCompiled(): void {
  const folder = cacheFolder(process.env);
  if (folder !== undefined) enableCompileCache(folder);
}

/** `sluice` in the user's cache (XDG Base Directory Specification); undefined when there is none that others cannot write to. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = env['XDG_CACHE_HOME'] ?? '';
  const folder = join(isAbsolute(named) ? named : join(homedir(), '.cache'), 'sluice');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    const isOurs = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & WRITABLE_BY_OTHERS) === 0;
    return isOurs ? folder : undefined;
  } catch {
    return undefined;
  }
}
