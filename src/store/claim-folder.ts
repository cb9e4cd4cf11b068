// One process per state directory. The claim is a lock that the kernel holds on `sluice.lock`: it ends with the process, however
// that ends. It is not the database's own lock, because the database may have to be moved aside while it is held.

import { accessSync, closeSync, constants, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { connect, syncFolder } from './database.ts';
import { expectOwnFile, expectPrivateFolder } from './private-folder.ts';
import { kindOfFault } from './sqlite-fault.ts';
import { StoreInUse, StoreUnusable } from './store-errors.ts';

export interface FolderClaim {
  /** Idempotent. */
  release(): void;
}

/** Makes the directory where there is none. Throws `StoreInUse` or `StoreUnusable`. */
export function claimFolder(dir: string): FolderClaim {
  const path = join(dir, 'sluice.lock');
  try {
    prepareFolder(dir);
    prepareLock(path);
    const db = lock(path);
    return { release: () => void (db.isOpen && db.close()) };
  } catch (error) {
    throw kindOfFault(error) === 'busy' ? new StoreInUse(dir) : new StoreUnusable(dir, error);
  }
}

function prepareFolder(dir: string): void {
  const made = mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (made !== undefined) syncFolder(dirname(made));
  accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  expectPrivateFolder(dir);
}

function prepareLock(path: string): void {
  try {
    // Never through a link, not even to nowhere.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // A lock of the kernel is lost when its process closes the file in another place, so one that is there is not opened here.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    expectOwnFile(path);
    accessSync(path, constants.R_OK | constants.W_OK);
  }
}

function lock(path: string): DatabaseSync {
  try {
    return lockOnce(path);
  } catch (error) {
    if (kindOfFault(error) !== 'damage') throw error;
    // Somebody wrote into it. Emptied, not replaced: another process may be waiting for the lock of this very file.
    empty(path);
    return lockOnce(path);
  }
}

function empty(path: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    ftruncateSync(file);
  } finally {
    closeSync(file);
  }
}

function lockOnce(path: string): DatabaseSync {
  const db = connect(path);
  try {
    // Nothing is ever written, so that the file stays empty; nor beside it, so that a full disk is no obstacle.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
