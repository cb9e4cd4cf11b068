// Whether an opened file is a store, whole, and the same that was written. Reads everything, as a verdict on a part is worth little;
// a file beyond what the retention lets grow is read in part.

import type { DatabaseSync } from 'node:sqlite';
import type { Extent, Span } from './retention.ts';
import { Corruption, toEntry, toExtent, toId, toNote, toRevision } from './rows.ts';
import type { Row } from './rows.ts';
import { SCHEMA_VERSION, TABLES, TABLES_1, UPGRADES } from './schema.ts';
import type { Statements } from './schema.ts';

export interface Inspected {
  readonly id: string;
  readonly extent: Extent;
}

const WHOLE_BYTES = 256 * 1024 * 1024;
const NEWEST = 10;
const UNKNOWN = -1;

/** Makes a sound file of an earlier version one of today, all of it or nothing. Whatever else it is stays as it is. */
export function upgradeSchema(db: DatabaseSync): void {
  if (versionOf(db) !== 1 || !hasTables(db, TABLES_1)) return;
  db.exec(`BEGIN IMMEDIATE; ${UPGRADES.join(';')}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

/** Throws a `Corruption` with another schema, also one of the future; before any statement is prepared. */
export function inspectSchema(db: DatabaseSync): void {
  const version = versionOf(db);
  if (version !== SCHEMA_VERSION) {
    throw new Corruption(`its schema has version ${String(version)}, and this Sluice knows version ${SCHEMA_VERSION}`);
  }
  if (!hasTables(db, TABLES)) throw new Corruption('its tables are not those of a Sluice');
}

/** Throws a `Corruption` that says what is wrong, or what SQLite throws. */
export function inspectRows(db: DatabaseSync, statements: Statements, wholeBytes = WHOLE_BYTES): Inspected {
  const pages = Number(db.prepare('PRAGMA page_count').get()?.['page_count']);
  const pageBytes = Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
  const whole = pages * pageBytes <= wholeBytes;
  if (whole) inspectPages(db);
  const id = toId(statements.identity.get());
  const extent = toExtent(statements.extent.get());
  const revisions = whole ? extent.revisions : endOf(extent.revisions);
  const entries = whole ? extent.entries : endOf(extent.entries);
  // From the very first: what should have been pruned is missed as much as what should be there.
  const revisionRows = statements.revisionsFrom.iterate(whole ? Number.MIN_SAFE_INTEGER : revisions.first);
  const entryRows = statements.entriesFrom.iterate(whole ? Number.MIN_SAFE_INTEGER : entries.first);
  inspectSpan(
    'revision',
    revisions,
    walk(revisionRows, (row) => toRevision(id, row).number),
  );
  inspectSpan(
    'journal entry',
    entries,
    walk(entryRows, (row) => toEntry(id, row).seq),
  );
  for (const row of statements.listNotes.iterate()) toNote(id, row);
  return { id, extent };
}

/** Throws where a write would be refused, as a flipped bit of the header makes SQLite do. Nothing reaches the disk. */
export function inspectWrites(statements: Statements): void {
  statements.begin.run();
  statements.touch.run();
  statements.rollback.run();
}

function versionOf(db: DatabaseSync): unknown {
  return db.prepare('PRAGMA user_version').get()?.['user_version'];
}

function hasTables(db: DatabaseSync, tables: readonly string[]): boolean {
  const found = db.prepare('SELECT sql FROM sqlite_schema ORDER BY name').all();
  return found.length === tables.length && found.every(({ sql }, index) => sql === tables[index]);
}

interface Walked {
  readonly number: number;
  readonly size: number;
}

function inspectPages(db: DatabaseSync): void {
  const result = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (result !== 'ok') throw new Corruption(`SQLite finds: ${String(result)}`);
}

function endOf(span: Span): Span {
  return { first: Math.max(span.first, span.last - NEWEST + 1), last: span.last, size: UNKNOWN };
}

function* walk(rows: Iterable<NonNullable<Row>>, numberOf: (row: NonNullable<Row>) => number): Iterable<Walked> {
  for (const row of rows) yield { number: numberOf(row), size: Number(row['size']) };
}

function inspectSpan(what: string, span: Span, rows: Iterable<Walked>): void {
  let expected = span.first;
  let total = 0;
  for (const { number, size } of rows) {
    if (number !== expected || number > span.last) throw new Corruption(`${what} ${expected} should be there and ${number} is`);
    total += size;
    expected++;
  }
  if (expected !== span.last + 1) throw new Corruption(`${what} ${expected} is missing`);
  if (span.size !== UNKNOWN && total !== span.size) throw new Corruption(`the size of every ${what} together is wrong`);
}
