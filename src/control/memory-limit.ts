// The memory limit that holds for this process, and what counts against it. A limit of the system's (a cgroup) counts all that the kernel
// counts before it kills; one of the operator's counts the process.

import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { OverloadConfig } from '../config/model.ts';

export interface MemoryLimit {
  /** 0 = none. */
  readonly limitBytes: number;
  readonly processBytes: () => number;
}

export const NO_LIMIT: MemoryLimit = { limitBytes: 0, processBytes: () => 0 };

/** A system that sets no limit names a figure beyond all memory there is, or 0. */
export function memoryLimit({ memoryBytes }: OverloadConfig): MemoryLimit {
  if (memoryBytes === 0) return NO_LIMIT;
  if (memoryBytes !== 'auto') return { limitBytes: memoryBytes, processBytes: residentBytes };
  const constrained = process.constrainedMemory();
  if (constrained <= 0 || constrained >= totalmem()) return NO_LIMIT;
  const files = findFiles('/');
  return { limitBytes: constrained, processBytes: files === undefined ? residentBytes : () => cgroupBytes(files) ?? residentBytes() };
}

export interface CgroupFiles {
  readonly usage: string;
  readonly stat: string;
  /** The line of `stat` with the file cache that the kernel takes back first. */
  readonly cacheName: string;
}

/** Where the kernel says what the cgroup of this process uses (version 2, then 1); undefined when nowhere. `root` is `/` but in tests. */
export function findFiles(root: string): CgroupFiles | undefined {
  const lines = (readText(`${root}proc/self/cgroup`) ?? '').split('\n');
  const unified = lines.find((line) => line.startsWith('0::'))?.slice(3);
  const memory = lines.find((line) => line.split(':')[1]?.split(',').includes('memory') === true)?.replace(/^[^:]*:[^:]*:/, '');
  const candidates = [
    ...places(unified).map((path) => filesV2(`${root}sys/fs/cgroup${path}`)),
    ...places(memory).map((path) => filesV1(`${root}sys/fs/cgroup/memory${path}`)),
  ];
  return candidates.find((files) => cgroupBytes(files) !== undefined);
}

/** What the kernel cannot take back at once: all but the file cache that is not in use. undefined when it does not say. */
export function cgroupBytes({ usage, stat, cacheName }: CgroupFiles): number | undefined {
  const used = Number(readText(usage) ?? Number.NaN);
  const cache = Number(new RegExp(`^${cacheName} (\\d+)$`, 'm').exec(readText(stat) ?? '')?.[1] ?? 0);
  return Number.isFinite(used) ? Math.max(0, used - cache) : undefined;
}

/** A container may see its own cgroup at the top, under a path that it does not see. */
function places(path: string | undefined): string[] {
  return path === undefined ? [] : [path === '/' ? '' : path, ''];
}

function filesV2(folder: string): CgroupFiles {
  return { usage: `${folder}/memory.current`, stat: `${folder}/memory.stat`, cacheName: 'inactive_file' };
}

function filesV1(folder: string): CgroupFiles {
  return { usage: `${folder}/memory.usage_in_bytes`, stat: `${folder}/memory.stat`, cacheName: 'total_inactive_file' };
}

function residentBytes(): number {
  return process.memoryUsage.rss();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
