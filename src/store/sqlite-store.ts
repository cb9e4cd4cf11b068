// A store in one SQLite file that is open in this process alone. Each call is one transaction, done before the call returns its promise; the
// extent that this object knows changes only after a commit. Opened by open-store.ts, which has inspected the file.

import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { EntryWatch } from './entry-watch.ts';
import { MAX_PAGE, extend, pageLength } from './retention.ts';
import type { Extent, Retention } from './retention.ts';
import type { Inspected } from './inspect.ts';
import { toEntry, toNote, toRevision } from './rows.ts';
import type { Statements } from './schema.ts';
import type { SealedChanges } from './sealed-changes.ts';
import { normalEntry, normalNote, normalRevision, sealEntry, sealNote, sealRevision } from './seal.ts';
import { RevisionConflict, StoreFailed, messageOf } from './store-errors.ts';
import type { EntryQuery, JournalEntry, NewEntry, Note, Store, StoredRevision } from './store.ts';

export interface OpenedDatabase extends Inspected {
  readonly db: DatabaseSync;
  readonly statements: Statements;
  /** For messages. */
  readonly path: string;
  readonly retention: Retention;
  /** Follows the newest revision. */
  readonly sealed: SealedChanges;
  /** Called once, after the file was closed. */
  readonly onClosed: () => void;
}

// A log of some MiB at most.
const RECORDS_PER_CHECKPOINT = 256;

export class SqliteStore implements Store {
  readonly id: string;
  readonly #opened: OpenedDatabase;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #inode: bigint | undefined;
  readonly #watch: EntryWatch;
  #extent: Extent;
  #records: number;

  constructor(opened: OpenedDatabase) {
    this.id = opened.id;
    this.#opened = opened;
    this.#db = opened.db;
    this.#sql = opened.statements;
    this.#inode = inodeOf(opened.path);
    this.#extent = opened.extent;
    this.#records = 0;
    this.#watch = new EntryWatch((after) => this.#listEntries({ after, limit: MAX_PAGE }));
  }

  get lastSeq(): number {
    return this.#extent.entries.last;
  }

  get lastRevision(): number {
    return this.#extent.revisions.last;
  }

  get firstSeq(): number {
    return this.#extent.entries.first;
  }

