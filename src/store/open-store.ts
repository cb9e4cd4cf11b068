// The one way to a store. What is damaged is moved aside and never met twice; what cannot hold state is refused with the fix.

import { accessSync, constants, lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { wallMs } from '../lib/clock.ts';
import { claimFolder } from './claim-folder.ts';
import { configure, connect, createDatabase, keepPrivate } from './database.ts';
import { inspectRows, inspectSchema, inspectWrites, upgradeSchema } from './inspect.ts';
import { MemoryStore } from './memory-store.ts';
import { moveAside } from './move-aside.ts';
import { expectOwnFile } from './private-folder.ts';
import { DEFAULT_RETENTION } from './retention.ts';
import type { Extent, Retention } from './retention.ts';
import { Corruption, toRevision } from './rows.ts';
import { prepareAll } from './schema.ts';
import { SealedChanges } from './sealed-changes.ts';
import type { LastChanges } from './sealed-changes.ts';
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
  /** Called when the folder is ours, before anything in it is opened. */
  readonly beforeOpen?: () => void;
  /** The store is new, but another was here: what the API had changed last, or in words why that is lost as well. */
  readonly onLost?: (changes: LastChanges | string) => void;
}

interface Place {
  readonly dir: string;
  readonly path: string;
  readonly retention: Retention;
  readonly onMoved: StoreOptions['onMoved'];
  readonly onLost: NonNullable<StoreOptions['onLost']>;
  readonly sealed: SealedChanges;
  readonly release: () => void;
}

/** Throws `StoreInUse` and `StoreUnusable`; never for what a file has in it. */
export function openStore(options: StoreOptions): Store {
  const { dir, retention = DEFAULT_RETENTION, onMoved, onLost = () => undefined, beforeOpen } = options;
  if (dir === undefined) return new MemoryStore(retention);
  const { release } = claimFolder(dir);
  try {
    beforeOpen?.();
    return openClaimed({ dir, path: join(dir, 'sluice.db'), retention, onMoved, onLost, sealed: new SealedChanges(dir), release });
  } catch (error) {
    release();
    if (error instanceof StoreInUse || error instanceof StoreUnusable) throw error;
    throw kindOfFault(error) === 'busy' ? new StoreInUse(dir) : new StoreUnusable(dir, error);
  }
}

function openClaimed(place: Place): Store {
  const found = openFound(place);
  if (found instanceof SqliteStore) return found;
  createDatabase(place.path);
  return openSound(place, connect(place.path), found === 'moved');
}

/** `none`: there is no database; `moved`: none any more. */
function openFound(place: Place): SqliteStore | 'none' | 'moved' {
  let db: DatabaseSync | undefined;
  try {
    if (!inspectFiles(place)) return 'none';
    db = connect(place.path);
    return openSound(place, db, false);
  } catch (error) {
    const isDamage = kindOfFault(error) === 'damage';
    // Before it is closed: closing would remove its log.
    const moved = isDamage ? moveAside(place.path, wallMs()) : undefined;
    closeQuietly(db);
    if (moved === undefined) throw error;
    place.onMoved(moved, messageOf(error));
    return 'moved';
  }
}

function openSound(place: Place, db: DatabaseSync, isMoved: boolean): SqliteStore {
  configure(db);
  upgradeSchema(db);
  inspectSchema(db);
  const statements = prepareAll(db);
  const inspected = inspectRows(db, statements);
  inspectWrites(statements);
  const { path, retention, sealed, release } = place;
  const { first, last } = inspected.extent.revisions;
  let { extent } = inspected;
  if (last < first) extent = beginBehind(Math.max(last, tellLost(place, isMoved)), extent);
  else sealed.write(toRevision(inspected.id, statements.findRevision.get(last)!));
  return new SqliteStore({ ...inspected, extent, db, statements, path, retention, sealed, onClosed: release });
}

/** A store without a revision is new, or it took the place of one that was lost in this start or in one that came no further. Returns its last number. */
function tellLost({ sealed, onLost }: Place, isMoved: boolean): number {
  const changes = sealed.read();
  if (changes !== undefined) onLost(changes);
  else if (isMoved) onLost(`there is no copy of them (${sealed.path})`);
  return typeof changes === 'object' ? changes.number : 0;
}

/** Who has seen a revision that was lost must never take a new one for it. */
function beginBehind(last: number, { entries }: Extent): Extent {
  return { revisions: { first: last + 1, last, size: 0 }, entries };
}

/** Whether there is a database to open. Throws a `Corruption` for what cannot be one. */
function inspectFiles({ path, onMoved }: Place): boolean {
  if (isThere(`${path}-journal`)) {
    // Ours never has one, and SQLite would undo with it what was never done.
    onMoved(moveAside(path, wallMs(), ['-journal']), 'a rollback journal that is not its own lay beside the database');
  }
  for (const name of [path, `${path}-wal`]) if (isLink(name)) expectOwnFile(name);
  const hasLog = isThere(`${path}-wal`);
  if (hasLog && !lstatSync(`${path}-wal`).isFile()) throw new Corruption('its log is not a file');
  if (!isThere(path)) {
    if (hasLog) throw new Corruption('there is a log without its database');
    return false;
  }
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined || !file.isFile()) throw new Corruption('it is not a file');
  if (file.size === 0) throw new Corruption('it is empty');
  keepPrivate(path);
  accessSync(path, constants.R_OK | constants.W_OK);
  return true;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** By a second name as much as by a symbolic link: what is written would be written elsewhere. */
function isLink(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.isSymbolicLink() || (found.isFile() && found.nlink > 1));
}

function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    db?.close();
  } catch {
    // It was damaged; the fault that matters is at hand.
  }
}
