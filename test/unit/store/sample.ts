// Revisions and entries to store, and what a store holds, for comparison.

import type { JournalEntry, NewEntry, Store, StoredRevision } from '../../../src/store/store.ts';

export function revisionOf(number: number, changes: Partial<StoredRevision> = {}): StoredRevision {
  return {
    number,
    atMs: 1_700_000_000_000 + number,
    author: 'ann',
    reason: `step ${number}`,
    cause: 'api',
    amendments: `{"split":${number}}`,
    written: JSON.stringify({
      pools: { shop: { weights: [number, 100 - number] } },
      text: 'x'.repeat(Math.abs(number * 397) % 3_000 || 0),
    }),
    differences: '[]',
    ...changes,
  };
}

export function entryOf(kind: string, changes: Partial<NewEntry> = {}): NewEntry {
  return { atMs: 1_700_000_000_000, kind, author: 'ann', revision: 1, detail: '{"a":1}', ...changes };
}

/** As the next one after the one before it. */
export function append(store: Store, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry> {
  return store.compareAndAppend(revision.number - 1, revision, entry);
}

/** Appends revisions up to that number. */
export async function grow(store: Store, upTo: number): Promise<void> {
  for (let number = ((await store.latest())?.number ?? 0) + 1; number <= upTo; number++) {
    await append(store, revisionOf(number), entryOf('applied', { revision: number }));
  }
}

export interface Held {
  readonly revisions: readonly StoredRevision[];
  readonly entries: readonly JournalEntry[];
}

export async function heldBy(store: Store): Promise<Held> {
  return { revisions: await store.list({ limit: 1_000 }), entries: await store.entries({ after: 0, limit: 1_000 }) };
}
