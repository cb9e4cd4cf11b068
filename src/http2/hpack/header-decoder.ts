// Decodes blocks of fields (HPACK, RFC 7541) of one direction of a connection. It knows the format, not what the fields mean. A block that it
// cannot read ends the connection, for the tables of both sides would differ from there on.

import { latin1 } from '../../lib/latin1.ts';
import { BYTE_FAULTS, VALUE_FAULT } from '../byte-faults.ts';
import type { DecodedFields } from '../decoded-fields.ts';
import { FIELD_PLAIN } from '../../http/known-fields.ts';
import { PSEUDO, kindOf } from '../field-kinds.ts';
import { DecodingTable } from './decoding-table.ts';
import { Field, makeField, maskOf, sizeOfLine, valueOfLine } from './field.ts';
import { READ_FAULTS_SHIFT, readHuffman } from './read-huffman.ts';
import { STATIC_ENTRIES, STATIC_TABLE } from './static-table.ts';
import { TAILS, Tail, placeOf } from './tail.ts';

/** Size updates that a block may begin with (RFC 7541, section 4.2). */
const MAX_SIZE_UPDATES = 2;
/** An integer of more octets behind its prefix counts nothing that a block could hold. */
const MAX_INTEGER_OCTETS = 4;
/** The prefix of a field that enters no table (RFC 7541, sections 6.2.2 and 6.2.3). */
const NO_ENTRY = 0x0f;
/** In characters. A longer name of an entry is not copied. */
const MAX_COPIED_NAME = 64;
/** The kind of a name that has yet to be looked at. */
const UNKNOWN = -1;
const OFFSET = (1 << READ_FAULTS_SHIFT) - 1;

const STATIC: readonly (Field | undefined)[] = STATIC_TABLE.map(([name, value], index) =>
  index === 0 ? undefined : makeField(name, value),
);

/** A field that enters no table: it is looked at before the next one is read. */
const passing = makeField('x', '');

/** Here each field that comes in full is put together, as the line that it will be. */
let scratch = Buffer.allocUnsafeSlow(32_768);

export class HeaderDecoder {
  /** Why the last block could not be decoded. */
  fault = '';
  readonly #maxTableSize: number;
  readonly #table: DecodingTable;
  #tails: (Tail | undefined)[] | undefined = undefined;
  #at = 0;

  /** @param maxTableSize our SETTINGS_HEADER_TABLE_SIZE */
  constructor(maxTableSize: number) {
    this.#maxTableSize = maxTableSize;
    this.#table = new DecodingTable(maxTableSize);
  }

  /** Takes the fields of a whole block into `fields`, which has begun. False: COMPRESSION_ERROR, with the reason in `fault`. */
  decode(bytes: Buffer, from: number, to: number, fields: DecodedFields): boolean {
    const start = this.#resize(bytes, from, to);
    if (start < 0) return false;
    for (let at = start; at < to; at = this.#at) {
      const field = this.#next(bytes, at, to);
      if (field === undefined) return false;
      if ((field.mask & PSEUDO) === 0) return this.#decodeTail(bytes, at, to, fields, field);
      fields.take(field);
    }
    return true;
  }

  /** Forgets what only saves time. */
  relax(): void {
    this.#tails = undefined;
  }

