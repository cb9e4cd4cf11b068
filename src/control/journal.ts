// What happened, in order: written to the store, told to who follows. It decides nothing.

import { formatDifference } from '../config/diff.ts';
import { writtenAsJson } from '../config/print.ts';
import type { Difference } from '../config/diff.ts';
import { StoreFailed } from '../store/store-errors.ts';
import type { EntryQuery, JournalEntry, NewEntry, Note, Store, StoredRevision } from '../store/store.ts';
import type { JournalLine } from '../api/journal.ts';
import type { RevisionSummary } from '../api/revisions.ts';

/** What a new revision says of itself. */
export interface NewRevision {
  readonly number: number;
  readonly cause: string;
  readonly author: string;
  readonly reason: string;
  /** What the API changed over the file, as it stands now. */
  readonly amendments: readonly unknown[];
  /** The whole desired config in the words of the grammar. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly differences: readonly Difference[];
  /** Further facts for the journal. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Each holds a whole config. */
const MAX_LATE = 16;
/** Bounds what one journal line repeats of a revision. */
const DIFFERENCES_SHOWN = 50;

interface Late {
  readonly revision: NewRevision;
  readonly stored: StoredRevision;
}

export class Journal {
  readonly #store: Store;
  readonly #wallMs: () => number;
  /** Of the newest revision; 0 = there is none. */
  #number: number;
  /** In force, and not kept yet; oldest first. */
  readonly #late: Late[] = [];
  readonly #followers = new Set<(line: JournalLine) => void>();

  /** @param wallMs milliseconds since the epoch */
  constructor(store: Store, wallMs: () => number) {
    this.#store = store;
    this.#wallMs = wallMs;
    this.#number = store.latest()?.number ?? 0;
  }

  /** Of the newest revision, kept or late; 0 = there is none. */
  get number(): number {
    return this.#number;
  }

  /** Durable when it returns, with all that were late. Throws when it cannot be kept; then it was not. */
  keep(revision: NewRevision): void {
    this.#catchUp();
    this.#append(this.#stamp(revision));
    this.#number = revision.number;
  }

  /**
   * For a revision that is in force although it could not be kept, since its file is: it is kept before the next one.
   * Throws when too many are late.
   */
  keepLater(revision: NewRevision): void {
    if (this.#late.length >= MAX_LATE) throw new Error(`more than ${MAX_LATE} revisions in a row could not be kept`);
    this.#late.push(this.#stamp(revision));
    this.#number = revision.number;
  }

  /** The last chance for what is late. Never throws. */
  close(): void {
    try {
      this.#catchUp();
    } catch {
      // It was told when it could not be kept; the file still says it.
    }
  }

  #catchUp(): void {
    for (;;) {
      const [oldest] = this.#late;
      if (oldest === undefined) return;
      this.#append(oldest);
      this.#late.shift();
    }
  }

  #stamp(revision: NewRevision): Late {
    const { number, cause, author, reason, amendments, written, differences } = revision;
    const texts = {
      amendments: JSON.stringify(amendments),
      written: writtenAsJson(written),
      differences: JSON.stringify(differences),
    };
    return { revision, stored: { number, atMs: this.#wallMs(), cause, author, reason, ...texts } };
  }

  #append({ revision, stored }: Late): void {
    const { number, cause, author, reason, differences, facts } = revision;
    const changes = differences.slice(0, DIFFERENCES_SHOWN).map(formatDifference);
    const detail = { cause, reason, changes, changeCount: differences.length, ...facts };
    const entry = { atMs: stored.atMs, kind: 'revision', author, revision: number, detail: JSON.stringify(detail) };
    this.#tell({ ...this.#store.append(stored, entry), detail });
  }

  /** A thing that made no revision. What cannot be kept is told to followers all the same. */
  record(kind: string, by: { readonly author: string; readonly revision: number }, detail: Readonly<Record<string, unknown>>): void {
    const entry = { atMs: this.#wallMs(), kind, ...by, detail: JSON.stringify(detail) };
    this.#tell({ ...this.#recorded(entry), detail });
  }

  /** The same, with a note that outlasts it; both are durable when it returns. Throws when they cannot be kept; then neither was. */
  note(note: Note, entry: Omit<JournalLine, 'seq' | 'atMs'>): JournalLine {
    const kept = this.#store.note(note, { ...entry, atMs: this.#wallMs(), detail: JSON.stringify(entry.detail) });
    const line = { ...kept, detail: entry.detail };
    this.#tell(line);
    return line;
  }

  get notes(): readonly Note[] {
    return this.#store.notes();
  }

  /** Throws when the store fails. */
  dropNotes(names: readonly string[]): void {
    if (names.length > 0) this.#store.dropNotes(names);
  }

  /** Numbers of the oldest and the newest line on record. */
  get span(): { readonly first: number; readonly last: number } {
    return { first: this.#store.firstSeq, last: this.#store.lastSeq };
  }

  lines(query: EntryQuery): readonly JournalLine[] {
    return this.#store.entries(query).map((entry) => ({ ...entry, detail: JSON.parse(entry.detail) as JournalLine['detail'] }));
  }

  follow(onLine: (line: JournalLine) => void): () => void {
    this.#followers.add(onLine);
    return () => void this.#followers.delete(onLine);
  }

  revisions({ before, limit }: { readonly before: number | undefined; readonly limit: number }): readonly RevisionSummary[] {
    const late = this.#late.map(({ stored }) => stored).filter(({ number }) => before === undefined || number < before);
    const kept = this.#store.list(before === undefined ? { limit } : { before, limit });
    return [...late.reverse(), ...kept].slice(0, limit).map(summaryOf);
  }

  find(number: number): { readonly summary: RevisionSummary; readonly written: unknown; readonly amendments: unknown } | undefined {
    const found = this.#late.find(({ stored }) => stored.number === number)?.stored ?? this.#store.find(number);
    if (found === undefined) return undefined;
    return { summary: summaryOf(found), written: JSON.parse(found.written), amendments: JSON.parse(found.amendments) };
  }

  get latest(): { readonly number: number; readonly written: unknown; readonly amendments: unknown } | undefined {
    const found = this.#store.latest();
    return found && { number: found.number, written: JSON.parse(found.written), amendments: JSON.parse(found.amendments) };
  }

  /** What is not kept gets no number of its own: who resumes after it misses nothing that is kept. */
  #recorded(entry: NewEntry): JournalEntry {
    try {
      return this.#store.record(entry);
    } catch (error) {
      if (error instanceof StoreFailed) return { ...entry, seq: this.#store.lastSeq };
      throw error;
    }
  }

  #tell(line: JournalLine): void {
    for (const follower of this.#followers) follower(line);
  }
}

function summaryOf(stored: NonNullable<ReturnType<Store['latest']>>): RevisionSummary {
  const { number, atMs, author, reason, cause, differences } = stored;
  return { revision: number, atMs, author, reason, cause, differences: JSON.parse(differences) as readonly Difference[] };
}