  async latest(): Promise<StoredRevision | undefined> {
    return this.find(this.#extent.revisions.last);
  }

  async find(number: number): Promise<StoredRevision | undefined> {
    return this.#read(() => {
      const row = this.#sql.findRevision.get(number);
      return row === undefined ? undefined : toRevision(this.id, row);
    });
  }

  async list(options: { readonly before?: number; readonly limit: number }): Promise<readonly StoredRevision[]> {
    const before = options.before ?? Infinity;
    return this.#read(() => this.#sql.listRevisions.all(before, pageLength(options.limit)).map((row) => toRevision(this.id, row)));
  }

  async compareAndAppend(expected: number, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry> {
    this.#expectOpen();
    const { last } = this.#extent.revisions;
    if (expected !== last || revision.number !== last + 1) throw new RevisionConflict(revision.number, last);
    const added = this.#write(() => {
      this.#expectFile();
      this.#db.exec('PRAGMA synchronous = FULL');
      this.#sql.begin.run();
      const revisions = this.#addRevision(normalRevision(revision));
      return this.#addEntry(normalEntry(this.lastSeq + 1, entry), revisions);
    });
    this.#checkpoint();
    this.#opened.sealed.write(normalRevision(revision));
    return added;
  }

  async record(entry: NewEntry): Promise<JournalEntry> {
    this.#expectOpen();
    const added = this.#write(() => {
      // Refused calls are recorded too: strangers who knock must not make this thread wait for the disk.
      this.#db.exec('PRAGMA synchronous = NORMAL');
      this.#sql.begin.run();
      return this.#addEntry(normalEntry(this.lastSeq + 1, entry), this.#extent.revisions);
    });
    this.#records++;
    if (this.#records >= RECORDS_PER_CHECKPOINT) this.#checkpoint();
    return added;
  }

  async note(note: Note, entry: NewEntry): Promise<JournalEntry> {
    this.#expectOpen();
    const { name, text } = normalNote(note);
    const { size, digest } = sealNote(this.id, { name, text });
    const added = this.#write(() => {
      this.#expectFile();
      this.#db.exec('PRAGMA synchronous = FULL');
      this.#sql.begin.run();
      this.#sql.setNote.run(name, size, digest, text);
      return this.#addEntry(normalEntry(this.lastSeq + 1, entry), this.#extent.revisions);
    });
    this.#checkpoint();
    return added;
  }

  async keepNote(note: Note): Promise<void> {
    this.#expectOpen();
    const { name, text } = normalNote(note);
    const { size, digest } = sealNote(this.id, { name, text });
    this.#change(() => {
      this.#expectFile();
      this.#db.exec('PRAGMA synchronous = NORMAL');
      this.#sql.begin.run();
      this.#sql.setNote.run(name, size, digest, text);
    });
    this.#records++;
    if (this.#records >= RECORDS_PER_CHECKPOINT) this.#checkpoint();
  }

  async notes(): Promise<readonly Note[]> {
    return this.#read(() => this.#sql.listNotes.all().map((row) => toNote(this.id, row)));
  }

  async dropNotes(names: readonly string[]): Promise<void> {
    this.#expectOpen();
    this.#change(() => {
      this.#db.exec('PRAGMA synchronous = NORMAL');
      this.#sql.begin.run();
      for (const name of names) this.#sql.dropNote.run(name.toWellFormed());
    });
  }

  async entries(query: EntryQuery): Promise<readonly JournalEntry[]> {
    return this.#listEntries(query);
  }

  watch(from: number): AsyncIterable<JournalEntry> {
    return this.#watch.from(from);
  }

  /** Writes all that is kept into a database at `path`, which is empty so far. It is done when the call returns. */
  copyTo(path: string): void {
    this.#read(() => this.#db.prepare('VACUUM INTO ?').run(path));
  }

  async close(): Promise<void> {
    if (!this.#db.isOpen) return;
    this.#watch.close();
    // Writes the log into the file and removes it.
    this.#db.close();
    this.#opened.onClosed();
  }

  #listEntries({ after, limit, kind, sinceMs = -Infinity, from = 'oldest' }: EntryQuery): readonly JournalEntry[] {
    const statement = from === 'oldest' ? this.#sql.listEntries : this.#sql.listNewestEntries;
    const found = this.#read(() => statement.all(after, kind ?? null, sinceMs, pageLength(limit)).map((row) => toEntry(this.id, row)));
    return from === 'oldest' ? found : found.reverse();
  }

  #addRevision(revision: StoredRevision): Extent['revisions'] {
    const { number, atMs, author, reason, cause, amendments, written, differences } = revision;
    const { size, digest } = sealRevision(this.id, revision);
    const span = this.#extent.revisions;
    const next = extend(span, size, this.#opened.retention.revisions, (old) => Number(this.#sql.revisionSize.get(old)?.['size']));
    this.#sql.addRevision.run(number, atMs, size, digest, author, reason, cause, amendments, written, differences);
    if (next.first > span.first) this.#sql.dropRevisions.run(next.first);
    return next;
  }

  #addEntry(entry: JournalEntry, revisions: Extent['revisions']): { readonly entry: JournalEntry; readonly extent: Extent } {
    const { seq, atMs, kind, author, revision, detail } = entry;
    const { size, digest } = sealEntry(this.id, entry);
    const span = this.#extent.entries;
    const entries = extend(span, size, this.#opened.retention.entries, (old) => Number(this.#sql.entrySize.get(old)?.['size']));
    this.#sql.addEntry.run(seq, atMs, size, digest, revision, kind, author, detail);
    if (entries.first > span.first) this.#sql.dropEntries.run(entries.first);
    this.#sql.setExtent.run(revisions.first, revisions.last, revisions.size, entries.first, entries.last, entries.size);
    return { entry, extent: { revisions, entries } };
  }

  #write(change: () => { readonly entry: JournalEntry; readonly extent: Extent }): JournalEntry {
    const { entry, extent } = this.#change(change);
    this.#extent = extent;
    this.#watch.wake();
    return Object.freeze(entry);
  }

  /** One transaction, which `change` begins. */
  #change<T>(change: () => T): T {
    try {
      const done = change();
      this.#sql.commit.run();
      return done;
    } catch (error) {
      this.#rollBack();
      throw new StoreFailed(`the state was not written to ${this.#opened.path}: ${messageOf(error)}; nothing was changed`, {
        cause: error,
      });
    }
  }

  #rollBack(): void {
    try {
      // SQLite has done it itself after some faults of the disk.
      if (this.#db.isTransaction) this.#sql.rollback.run();
    } catch {
      // The next begin says so, and nothing was committed.
    }
  }

  /**
   * Copies the log into the file; the next transaction then writes the log anew. As this follows every append, damage of the log
   * can take no revision: the file has them all. Where the disk is full the log still has them, and the next append tries again.
   */
  #checkpoint(): void {
    try {
      this.#sql.checkpoint.get();
      this.#records = 0;
    } catch {
      // What was committed is durable without it.
    }
  }

  #read<T>(look: () => T): T {
    this.#expectOpen();
    try {
      return look();
    } catch (error) {
      throw new StoreFailed(`the state cannot be read from ${this.#opened.path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** SQLite would go on writing to a file that has no name any more, and all of it would be gone with the process. */
  #expectFile(): void {
    if (inodeOf(this.#opened.path) === this.#inode) return;
    throw new Error('somebody removed or replaced the file while it was in use; restart Sluice to begin anew there');
  }

  #expectOpen(): void {
    if (!this.#db.isOpen) throw new StoreFailed('the state cannot be reached: the store is closed');
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
