// Where desired state lives: numbered revisions and the journal of what happened. Synchronous; for the control thread alone.
// Every implementation keeps what test/contract/store.test.ts says. A store never looks into the JSON that it keeps.

/** One desired state. */
export interface StoredRevision {
  /** From 1, without gaps. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  /** What it came from: start, file, signal, api, restore. */
  readonly cause: string;
  /** JSON: what the API changed over the file, as it stood with this revision. */
  readonly amendments: string;
  /** JSON: the whole desired config in the words of the grammar. */
  readonly written: string;
  /** JSON: differences from the revision before. */
  readonly differences: string;
}

/** One thing that happened. */
export interface JournalEntry {
  /** From 1, without gaps. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly kind: string;
  readonly author: string;
  /** The revision that was in force, or that the entry made. */
  readonly revision: number;
  /** JSON. */
  readonly detail: string;
}

export type NewEntry = Omit<JournalEntry, 'seq'>;

/**
 * Texts come back as they were given; only halves of surrogate pairs become U+FFFD, as they have no bytes in UTF-8.
 * Every call throws `StoreFailed` when the disk fails it or the store is closed; the store then is as it was before the call.
 */
export interface Store {
  /** Made by chance with the store: numbers that another store gave out, such as one that was lost, mean nothing in this one. */
  readonly id: string;
  /** Of the newest entry; 0 when there is none. */
  readonly lastSeq: number;
  latest(): StoredRevision | undefined;
  /** Undefined also for one that was pruned. */
  find(number: number): StoredRevision | undefined;
  /** Newest first, those below `before`. */
  list(options: { readonly before?: number; readonly limit: number }): readonly StoredRevision[];
  /**
   * Durable when it returns: no death of the process and no loss of power undoes it. The entry is recorded in the same transaction.
   * Throws `RevisionConflict` when `revision.number` is not the latest plus 1: somebody else was quicker.
   */
  append(revision: StoredRevision, entry: NewEntry): JournalEntry;
  /** Survives the death of the process when it returns; a loss of power may take the last ones, up to the next `append`. */
  record(entry: NewEntry): JournalEntry;
  /** Oldest first, after `seq`. */
  entries(options: { readonly after: number; readonly limit: number }): readonly JournalEntry[];
  /** Idempotent. */
  close(): void;
}
