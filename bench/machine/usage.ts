// What processes have used, from /proc. A pid stands for its process with all threads and all descendants.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** User and system time in microseconds. Resolution is one clock tick, mostly 10 ms. */
export function cpuMicros(pids: readonly number[]): number {
  const ticks = processTree(pids).map((pid) => {
    const fields = statFields(pid);
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return (sum(ticks) * 1e6) / ticksPerSecond();
}

export function residentBytes(pids: readonly number[]): number {
  return sum(processTree(pids).map((pid) => statusBytes(pid, 'VmRSS')));
}

/** The sum of the peaks, which is at least the peak of the sum. */
export function peakResidentBytes(pids: readonly number[]): number {
  return sum(processTree(pids).map((pid) => statusBytes(pid, 'VmHWM')));
}

/** How many files a process of this user may open. */
export function openFilesLimit(): number {
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === 'unlimited' ? Infinity : Number(line?.[1] ?? 1024);
}

function processTree(roots: readonly number[]): readonly number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), Number(statFields(Number(name))[1] ?? 0)]));
  const tree = new Set(roots);
  // Parents mostly come before children, but pids wrap around: repeat until nothing is added.
  for (let size = -1; size !== tree.size;) {
    size = tree.size;
    for (const [pid, parent] of parents) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** The fields of /proc/PID/stat from the third (state) on; the second, the name, may hold anything. Empty when the process is gone. */
function statFields(pid: number): readonly string[] {
  const text = readProc(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function statusBytes(pid: number, key: 'VmRSS' | 'VmHWM'): number {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readProc(`/proc/${pid}/status`));
  return Number(found?.[1] ?? 0) * 1024;
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

let ticks = 0;

function ticksPerSecond(): number {
  if (ticks === 0) ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
