// The text of a small file, such as a secret: bounded, never waits for a pipe or a device, and follows links, as the mounts of secrets use them.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Why there is no text, as the end of a sentence that names the file. */
export interface NotRead {
  readonly fault: string;
}

/** @param maxBytes a file with more is refused. @returns its bytes, each as one character (latin1) */
export function readSmallFile(path: string, maxBytes: number): string | NotRead {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(file).isFile()) return { fault: 'is no regular file' };
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= maxBytes; length += read)
      read = readSync(file, bytes, length, bytes.length - length, length);
    return length > maxBytes ? { fault: `is larger than ${maxBytes} bytes` } : bytes.toString('latin1', 0, length);
  } catch (error) {
    return { fault: whyNot((error as NodeJS.ErrnoException).code) };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function whyNot(code: string | undefined): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'is not there';
  if (code === 'EACCES' || code === 'EPERM') return 'may not be read by this user';
  // A socket cannot even be opened.
  if (code === 'EISDIR' || code === 'ENXIO') return 'is no regular file';
  return `cannot be read (${code ?? 'unknown error'})`;
}
