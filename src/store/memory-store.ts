// A store that ends with the process: for `state: memory`, read-only disks and tests.

import { newKey } from '../lib/random.ts';
import { EntryWatch } from './entry-watch.ts';
import { DEFAULT_RETENTION, MAX_PAGE, NOTHING, extend, pageLength } from './retention.ts';
import type { Bound, Extent, Retention, Span } from './retention.ts';
import { normalEntry, normalNote, normalRevision, sealEntry, sizeOfRevision } from './seal.ts';
import { RevisionConflict, StoreFailed } from './store-errors.ts';
import type { EntryQuery, JournalEntry, NewEntry, Note, Store, StoredRevision } from './store.ts';

interface Kept<T> {
  readonly value: T;
  readonly size: number;
}

export class MemoryStore implements Store {
  readonly id: string;
  readonly #retention: Retention;
  readonly #revisions: Map<number, Kept<StoredRevision>>;
  readonly #entries: Map<number, Kept<JournalEntry>>;
  readonly #notes: Map<string, Note>;
  readonly #watch: EntryWatch;
  #extent: Extent;
  #closed: boolean;

  constructor(retention: Retention = DEFAULT_RETENTION) {
    this.id = newKey();
    this.#retention = retention;
    this.#revisions = new Map();
    this.#entries = new Map();
    this.#notes = new Map();
    this.#extent = NOTHING;
    this.#closed = false;
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
    this.#expectOpen();
    return this.#revisions.get(number)?.value;
  }

  async list(options: { readonly before?: number; readonly limit: number }): Promise<readonly StoredRevision[]> {
    this.#expectOpen();
    const { first, last } = this.#extent.revisions;
    const before = Math.min(options.before ?? Infinity, last + 1);
    const found: StoredRevision[] = [];
    for (let number = Math.ceil(before) - 1; number >= first && found.length < pageLength(options.limit); number--) {
      const kept = this.#revisions.get(number);
      if (kept !== undefined) found.push(kept.value);
    }
    return found;
  }

  async compareAndAppend(expected: number, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry> {
    this.#expectOpen();
    const { last } = this.#extent.revisions;
    if (expected !== last || revision.number !== last + 1) throw new RevisionConflict(revision.number, last);
    const value = Object.freeze(normalRevision(revision));
    const size = sizeOfRevision(value);
    const revisions = keep(this.#revisions, { value, size }, this.#extent.revisions, this.#retention.revisions);
    this.#extent = { revisions, entries: this.#extent.entries };
    return this.#record(entry);
  }

  async record(entry: NewEntry): Promise<JournalEntry> {
    return this.#record(entry);
  }

  async note(note: Note, entry: NewEntry): Promise<JournalEntry> {
    const added = this.#record(entry);
    const value = Object.freeze(normalNote(note));
    this.#notes.set(value.name, value);
    return added;
  }

  async keepNote(note: Note): Promise<void> {
    this.#expectOpen();
    const value = Object.freeze(normalNote(note));
    this.#notes.set(value.name, value);
  }

  async notes(): Promise<readonly Note[]> {
    this.#expectOpen();
    return [...this.#notes.values()].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  async dropNotes(names: readonly string[]): Promise<void> {
    this.#expectOpen();
    for (const name of names) this.#notes.delete(name);
  }

  async entries(query: EntryQuery): Promise<readonly JournalEntry[]> {
    return this.#listEntries(query);
  }

  watch(from: number): AsyncIterable<JournalEntry> {
    return this.#watch.from(from);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch.close();
    this.#revisions.clear();
    this.#entries.clear();
    this.#notes.clear();
  }

  #record(entry: NewEntry): JournalEntry {
    this.#expectOpen();
    const value = Object.freeze(normalEntry(this.lastSeq + 1, entry));
    const { size } = sealEntry(this.id, value);
    const entries = keep(this.#entries, { value, size }, this.#extent.entries, this.#retention.entries);
    this.#extent = { revisions: this.#extent.revisions, entries };
    this.#watch.wake();
    return value;
  }

  #listEntries({ after, limit, kind, sinceMs = -Infinity, from = 'oldest' }: EntryQuery): readonly JournalEntry[] {
    this.#expectOpen();
    const { first, last } = this.#extent.entries;
    const begin = Math.max(first, Math.floor(after) + 1);
    const found: JournalEntry[] = [];
    const [start, step] = from === 'oldest' ? [begin, 1] : [last, -1];
    for (let seq = start; seq >= begin && seq <= last && found.length < pageLength(limit); seq += step) {
      const value = this.#entries.get(seq)?.value;
      if (value === undefined || value.atMs < sinceMs) continue;
      if (kind === undefined || value.kind === kind) found.push(value);
    }
    return from === 'oldest' ? found : found.reverse();
  }

  #expectOpen(): void {
    if (this.#closed) throw new StoreFailed('the state cannot be reached: the store is closed');
  }
}

function keep<T>(items: Map<number, Kept<T>>, item: Kept<T>, span: Span, bound: Bound): Span {
  const next = extend(span, item.size, bound, (number) => items.get(number)?.size ?? 0);
  items.set(next.last, item);
  for (let number = span.first; number < next.first; number++) items.delete(number);
  return next;
}
