// Tells whether the config on disk is another one: a cheap stamp of what the file system says, and a digest of what is in the files.
// Reads only; what cannot be read has a digest of its own.

import { createHash } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileMarks } from '../../lib/file-mark.ts';

export interface Fingerprint {
  /** `undefined` when there is nothing at the path. */
  readonly digest: string | undefined;
}

export interface Stamp {
  /** Changes whenever a file is written, replaced or linked elsewhere. */
  readonly text: string;
  /** Every folder in which such a change shows: of the names, and of the files that links lead to. */
  readonly folders: readonly string[];
  /** Full names of the files, as the config names them and as links resolve. */
  readonly files: readonly string[];
}

const MAX_READ_BYTES = 32 * 1024 * 1024;

/** Of `path`, a file or a folder of them. Never rejects. */
export async function readStamp(path: string): Promise<Stamp> {
  const names = await listFiles(path).catch(() => [path]);
  const folders = new Set([dirname(path)]);
  if (!(names.length === 1 && names[0] === path)) folders.add(path);
  const files = new Set([path, ...names]);
  const parts: string[] = [];
  for (const name of names) {
    parts.push(name, await stampFile(name, folders, files));
  }
  return { text: parts.join('\n'), folders: [...folders], files: [...files] };
}

/** Of the contents at `path`. Never rejects. */
export async function readFingerprint(path: string): Promise<Fingerprint> {
  try {
    const hash = createHash('sha256');
    for (const name of await listFiles(path)) {
      const { size, mtimeMs } = await stat(name);
      // Nobody will load it; that it changed is enough to say so again.
      const content = size > MAX_READ_BYTES ? Buffer.from(`${size} ${mtimeMs}`) : await readFile(name);
      hash.update(`${name.length}:${name}${content.length}:`).update(content);
    }
    return { digest: hash.digest('hex') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return { digest: code === 'ENOENT' || code === 'ENOTDIR' ? undefined : `error ${code}` };
  }
}

/** The file itself, or the YAML files of a folder in order of their names. */
async function listFiles(path: string): Promise<string[]> {
  const found = await stat(path);
  // To read a pipe would wait for ever.
  if (!found.isDirectory() && !found.isFile()) throw new Error('neither a file nor a folder');
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter(isConfigName)
    .sort()
    .map((name) => join(path, name));
}

export function isConfigName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !name.startsWith('.');
}

async function stampFile(name: string, folders: Set<string>, files: Set<string>): Promise<string> {
  try {
    const real = await realpath(name);
    folders.add(dirname(real));
    files.add(real);
    return `${real} ${await fileMarks([real])}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
