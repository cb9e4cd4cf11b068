// How many files and sockets this process may have open.

import { readFileSync } from 'node:fs';

/** Infinity where the system sets no limit, or does not tell (other than Linux). */
export function descriptorLimit(): number {
  try {
    return readLimit(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return Infinity;
  }
}

/** The soft limit in the text of `/proc/PID/limits` (proc(5)). */
export function readLimit(text: string): number {
  const found = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return found === undefined ? Infinity : Number(found);
}
