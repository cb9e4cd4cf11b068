// The dynamic table as a decoder keeps it (RFC 7541, section 4): what the peer inserts, within the size that we allow.

import type { Field } from './field.ts';

const FIRST_CAPACITY = 16;

export class DecodingTable {
  /** Changes with the entries: what was read under one version means the same under it. */
  version = 0;
  /** A ring; its length is a power of two. */
  #entries: (Field | undefined)[] = new Array<Field | undefined>(FIRST_CAPACITY).fill(undefined);
  #newest = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  /** @param maxSize in octets, as the table counts them */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The entry of this age, from 1 for the newest; undefined when there is none. */
  find(age: number): Field | undefined {
    if (age > this.#count) return undefined;
    return this.#entries[(this.#newest - age + 1) & (this.#entries.length - 1)];
  }

  /** One that is larger than the table only empties it (RFC 7541, section 4.4). */
  insert(field: Field): void {
    this.version++;
    this.#evict(this.#maxSize - field.size);
    if (field.size > this.#maxSize) return;
    if (this.#count === this.#entries.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#entries.length - 1);
    this.#entries[this.#newest] = field;
    this.#count++;
    this.#size += field.size;
  }

  resize(maxSize: number): void {
    this.version++;
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  /** Evicts the oldest entries until the others are not larger than this together. */
  #evict(size: number): void {
    while (this.#size > size && this.#count > 0) {
      const oldest = (this.#newest - this.#count + 1) & (this.#entries.length - 1);
      this.#size -= this.#entries[oldest]!.size;
      this.#entries[oldest] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const { length } = this.#entries;
    const entries = new Array<Field | undefined>(length * 2).fill(undefined);
    for (let age = 1; age <= this.#count; age++) entries[length - age] = this.find(age);
    this.#entries = entries;
    this.#newest = length - 1;
  }
}