  // From the first field on that is no pseudo-field: mostly what came with a request before, too.
  #decodeTail(bytes: Buffer, from: number, to: number, fields: DecodedFields, first: Field): boolean {
    const { version } = this.#table;
    const place = placeOf(bytes, from, to);
    if (place >= 0 && this.#tails?.[place]?.give(version, bytes, from, to, fields) === true) return true;
    const { count, size } = fields;
    fields.take(first);
    for (let at = this.#at; at < to; at = this.#at) {
      const field = this.#next(bytes, at, to);
      if (field === undefined) return false;
      fields.take(field);
    }
    // The first of them may have entered the table.
    if (place < 0 || version !== this.#table.version || (bytes[from]! & 0xc0) === 0x40) return true;
    this.#tails ??= new Array<Tail | undefined>(TAILS).fill(undefined);
    this.#tails[place] ??= new Tail();
    this.#tails[place].note(version, bytes, from, to, fields, count, size);
    return true;
  }

  /** Where the fields begin, behind the updates of the table's size; -1 when one of these is out of bounds. */
  #resize(bytes: Buffer, from: number, to: number): number {
    let at = from;
    for (let updates = 0; at < to && (bytes[at]! & 0xe0) === 0x20; updates++) {
      const size = this.#integer(bytes, at, to, 0x1f);
      if (size < 0 || size > this.#maxTableSize || updates === MAX_SIZE_UPDATES) {
        this.#fail(size < 0 ? 'malformed integer' : updates === MAX_SIZE_UPDATES ? 'too many size updates' : 'size update above our limit');
        return -1;
      }
      this.#table.resize(size);
      at = this.#at;
    }
    return at;
  }

  /** Reads the field at `at`; it holds until the next one is read. Undefined: `fault` says why not. */
  #next(bytes: Buffer, at: number, to: number): Field | undefined {
    const first = bytes[at]!;
    if (first >= 0x80) {
      this.#at = at + 1;
      const index = first === 0xff ? this.#integer(bytes, at, to, 0x7f) : first & 0x7f;
      return this.#find(index);
    }
    if (first >= 0x40) return this.#literal(bytes, at, to, 0x3f);
    return first >= 0x20 ? this.#fail('size update behind a field') : this.#literal(bytes, at, to, 0x0f);
  }

  #find(index: number): Field | undefined {
    const field = index <= STATIC_ENTRIES ? STATIC[index] : this.#table.find(index - STATIC_ENTRIES);
    return field ?? this.#fail(index < 0 ? 'malformed integer' : 'index of no field');
  }

  /** @param prefix the bits of the first octet that belong to the index of the name; with six of them the field enters the table */
  #literal(bytes: Buffer, at: number, to: number, prefix: number): Field | undefined {
    const index = this.#integer(bytes, at, to, prefix);
    if (index !== 0) {
      const named = this.#find(index);
      return named === undefined ? undefined : this.#readValue(bytes, to, prefix, named, 0);
    }
    const name = this.#string(bytes, this.#at, to, 0);
    if (name < 0) return this.#fail('malformed string');
    passing.kind = UNKNOWN;
    passing.nameLength = name & OFFSET;
    return this.#readValue(bytes, to, prefix, passing, name >> READ_FAULTS_SHIFT);
  }

  /** @param named a field of the same name, or `passing` with a name that stands in `scratch` already */
  #readValue(bytes: Buffer, to: number, prefix: number, named: Field, nameFaults: number): Field | undefined {
    const { nameLength } = named;
    const value = this.#string(bytes, this.#at, to, nameLength + 2);
    if (value < 0) return this.#fail('malformed string');
    const end = value & OFFSET;
    const faults = (value >> READ_FAULTS_SHIFT) | blankFault(nameLength + 2, end);
    const { kind } = named;
    if (prefix === NO_ENTRY && kind !== UNKNOWN && ((1 << kind) & PSEUDO) !== 0) return passValue(kind, nameLength, end, faults);
    if (named !== passing && nameLength > MAX_COPIED_NAME) return this.#takeLongName(prefix, named, end, faults);
    if (named !== passing) copyName(named);
    const line = takeLine(nameLength, end);
    const known = kind === UNKNOWN ? kindOf(line, nameLength, nameFaults) : kind;
    return this.#make(prefix, line, nameLength, known, faults, valueOfLine(line, nameLength, known));
  }

  // A few octets may call for the longest of names, again and again: their characters are not touched.
  #takeLongName(prefix: number, named: Field, end: number, faults: number): Field {
    const { kind, nameLength } = named;
    if (named.start === '') named.start = startOf(named);
    const value = latin1(scratch, nameLength + 2, end);
    const field = this.#make(prefix, named.start + value + '\r\n', nameLength, kind, faults, kind === FIELD_PLAIN ? '' : value);
    field.start = named.start;
    return field;
  }

  #make(prefix: number, line: string, nameLength: number, kind: number, faults: number, value: string): Field {
    if (prefix === NO_ENTRY) return pass(line, nameLength, kind, faults, value, line.length);
    const field = new Field(line, nameLength, kind, maskOf(kind, faults), value);
    this.#table.insert(field);
    return field;
  }

  /** Reads the string at `at` into `scratch`; returns what `readHuffman` does. */
  #string(bytes: Buffer, at: number, to: number, into: number): number {
    if (at >= to) return -1;
    const first = bytes[at]!;
    const length = this.#integer(bytes, at, to, 0x7f);
    const from = this.#at;
    const end = from + length;
    if (length < 0 || end > to) return -1;
    this.#at = end;
    makeRoom(into + 2 * length);
    return first >= 0x80 ? readHuffman(bytes, from, end, scratch, into) : copyPlain(bytes, from, end, into);
  }

  /** Reads the integer at `at` (RFC 7541, section 5.1); -1 when it is cut off or out of bounds. */
  #integer(bytes: Buffer, at: number, to: number, prefix: number): number {
    this.#at = at + 1;
    let value = bytes[at]! & prefix;
    if (value < prefix) return value;
    for (let octets = 0; octets < MAX_INTEGER_OCTETS && this.#at < to; octets++) {
      const octet = bytes[this.#at++]!;
      value += (octet & 0x7f) << (7 * octets);
      if (octet < 0x80) return value;
    }
    return -1;
  }

  #fail(reason: string): undefined {
    this.fault = reason;
    return undefined;
  }
}

