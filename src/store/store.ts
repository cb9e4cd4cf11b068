// Where desired state lives: numbered revisions and the journal of what happened. For the control thread alone.
// Every implementation keeps what test/contract/store.test.ts says. A store never looks into the JSON that it keeps.

/** One desired state. */
export interface StoredRevision {
  /** From 1, without gaps; behind the last one that is known of a store that was lost in the same place. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly author: string;
  readonly reason: string;
  /** What it came from: start, file, signal, api, restore, rollout, drill, preview. */
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

/** A text under a name, kept until it is set anew or removed, whatever becomes of the journal. */
export interface Note {
  /** Not empty. */
  readonly name: string;
  readonly text: string;
}

/** Which entries: those after `after` of this kind and time, and of these the oldest, or the newest. */
export interface EntryQuery {
  readonly after: number;
  readonly limit: number;
  /** Default: of any kind. */
  readonly kind?: string;
  /** Milliseconds since the epoch, inclusive; default: of any time. */
  readonly sinceMs?: number;
  /** Default: the oldest. However it is, they come oldest first. */
  readonly from?: 'oldest' | 'newest';
}

/**
 * Texts come back as they were given; only halves of surrogate pairs become U+FFFD, as they have no bytes in UTF-8.
 * Every call rejects with `StoreFailed` when the disk fails it or the store is closed; the store then is as it was before the call.
 * Calls take effect in the order in which they were made, also those that nobody waits for.
 */
export interface Store {
  /** Made by chance with the store: numbers that another store gave out, such as one that was lost, mean nothing in this one. */
  readonly id: string;
  /** Of the newest entry that this process knows; 0 when there is none. */
  readonly lastSeq: number;
  /** Of the oldest entry that is kept; 1 when there was none yet. */
  readonly firstSeq: number;
  /** Number of the newest revision; where none is kept, that behind which the first one begins. */
  readonly lastRevision: number;
  latest(): Promise<StoredRevision | undefined>;
  /** Undefined also for one that was pruned. */
  find(number: number): Promise<StoredRevision | undefined>;
  /** Newest first, those below `before`. */
  list(options: { readonly before?: number; readonly limit: number }): Promise<readonly StoredRevision[]>;
  /**
   * Durable when it resolves: no death of the process and no loss of power undoes it. The entry is recorded in the same transaction.
   * Rejects with `RevisionConflict` when `expected` is not the number of the latest revision (where there is none, `lastRevision`), since somebody else was
   * quicker, or when `revision.number` does not follow it.
   */
  compareAndAppend(expected: number, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry>;
  /** Survives the death of the process when it resolves; a loss of power may take the last ones, up to the next revision. */
  record(entry: NewEntry): Promise<JournalEntry>;
  /** Sets the note, and records the entry in the same transaction. Durable when it resolves, like a revision. */
  note(note: Note, entry: NewEntry): Promise<JournalEntry>;
  /** Sets the note without an entry. Survives the death of the process when it resolves; a loss of power may take it. */
  keepNote(note: Note): Promise<void>;
  /** All of them, by name. */
  notes(): Promise<readonly Note[]>;
  /** Removes notes; names of none are passed over. Survives the death of the process. */
  dropNotes(names: readonly string[]): Promise<void>;
  /** Oldest first. */
  entries(query: EntryQuery): Promise<readonly JournalEntry[]>;
  /** Entries from that number on, in order, as they come; what was pruned before it is read is missing. Ends when the store is closed. */
  watch(from: number): AsyncIterable<JournalEntry>;
  /** Idempotent. */
  close(): Promise<void>;
}
