// Lets a test say how much memory Sluice is using. It is loaded from outside (`node --import`): the product itself has no such door.
// The process takes the number in the file named by MEMORY_USE_FILE for its own size.
//
//   const memory = makeMemoryUse(100);   startSluice(config, { ...memory.options })   memory.setMiB(960)

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { makeFolder } from './folder.ts';
import type { SluiceOptions } from './sluice.ts';

export interface MemoryUse {
  readonly options: Required<Pick<SluiceOptions, 'env' | 'nodeArguments'>>;
  setMiB(size: number): void;
}

export function makeMemoryUse(size: number): MemoryUse {
  const path = makeFolder().file('memory-use');
  const setMiB = (mebibytes: number): void => {
    // By rename: half a number would be another one.
    writeFileSync(`${path}.new`, String(mebibytes));
    renameSync(`${path}.new`, path);
  };
  setMiB(size);
  return { options: { env: { MEMORY_USE_FILE: path }, nodeArguments: ['--import', import.meta.url] }, setMiB };
}

const path = process.env['MEMORY_USE_FILE'];
if (path !== undefined) process.memoryUsage.rss = () => Number(readFileSync(path, 'latin1')) * 1024 ** 2;
