// One walk over the checked field lines of a head: takes the values that we act on and joins the other lines into a block,
// in runs of untouched bytes. It judges nothing; the lines must have passed `endOfFieldLines`.

import { FORWARDED_PREFIX, SHADOW_FIELD } from '../http/forwarding-fields.ts';

/** The fields that we act on, numbered so that sets of them are bit masks. */
export const FIELD_HOST = 1;
export const FIELD_CONNECTION = 2;
const FIELD_KEEP_ALIVE = 3;
const FIELD_PROXY_CONNECTION = 4;
export const FIELD_TE = 5;
export const FIELD_TRANSFER_ENCODING = 6;
const FIELD_UPGRADE = 7;
export const FIELD_CONTENT_LENGTH = 8;
export const FIELD_EXPECT = 9;
export const FIELD_FORWARDED_FOR = 10;
export const FIELD_FORWARDED_PROTO = 11;
export const FIELD_FORWARDED_HOST = 12;
const FIELD_FORWARDED = 13;
export const FIELD_VIA = 14;
export const FIELD_REQUEST_ID = 15;
/** A name that differs from one that we act on only in `_` for `-`; some applications cannot tell them apart. */
export const FIELD_LOOKALIKE = 16;
/** Other forwarding fields, which stay in the block: `x-forwarded-port`, `x-real-ip`, the mark of a copy. */
export const FIELD_FORWARDED_OTHER = 17;
const FIELD_PLAIN = 0;

export const HOP_BY_HOP_MASK =
  (1 << FIELD_CONNECTION) |
  (1 << FIELD_KEEP_ALIVE) |
  (1 << FIELD_PROXY_CONNECTION) |
  (1 << FIELD_TE) |
  (1 << FIELD_TRANSFER_ENCODING) |
  (1 << FIELD_UPGRADE);

export const FORWARDING_MASK =
  (1 << FIELD_FORWARDED_FOR) |
  (1 << FIELD_FORWARDED_PROTO) |
  (1 << FIELD_FORWARDED_HOST) |
  (1 << FIELD_FORWARDED) |
  (1 << FIELD_VIA) |
  (1 << FIELD_REQUEST_ID);

// Of the others it is enough that they leave the block.
const VALUED = ~(
  (1 << FIELD_KEEP_ALIVE) |
  (1 << FIELD_PROXY_CONNECTION) |
  (1 << FIELD_UPGRADE) |
  (1 << FIELD_FORWARDED) |
  (1 << FIELD_LOOKALIKE)
);

/** What the last walk found. Reused: only fields whose bit is set in `seen` hold a value of it. */
export class SortedFields {
  block = '';
  /** Number of field lines. */
  count = 0;
  seen = 0;
  /** Number of lines by field number. */
  readonly lines: number[] = new Array<number>(18).fill(0);
  /** Value by field number, without outer whitespace; several lines joined by `, `. */
  readonly values: string[] = new Array<string>(18).fill('');

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
        if ((VALUED & (1 << field)) !== 0) this.#add(field, valueOfLine(text, at, next - 2, field));
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

