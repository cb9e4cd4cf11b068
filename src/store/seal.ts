// Size and checksum of what is kept. SQLite notices broken pages, not a flipped bit in a text, and not rows of another database
// that a stray log file brought in: each checksum covers every field and the identity of the store.

import type { JournalEntry, NewEntry, Note, StoredRevision } from './store.ts';

// An import would evaluate all that the module names, for a hundredth of a start.
const { crc32 } = process.getBuiltinModule('node:zlib');

export interface Seal {
  /** Of the texts together, in UTF-16 units. */
  readonly size: number;
  readonly digest: number;
}

export function sealRevision(id: string, revision: StoredRevision): Seal {
  const { number, atMs, author, reason, cause, amendments, written, differences } = revision;
  return seal(`${id} revision ${number} ${atMs}`, [author, reason, cause, amendments, written, differences]);
}

export function sealNote(id: string, { name, text }: Note): Seal {
  return seal(`${id} note`, [name, text]);
}

export function sealEntry(id: string, entry: JournalEntry): Seal {
  const { seq, atMs, kind, author, revision, detail } = entry;
  return seal(`${id} entry ${seq} ${atMs} ${revision}`, [kind, author, detail]);
}

/** The same without a digest: of what stays in this process. */
export function sizeOfRevision({ author, reason, cause, amendments, written, differences }: StoredRevision): number {
  return sizeOf([author, reason, cause, amendments, written, differences]);
}

/** As it can be written in UTF-8, so that what is read is what was sealed. */
export function normalRevision(revision: StoredRevision): StoredRevision {
  return {
    number: revision.number,
    atMs: revision.atMs,
    author: revision.author.toWellFormed(),
    reason: revision.reason.toWellFormed(),
    cause: revision.cause.toWellFormed(),
    amendments: revision.amendments.toWellFormed(),
    written: revision.written.toWellFormed(),
    differences: revision.differences.toWellFormed(),
  };
}

/** The same for a note. */
export function normalNote({ name, text }: Note): Note {
  return { name: name.toWellFormed(), text: text.toWellFormed() };
}

/** The same for an entry, with its number. */
export function normalEntry(seq: number, entry: NewEntry): JournalEntry {
  return {
    seq,
    atMs: entry.atMs,
    kind: entry.kind.toWellFormed(),
    author: entry.author.toWellFormed(),
    revision: entry.revision,
    detail: entry.detail.toWellFormed(),
  };
}

function seal(head: string, texts: readonly string[]): Seal {
  const size = sizeOf(texts);
  // The lengths keep a character from moving from one field to the next unseen.
  const framed = `${head} ${texts.map((text) => text.length).join(' ')}`;
  return { size, digest: texts.reduce((digest, text) => crc32(text, digest), crc32(framed)) };
}

function sizeOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}
