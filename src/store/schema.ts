// The tables of sluice.db and everything that is ever said to them. All SQL is constant and prepared once.

import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** In `user_version`; 0 is what a file has that is no store. */
export const SCHEMA_VERSION = 2;

/** As sqlite_schema repeats them, in the order of their names. */
export const TABLES: readonly string[] = [
  // Small columns first: a row's size is read without the pages that its texts overflow to.
  `CREATE TABLE entries (seq INTEGER PRIMARY KEY, at_ms REAL NOT NULL, size INTEGER NOT NULL, digest INTEGER NOT NULL, revision INTEGER NOT NULL, kind TEXT NOT NULL, author TEXT NOT NULL, detail TEXT NOT NULL) STRICT`,
  // Written by every transaction: rows that vanish from the end of the others are missed.
  `CREATE TABLE extent (one INTEGER PRIMARY KEY, first_revision INTEGER NOT NULL, last_revision INTEGER NOT NULL, revisions_size INTEGER NOT NULL, first_entry INTEGER NOT NULL, last_entry INTEGER NOT NULL, entries_size INTEGER NOT NULL) STRICT`,
  // Never written again: no log of another database can bring another identity.
  `CREATE TABLE identity (one INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT`,
  `CREATE TABLE notes (name TEXT PRIMARY KEY, size INTEGER NOT NULL, digest INTEGER NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE revisions (number INTEGER PRIMARY KEY, at_ms REAL NOT NULL, size INTEGER NOT NULL, digest INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL, amendments TEXT NOT NULL, written TEXT NOT NULL, differences TEXT NOT NULL) STRICT`,
];

/** What makes a file of version 1, which had no notes, one of today. */
export const UPGRADES: readonly string[] = [TABLES[3]!];

/** The tables of version 1. */
export const TABLES_1: readonly string[] = TABLES.filter((table) => !UPGRADES.includes(table));

const REVISION = 'SELECT number, at_ms AS atMs, size, digest, author, reason, cause, amendments, written, differences FROM revisions';
const ENTRY = 'SELECT seq, at_ms AS atMs, size, digest, revision, kind, author, detail FROM entries';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  extent:
    'SELECT first_revision AS firstRevision, last_revision AS lastRevision, revisions_size AS revisionsSize, first_entry AS firstEntry, last_entry AS lastEntry, entries_size AS entriesSize FROM extent WHERE one = 1',
  setExtent:
    'UPDATE extent SET first_revision = ?, last_revision = ?, revisions_size = ?, first_entry = ?, last_entry = ?, entries_size = ? WHERE one = 1',
  touch: 'UPDATE extent SET one = one',
  identity: 'SELECT id FROM identity WHERE one = 1',
  findRevision: `${REVISION} WHERE number = ?`,
  listRevisions: `${REVISION} WHERE number < ? ORDER BY number DESC LIMIT ?`,
  revisionsFrom: `${REVISION} WHERE number >= ? ORDER BY number`,
  addRevision:
    'INSERT INTO revisions (number, at_ms, size, digest, author, reason, cause, amendments, written, differences) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  revisionSize: 'SELECT size FROM revisions WHERE number = ?',
  dropRevisions: 'DELETE FROM revisions WHERE number < ?',
  listEntries: `${ENTRY} WHERE seq > ? AND kind = coalesce(?, kind) AND at_ms >= ? ORDER BY seq LIMIT ?`,
  listNewestEntries: `${ENTRY} WHERE seq > ? AND kind = coalesce(?, kind) AND at_ms >= ? ORDER BY seq DESC LIMIT ?`,
  entriesFrom: `${ENTRY} WHERE seq >= ? ORDER BY seq`,
  addEntry: 'INSERT INTO entries (seq, at_ms, size, digest, revision, kind, author, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  entrySize: 'SELECT size FROM entries WHERE seq = ?',
  listNotes: 'SELECT name, size, digest, text FROM notes ORDER BY name',
  setNote:
    'INSERT INTO notes (name, size, digest, text) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET size = excluded.size, digest = excluded.digest, text = excluded.text',
  dropNote: 'DELETE FROM notes WHERE name = ?',
  dropEntries: 'DELETE FROM entries WHERE seq < ?',
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

/** Throws what SQLite throws, such as for a table that is missing. */
export function prepareAll(db: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)])) as unknown as Statements;
}
