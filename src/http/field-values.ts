// Values of the known fields of one head, gathered while it is read.

import { KNOWN_FIELDS } from './known-fields.ts';

/** Reused: only fields whose bit is set in `seen` hold a value of the last head. */
export class FieldValues {
  /** Of known fields, by number. */
  seen = 0;
  /** Number of lines by field number. */
  readonly lines: number[] = new Array<number>(KNOWN_FIELDS).fill(0);
  /** Value by field number, without outer whitespace; several lines joined by `, `. */
  readonly values: string[] = new Array<string>(KNOWN_FIELDS).fill('');

  has(field: number): boolean {
    return (this.seen & (1 << field)) !== 0;
  }

  /** The value, or empty when there is no such line. */
  value(field: number): string {
    return (this.seen & (1 << field)) === 0 ? '' : this.values[field]!;
  }

  /** Number of lines with this name. */
  linesOf(field: number): number {
    return (this.seen & (1 << field)) === 0 ? 0 : this.lines[field]!;
  }

  /** Takes the value of one more line. */
  add(field: number, value: string): void {
    const first = (this.seen & (1 << field)) === 0;
    this.seen |= 1 << field;
    this.values[field] = first ? value : `${this.values[field]!}, ${value}`;
    this.lines[field] = first ? 1 : this.lines[field]! + 1;
  }
}