function makeRoom(characters: number): void {
  // Behind them CRLF, and what `readHuffman` writes too much.
  if (characters + 4 <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(characters * 2);
  scratch.copy(larger);
  scratch = larger;
}

function copyPlain(bytes: Buffer, from: number, to: number, into: number): number {
  let faults = 0;
  const ahead = into - from;
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!;
    scratch[at + ahead] = byte;
    faults |= BYTE_FAULTS[byte]!;
  }
  return (to + ahead) | (faults << READ_FAULTS_SHIFT);
}

function copyName({ line, nameLength }: Field): void {
  for (let at = 0; at < nameLength; at++) scratch[at] = line.charCodeAt(at);
}

/** RFC 9113, section 8.2.1: no blank begins or ends a value. */
function blankFault(from: number, to: number): number {
  return from < to && (isBlank(scratch[from]!) || isBlank(scratch[to - 1]!)) ? VALUE_FAULT : 0;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

/** The line whose name and value stand in `scratch`. */
function takeLine(nameLength: number, end: number): string {
  scratch[nameLength] = 0x3a;
  scratch[nameLength + 1] = 0x20;
  scratch[end] = 0x0d;
  scratch[end + 1] = 0x0a;
  return latin1(scratch, 0, end + 2);
}

/** Of a field that enters no block as it is, the value is enough. */
function passValue(kind: number, nameLength: number, end: number, faults: number): Field {
  return pass('', nameLength, kind, faults, latin1(scratch, nameLength + 2, end), end + 2);
}

function pass(line: string, nameLength: number, kind: number, faults: number, value: string, length: number): Field {
  passing.line = line;
  passing.nameLength = nameLength;
  passing.kind = kind;
  passing.mask = maskOf(kind, faults);
  passing.value = value;
  passing.size = sizeOfLine(length);
  return passing;
}

/** A string of its own, so that nobody keeps the whole line for it. */
function startOf({ line, nameLength }: Field): string {
  makeRoom(nameLength + 2);
  return latin1(scratch, 0, scratch.write(line.slice(0, nameLength + 2), 'latin1'));
}