  #add(field: number, value: string): void {
    const first = (this.seen & (1 << field)) === 0;
    this.seen |= 1 << field;
    this.values[field] = first ? value : `${this.values[field]!}, ${value}`;
    this.lines[field] = first ? 1 : this.lines[field]! + 1;
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

// First letter, then the place of the colon, and only then the letters: most lines are passed after one or two looks.
function fieldAt(text: string, at: number): number {
  switch (text.charCodeAt(at) | 0x20) {
    case 0x63: // c
      if (text.charCodeAt(at + 10) === 0x3a) return match(text, at, 'connection', FIELD_CONNECTION);
      if (text.charCodeAt(at + 14) === 0x3a) return match(text, at, 'content-length', FIELD_CONTENT_LENGTH);
      return FIELD_PLAIN;
    case 0x65: // e
      return text.charCodeAt(at + 6) === 0x3a ? match(text, at, 'expect', FIELD_EXPECT) : FIELD_PLAIN;
    case 0x66: // f
      return text.charCodeAt(at + 9) === 0x3a ? match(text, at, 'forwarded', FIELD_FORWARDED) : FIELD_PLAIN;
    case 0x68: // h
      return text.charCodeAt(at + 4) === 0x3a ? match(text, at, 'host', FIELD_HOST) : FIELD_PLAIN;
    case 0x6b: // k
      return text.charCodeAt(at + 10) === 0x3a ? match(text, at, 'keep-alive', FIELD_KEEP_ALIVE) : FIELD_PLAIN;
    case 0x70: // p
      return text.charCodeAt(at + 16) === 0x3a ? match(text, at, 'proxy-connection', FIELD_PROXY_CONNECTION) : FIELD_PLAIN;
    case 0x74: // t
      if (text.charCodeAt(at + 2) === 0x3a) return match(text, at, 'te', FIELD_TE);
      if (text.charCodeAt(at + 14) === 0x3a) return match(text, at, 'true-client-ip', FIELD_FORWARDED_OTHER);
      return text.charCodeAt(at + 17) === 0x3a ? match(text, at, 'transfer-encoding', FIELD_TRANSFER_ENCODING) : FIELD_PLAIN;
    case 0x75: // u
      return text.charCodeAt(at + 7) === 0x3a ? match(text, at, 'upgrade', FIELD_UPGRADE) : FIELD_PLAIN;
    case 0x76: // v
      return text.charCodeAt(at + 3) === 0x3a ? match(text, at, 'via', FIELD_VIA) : FIELD_PLAIN;
    case 0x78: // x
      return extensionAt(text, at);
    default:
      return FIELD_PLAIN;
  }
}

function extensionAt(text: string, at: number): number {
  const field = knownExtensionAt(text, at);
  if (field !== FIELD_PLAIN) return field;
  const family = match(text, at, FORWARDED_PREFIX, FIELD_FORWARDED_OTHER);
  return family === FIELD_FORWARDED_OTHER && hasUnderscore(text, at + FORWARDED_PREFIX.length) ? FIELD_LOOKALIKE : family;
}

/** Whether the rest of a name, from `at`, has one. It never looks beyond the name: a head may have many of them. */
function hasUnderscore(text: string, at: number): boolean {
  for (let index = at; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x3a) return false;
    if (code === 0x5f) return true;
  }
  return false;
}

function knownExtensionAt(text: string, at: number): number {
  if (text.charCodeAt(at + 9) === 0x3a) return match(text, at, 'x-real-ip', FIELD_FORWARDED_OTHER);
  if (text.charCodeAt(at + 12) === 0x3a) return match(text, at, 'x-request-id', FIELD_REQUEST_ID);
  if (text.charCodeAt(at + 15) === 0x3a) {
    const field = match(text, at, 'x-forwarded-for', FIELD_FORWARDED_FOR);
    return field === FIELD_PLAIN ? match(text, at, SHADOW_FIELD, FIELD_FORWARDED_OTHER) : field;
  }
  if (text.charCodeAt(at + 16) === 0x3a) return match(text, at, 'x-forwarded-host', FIELD_FORWARDED_HOST);
  return text.charCodeAt(at + 17) === 0x3a ? match(text, at, 'x-forwarded-proto', FIELD_FORWARDED_PROTO) : FIELD_PLAIN;
}

// In a name, bit 5 tells upper from lower case and nothing else, save that it turns `_` into 0x7f.
function match(text: string, at: number, name: string, field: number): number {
  let found = field;
  for (let i = 1; i < name.length; i++) {
    const code = text.charCodeAt(at + i) | 0x20;
    const wanted = name.charCodeAt(i);
    if (code === wanted) continue;
    if (code !== 0x7f || wanted !== 0x2d) return FIELD_PLAIN;
    found = FIELD_LOOKALIKE;
  }
  return found;
}
