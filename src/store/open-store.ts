// The one way to a store. What is damaged is moved aside and never met twice; what cannot hold state is refused with the fix.

import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { wallMs } from '../lib/clock.ts';
import { claimFolder } from './claim-folder.ts';
import { configure, connect, createDatabase, keepPrivate } from './database.ts';
import { inspectRows, inspectSchema, inspectWrites, upgradeSchema } from './inspect.ts';
import { MemoryStore } from './memory-store.ts';
import { moveAside } from './move-aside.ts';
import { DEFAULT_RETENTION } from './retention.ts';
import type { Retention } from './retention.ts';
import { Corruption } from './rows.ts';
import { prepareAll } from './schema.ts';
import { kindOfFault } from './sqlite-fault.ts';
import { SqliteStore } from './sqlite-store.ts';
import { StoreInUse, StoreUnusable, messageOf } from './store-errors.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  /** Where `sluice.db` is; undefined keeps everything in memory. */
  readonly dir: string | undefined;
  readonly retention?: Retention;
  /** Damaged state was moved to `path`, and an empty store takes its place. */
  readonly onMoved: (path: string, reason: string) => void;
}

interface Place {
  readonly dir: string;
  readonly path: string;
  readonly retention: Retention;
  readonly onMoved: StoreOptions['onMoved'];
  readonly release: () => void;
}

/** Throws `StoreInUse` and `StoreUnusable`; never for what a file has in it. */
export function openStore(options: StoreOptions): Store {
  const { dir, retention = DEFAULT_RETENTION, onMoved } = options;
  if (dir === undefined) return new MemoryStore(retention);
  const { release } = claimFolder(dir);
  try {
    return openClaimed({ dir, path: join(dir, 'sluice.db'), retention, onMoved, release });
  } catch (error) {
    release();
    if (error instanceof StoreInUse || error instanceof StoreUnusable) throw error;
    throw kindOfFault(error) === 'busy' ? new StoreInUse(dir) : new StoreUnusable(dir, error);
  }
}

function openClaimed(place: Place): Store {
  const found = openFound(place);
  if (found !== undefined) return found;
  createDatabase(place.path);
  return openSound(place, connect(place.path));
}

/** Undefined when there is no database, or none any more. */
function openFound(place: Place): Store | undefined {
  let db: DatabaseSync | undefined;
  try {
    if (!inspectFiles(place)) return undefined;
    db = connect(place.path);
    return openSound(place, db);
  } catch (error) {
    const isDamage = kindOfFault(error) === 'damage';
    // Before it is closed: closing would remove its log.
    const moved = isDamage ? moveAside(place.path, wallMs()) : undefined;
    closeQuietly(db);
    if (moved === undefined) throw error;
    place.onMoved(moved, messageOf(error));
    return undefined;
  }
}

function openSound(place: Place, db: DatabaseSync): Store {
  configure(db);
  upgradeSchema(db);
  inspectSchema(db);
  const statements = prepareAll(db);
  const inspected = inspectRows(db, statements);
  inspectWrites(statements);
  return new SqliteStore({ ...inspected, db, statements, path: place.path, retention: place.retention, onClosed: place.release });
}

/** Whether there is a database to open. Throws a `Corruption` for what cannot be one. */
function inspectFiles({ path, onMoved }: Place): boolean {
  if (isThere(`${path}-journal`)) {
    // Ours never has one, and SQLite would undo with it what was never done.
    onMoved(moveAside(path, wallMs(), ['-journal']), 'a rollback journal that is not its own lay beside the database');
  }
  const hasLog = isThere(`${path}-wal`);
  if (hasLog && !statSync(`${path}-wal`).isFile()) throw new Corruption('its log is not a file');
  if (!isThere(path)) {
    if (hasLog) throw new Corruption('there is a log without its database');
    return false;
  }
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined || !file.isFile()) throw new Corruption('it is not a file');
  if (file.size === 0) throw new Corruption('it is empty');
  keepPrivate(path);
  accessSync(path, constants.R_OK | constants.W_OK);
  return true;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    db?.close();
  } catch {
    // It was damaged; the fault that matters is at hand.
  }
}
