// Callers that reach the admin API must be known to it, and must not get hold of what decides that.

import { dirname, relative, resolve } from 'node:path';
import { formatAddress, isLoopback } from '../address.ts';
import { knowsCallers } from '../admin-callers.ts';
import type { Config } from '../model.ts';
import type { Review } from './review.ts';

export function adminNeedsAuth({ admin }: Config, review: Review): void {
  if (isLoopback(admin.address) || knowsCallers(admin)) return;
  const shown = formatAddress(admin.address);
  review.problem(
    ['admin', 'address'],
    `${shown} can be reached from other machines: add auth with tokens, or tls with required client certificates and roles, or use a loopback address`,
  );
}

/** By a log in the place of the config file, or of a database, an admin of the API would get what the file alone may say. */
export function openFoldersHoldNoConfig({ admin, state }: Config, review: Review): void {
  for (const [index, written] of admin.files.entries()) {
    const path = ['admin', 'files', index];
    const file = review.fileOf(path);
    const folder = resolve(dirname(file), written);
    if (holds(folder, resolve(file))) review.problem(path, 'the folder holds the config file itself: name a folder that does not');
    else if (state.dir !== undefined && isNested(folder, resolve(dirname(review.fileOf(['state', 'dir'])), state.dir)))
      review.problem(path, 'the folder holds state.dir, or is in it: name another one');
  }
}

function isNested(one: string, other: string): boolean {
  return holds(one, other) || holds(other, one);
}

function holds(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../');
}
