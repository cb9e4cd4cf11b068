// Folders below which admins may name new files by the API. It looks at the disk: what a text says is below a folder may be a link out of it.

import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { isOpenToOthers } from '../lib/open-to-others.ts';

/** Whether a file that is or is to be at `name` is within one of the folders, links followed, and nobody else may write to that. Both absolute. */
export function isWithin(name: string, folders: readonly string[]): boolean {
  return resolve(name) === name && folders.some((folder) => isBelow(name, folder) && staysWithin(name, folder));
}

function staysWithin(name: string, folder: string): boolean {
  try {
    const root = statSync(folder);
    if (!root.isDirectory() || isOpenToOthers(root)) return false;
    let deepest = name;
    while (!isThere(deepest)) deepest = dirname(deepest);
    // A link to nothing throws: to open it would make a file elsewhere.
    const [real, home] = [realpathSync(deepest), realpathSync(folder)];
    return real === home ? deepest !== name : isBelow(real, home);
  } catch {
    return false;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
