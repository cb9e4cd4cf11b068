// How sluice.db is made and opened. It appears under its name only when it is whole, so that an empty file there is always damage.

import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newKey } from '../lib/random.ts';
import { SCHEMA_VERSION, TABLES } from './schema.ts';

const LOCK_WAIT_MS = 250;

// Exclusive locking keeps the index of the log in memory, so that there is no third file, and keeps other programs out.
// Checkpoints are ours to time: see SqliteStore. The limit cuts a log that one large revision has stretched.
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;`;

const CREATION = `${TABLES.join(';')};
  INSERT INTO extent VALUES (1, 1, 0, 0, 1, 0, 0);
  PRAGMA user_version = ${SCHEMA_VERSION}`;

/** A connection to a file that need not be a database; `configure` finds out. */
export function connect(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: LOCK_WAIT_MS, allowExtension: false });
}

/** Takes the lock of the file and replays its log. Throws what SQLite throws. */
export function configure(db: DatabaseSync): void {
  db.exec(SETTINGS);
  // Settings alone may not touch the file.
  db.prepare('SELECT count(*) FROM sqlite_schema').get();
}

/** An empty store under that name, durable when it returns. Nothing may be there. */
export function createDatabase(path: string): void {
  const draft = `${path}.new`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${draft}${suffix}`, { force: true });
  // Made before SQLite opens it: nobody else may read what operators write.
  closeSync(openSync(draft, 'wx', 0o600));
  const db = connect(draft);
  try {
    configure(db);
    db.exec(`BEGIN; ${CREATION}`);
    db.prepare('INSERT INTO identity VALUES (1, ?)').run(newKey());
    db.exec('COMMIT');
  } finally {
    db.close();
  }
  renameSync(draft, path);
  syncFolder(dirname(path));
}

/** Narrows what a backup or a copy may have widened. */
export function keepPrivate(path: string): void {
  try {
    chmodSync(path, 0o600);
  } catch {
    // It belongs to somebody else, who has let us in.
  }
}

/** The names in a folder are as durable as its files only then. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    // Node's permission model forbids it whatever may be written: then only a loss of power in this moment can lose the name.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw error;
  } finally {
    closeSync(folder);
  }
}
