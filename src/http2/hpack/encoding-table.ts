// The dynamic table as an encoder keeps it: what we have inserted at the peer. An entry is known by the line of the header block that it was made of.

import type { FieldLine } from './field-line.ts';
import type { Step } from './step.ts';
import { STATIC_ENTRIES } from './static-table.ts';

export class EncodingTable {
  maxSize: number;
  /** The oldest first. */
  readonly #entries: Step[] = [];
  #size = 0;
  /** Number of the newest entry. */
  #newest = 0;

  constructor(maxSize: number) {
    this.maxSize = maxSize;
  }

  /** Whether it is still in the table. */
  has(entry: Step): boolean {
    return entry.number > this.#newest - this.#entries.length;
  }

  indexOf(entry: Step): number {
    return STATIC_ENTRIES + 1 + this.#newest - entry.number;
  }

  /** The entry that was made of such a line, or undefined. */
  find({ block, from, to }: FieldLine, hash: number): Step | undefined {
    const length = to - from;
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at]!;
      if (entry.hash === hash && entry.text.length === length && block.startsWith(entry.text, from)) return entry;
    }
    return undefined;
  }

  /** It is not larger than the table. */
  insert(entry: Step): void {
    this.#evict(this.maxSize - entry.size);
    entry.number = ++this.#newest;
    this.#entries.push(entry);
    this.#size += entry.size;
  }

  resize(maxSize: number): void {
    this.maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(size: number): void {
    while (this.#size > size) {
      const entry = this.#entries.shift()!;
      this.#size -= entry.size;
      // What is evicted must not keep others that are.
      entry.next = undefined;
    }
  }
}
