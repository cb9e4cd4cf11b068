// One walk over the checked field lines of a head: takes the values that we act on and joins the other lines into a block,
// in runs of untouched bytes. It judges nothing; the lines must have passed `endOfFieldLines`.

import { FieldValues } from '../http/field-values.ts';
import {
  FIELD_DATE,
  FIELD_KEEP_ALIVE,
  FIELD_LOOKALIKE,
  FIELD_OUTCOME,
  FIELD_PLAIN,
  FIELD_PROXY_CONNECTION,
  FIELD_TRANSFER_ENCODING,
  fieldAt,
} from '../http/known-fields.ts';

// Of the others it is enough that they leave the block.
const VALUED = ~(
  (1 << FIELD_KEEP_ALIVE) |
  (1 << FIELD_PROXY_CONNECTION) |
  (1 << FIELD_LOOKALIKE) |
  (1 << FIELD_OUTCOME) |
  (1 << FIELD_DATE)
);

/** What the last walk found. Reused. */
export class SortedFields extends FieldValues {
  block = '';
  /** Number of field lines. */
  count = 0;

  /** Sorts the lines of `text` from `from` to the empty line that ends at `end`; fields in the mask `cut` do not enter the block. */
  sort(text: string, from: number, end: number, cut: number): void {
    const last = end - 2;
    let block = '';
    let runStart = from;
    let count = 0;
    this.seen = 0;
    for (let at = from; at < last; count++) {
      const next = text.indexOf('\n', at) + 1;
      const field = fieldAt(text, at);
      if (field !== FIELD_PLAIN) {
        if (field === FIELD_DATE) this.seen |= 1 << FIELD_DATE;
        if ((VALUED & (1 << field)) !== 0) this.add(field, valueOfLine(text, at, next - 2, field));
        if ((cut & (1 << field)) !== 0) {
          if (runStart < at) block += text.slice(runStart, at);
          runStart = next;
        }
      }
      at = next;
    }
    if (runStart < last) block += text.slice(runStart, last);
    this.block = block;
    this.count = count;
  }
}

// A tab after a transfer coding stays, and makes it malformed: some recipients do not know `chunked` with a tab.
function valueOfLine(text: string, from: number, to: number, field: number): string {
  let start = text.indexOf(':', from) + 1;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  if (field === FIELD_TRANSFER_ENCODING) while (end > start && text.charCodeAt(end - 1) === 0x20) end--;
  else while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
