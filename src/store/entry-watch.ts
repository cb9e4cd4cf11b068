// Hands on the entries of a journal as they come, in order, to each who watches. It holds none: what a reader has not taken is read again.

import type { JournalEntry } from './store.ts';

/** Entries after that number, oldest first; empty where there is none yet. */
export type ReadEntries = (after: number) => readonly JournalEntry[];

export class EntryWatch {
  readonly #read: ReadEntries;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(read: ReadEntries) {
    this.#read = read;
  }

  /** Ends when the store is closed. What was pruned meanwhile is left out: its numbers are missing. */
  async *from(from: number): AsyncGenerator<JournalEntry, void, undefined> {
    let after = from - 1;
    while (!this.#closed) {
      const page = this.#read(after);
      if (page.length === 0) await new Promise<void>((resolve) => void this.#waiting.add(resolve));
      for (const entry of page) {
        after = entry.seq;
        yield entry;
        if (this.#closed) return;
      }
    }
  }

  /** There is another entry. */
  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }
}
