// A mark of a file that changes whenever the file is written, replaced, or linked elsewhere, so that it is read again only then.

import { statSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

const GONE = 'none';

/** Follows links, as the mounts of secrets use them. Never throws: what cannot be looked at has a mark of its own. */
export function fileMark(path: string): string {
  try {
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    return found === undefined ? GONE : markOf(found);
  } catch (error) {
    return whyNot(error);
  }
}

/** The same of many files, together, without waiting for the disk. Never rejects. */
export async function fileMarks(paths: readonly string[]): Promise<string> {
  const marks = paths.map((path) => stat(path, { bigint: true }).then(markOf, whyNot));
  return (await Promise.all(marks)).join('\n');
}

function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function whyNot(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return code === 'ENOENT' || code === 'ENOTDIR' ? GONE : code;
}
