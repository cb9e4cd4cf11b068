// Damaged state goes out of the way, so that the next start does not meet it again, and stays at hand for people.

import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from './database.ts';

/** What belongs to a database by its name; a log that stays would be replayed into the next one. */
const SUFFIXES = ['', '-wal', '-shm', '-journal'] as const;

// The first hold the history that was lost, the last show what goes on.
const KEPT_FIRST = 5;
const KEPT_LAST = 5;

/** Renames `PATH`, `PATH-wal` and so on to `PATH.corrupt-<UTC time>`, as far as they are there. Returns the new path. */
export function moveAside(path: string, atMs: number, suffixes: readonly string[] = SUFFIXES): string {
  const folder = dirname(path);
  const names = new Set(readdirSync(folder));
  const target = freeName(`${basename(path)}.corrupt-${stamp(atMs)}`, names);
  for (const suffix of suffixes) {
    if (names.has(`${basename(path)}${suffix}`)) renameSync(`${path}${suffix}`, join(folder, `${target}${suffix}`));
  }
  dropSome(folder, `${basename(path)}.corrupt-`);
  syncFolder(folder);
  return join(folder, target);
}

function stamp(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(/[-:]/g, '');
}

function freeName(name: string, names: ReadonlySet<string>): string {
  const isTaken = (candidate: string): boolean => SUFFIXES.some((suffix) => names.has(`${candidate}${suffix}`));
  if (!isTaken(name)) return name;
  let count = 2;
  while (isTaken(`${name}.${count}`)) count++;
  return `${name}.${count}`;
}

function dropSome(folder: string, prefix: string): void {
  const found = readdirSync(folder).filter((name) => name.startsWith(prefix));
  // By time, as the name begins with it.
  const sets = [...new Set(found.map((name) => name.replace(/-(wal|shm|journal)$/, '')))].sort();
  const dropped = new Set(sets.slice(KEPT_FIRST, -KEPT_LAST));
  for (const name of found) {
    if (dropped.has(name.replace(/-(wal|shm|journal)$/, ''))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
