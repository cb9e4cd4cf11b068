// A store that ends with the process: for `state: memory`, read-only disks and tests.

import { newKey } from '../lib/random.ts';
import { DEFAULT_RETENTION, NOTHING, extend, pageLength } from './retention.ts';
import type { Bound, Extent, Retention, Span } from './retention.ts';
import { normalEntry, normalRevision, sealEntry, sealRevision } from './seal.ts';
import { RevisionConflict, StoreFailed } from './store-errors.ts';
import type { JournalEntry, NewEntry, Store, StoredRevision } from './store.ts';

interface Kept<T> {
  readonly value: T;
  readonly size: number;
}

export class MemoryStore implements Store {
  readonly id: string;
  readonly #retention: Retention;
  readonly #revisions: Map<number, Kept<StoredRevision>>;
  readonly #entries: Map<number, Kept<JournalEntry>>;
  #extent: Extent;
  #closed: boolean;

  constructor(retention: Retention = DEFAULT_RETENTION) {
    this.id = newKey();
    this.#retention = retention;
    this.#revisions = new Map();
    this.#entries = new Map();
    this.#extent = NOTHING;
    this.#closed = false;
  }

  get lastSeq(): number {
    return this.#extent.entries.last;
  }

  latest(): StoredRevision | undefined {
    return this.find(this.#extent.revisions.last);
  }

  find(number: number): StoredRevision | undefined {
    this.#expectOpen();
    return this.#revisions.get(number)?.value;
  }

  list(options: { readonly before?: number; readonly limit: number }): readonly StoredRevision[] {
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

  append(revision: StoredRevision, entry: NewEntry): JournalEntry {
    this.#expectOpen();
    const { last } = this.#extent.revisions;
    if (revision.number !== last + 1) throw new RevisionConflict(revision.number, last);
    const value = Object.freeze(normalRevision(revision));
    const { size } = sealRevision(this.id, value);
    const revisions = keep(this.#revisions, { value, size }, this.#extent.revisions, this.#retention.revisions);
    this.#extent = { revisions, entries: this.#extent.entries };
    return this.record(entry);
  }

  record(entry: NewEntry): JournalEntry {
    this.#expectOpen();
    const value = Object.freeze(normalEntry(this.lastSeq + 1, entry));
    const { size } = sealEntry(this.id, value);
    const entries = keep(this.#entries, { value, size }, this.#extent.entries, this.#retention.entries);
    this.#extent = { revisions: this.#extent.revisions, entries };
    return value;
  }

  entries(options: { readonly after: number; readonly limit: number }): readonly JournalEntry[] {
    this.#expectOpen();
    const { first, last } = this.#extent.entries;
    const found: JournalEntry[] = [];
    for (let seq = Math.max(first, Math.floor(options.after) + 1); seq <= last && found.length < pageLength(options.limit); seq++) {
      const kept = this.#entries.get(seq);
      if (kept !== undefined) found.push(kept.value);
    }
    return found;
  }

  close(): void {
    this.#closed = true;
    this.#revisions.clear();
    this.#entries.clear();
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
