// Opens a file to append log lines to. It follows no link and opens nothing but files: lines have text in them that clients chose, and what
// reads it elsewhere could be a shell.

import { close, constants, fstat, open } from 'node:fs';
import type { Stats } from 'node:fs';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
/** Windows has neither links nor pipes of this kind. */
const FLAGS = O_WRONLY | O_APPEND | O_CREAT | ((O_NOFOLLOW as number | undefined) ?? 0) | ((O_NONBLOCK as number | undefined) ?? 0);
/** Its group may read it: programs that collect logs. */
const MODE = 0o640;
/** /dev/null and /dev/full keep nothing. */
const KEEPS_NOTHING: ReadonlySet<number> = new Set([0x103, 0x107]);

/** Calls back with a descriptor, or with an error that says what is wrong with the path. */
export function openLogFile(path: string, done: (error: Error | undefined, fd: number) => void): void {
  open(path, FLAGS, MODE, (error, fd) => {
    if (error !== null) return done(describe(error, path), -1);
    fstat(fd, (fault, found) => {
      if (fault === null && isLog(found)) return done(undefined, fd);
      close(fd, () => undefined);
      done(fault ?? noFile(path, 'is neither a file nor /dev/null'), -1);
    });
  });
}

function isLog(found: Stats): boolean {
  return found.isFile() || (found.isCharacterDevice() && KEEPS_NOTHING.has(found.rdev));
}

function describe(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code === 'ELOOP') return noFile(path, 'is a symbolic link: name the file itself, or stdout');
  // A pipe that nobody reads.
  return error.code === 'ENXIO' ? noFile(path, 'is neither a file nor /dev/null') : error;
}

function noFile(path: string, fault: string): Error {
  return Object.assign(new Error(`${path} ${fault}`), { code: 'EINVAL' });
}
