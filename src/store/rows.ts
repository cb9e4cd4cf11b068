// Rows of sluice.db as values, each checked against its seal: what was not written by this store never reaches a caller.

import type { StatementSync } from 'node:sqlite';
import type { Extent } from './retention.ts';
import { sealEntry, sealNote, sealRevision } from './seal.ts';
import type { Seal } from './seal.ts';
import type { JournalEntry, Note, StoredRevision } from './store.ts';

/** What the database says cannot be what was written. */
export class Corruption extends Error {
  override readonly name = 'Corruption';
}

export type Row = ReturnType<StatementSync['get']>;

export function toRevision(id: string, row: Row): StoredRevision {
  const { number, atMs, author, reason, cause, amendments, written, differences, ...seal } = row as unknown as StoredRevision & Seal;
  const revision = { number, atMs, author, reason, cause, amendments, written, differences };
  if (!isSealed(seal, sealRevision(id, revision))) throw new Corruption(`the checksum of revision ${number} is wrong`);
  return Object.freeze(revision);
}

export function toEntry(id: string, row: Row): JournalEntry {
  const { seq, atMs, kind, author, revision, detail, ...seal } = row as unknown as JournalEntry & Seal;
  const entry = { seq, atMs, kind, author, revision, detail };
  if (!isSealed(seal, sealEntry(id, entry))) throw new Corruption(`the checksum of journal entry ${seq} is wrong`);
  return Object.freeze(entry);
}

export function toNote(id: string, row: Row): Note {
  const { name, text, ...seal } = row as unknown as Note & Seal;
  const note = { name, text };
  if (!isSealed(seal, sealNote(id, note))) throw new Corruption('the checksum of a note is wrong');
  return Object.freeze(note);
}

export function toExtent(row: Row): Extent {
  if (row === undefined) throw new Corruption('it does not say how many revisions it has');
  const { firstRevision, lastRevision, revisionsSize, firstEntry, lastEntry, entriesSize } = row as Record<string, number>;
  return {
    revisions: { first: firstRevision ?? 0, last: lastRevision ?? 0, size: revisionsSize ?? 0 },
    entries: { first: firstEntry ?? 0, last: lastEntry ?? 0, size: entriesSize ?? 0 },
  };
}

export function toId(row: Row): string {
  const id = row?.['id'];
  if (typeof id !== 'string' || id === '') throw new Corruption('it has no identity');
  return id;
}

function isSealed(found: Seal, right: Seal): boolean {
  return found.size === right.size && found.digest === right.digest;
}
