// One decoded field: an entry of a table, or what a block holds in full. What it is was found out once, when its bytes were read.

import { BAD_VALUE, FIELD_PATH, kindOf } from '../field-kinds.ts';
import { FIELD_PLAIN } from '../../http/known-fields.ts';
import { TARGET_FAULT, VALUE_FAULT } from '../byte-faults.ts';

/** Each field counts for this much more than its name and value (RFC 7541, section 4.1). */
const OVERHEAD = 32;

export class Field {
  /** As it stands in a header block: `name: value`, with CRLF. */
  line: string;
  nameLength: number;
  kind: number;
  /** The bit of its kind, and BAD_VALUE. */
  mask: number;
  /** Empty for fields that are only passed on. */
  value: string;
  /** In octets, as tables and limits count it. */
  size: number;
  /** The beginning of the line, before its value, once another field has taken a long name from this one. */
  start = '';

  constructor(line: string, nameLength: number, kind: number, mask: number, value: string) {
    this.line = line;
    this.nameLength = nameLength;
    this.kind = kind;
    this.mask = mask;
    this.value = value;
    this.size = sizeOfLine(line.length);
  }
}

/** The value of a line; empty for a field that is only passed on. */
export function valueOfLine(line: string, nameLength: number, kind: number): string {
  return kind === FIELD_PLAIN ? '' : line.slice(nameLength + 2, -2);
}

/** @param length of the line with its CRLF */
export function sizeOfLine(length: number): number {
  return length - ': \r\n'.length + OVERHEAD;
}

/** The bit of a kind, with BAD_VALUE when the value's `BYTE_FAULTS` say so. */
export function maskOf(kind: number, valueFaults: number): number {
  const bad = kind === FIELD_PATH ? valueFaults & (VALUE_FAULT | TARGET_FAULT) : valueFaults & VALUE_FAULT;
  return bad === 0 ? 1 << kind : (1 << kind) | BAD_VALUE;
}

/** A field of the static table. */
export function makeField(name: string, value: string): Field {
  const line = `${name}: ${value}\r\n`;
  const kind = kindOf(line, name.length, 0);
  return new Field(line, name.length, kind, 1 << kind, valueOfLine(line, name.length, kind));
}
