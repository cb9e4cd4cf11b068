// The fields that HTTP/2 acts on: the known ones of every version, pseudo-fields, and cookies, which may come in parts. Numbered so that sets
// of them are bit masks.

import {
  FIELD_CONNECTION,
  FIELD_KEEP_ALIVE,
  FIELD_PROXY_CONNECTION,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  KNOWN_FIELDS,
  fieldAt,
} from '../http/known-fields.ts';
import { NAME_FAULT } from './byte-faults.ts';

export const FIELD_METHOD = KNOWN_FIELDS;
export const FIELD_SCHEME = KNOWN_FIELDS + 1;
export const FIELD_AUTHORITY = KNOWN_FIELDS + 2;
export const FIELD_PATH = KNOWN_FIELDS + 3;
export const FIELD_STATUS = KNOWN_FIELDS + 4;
export const FIELD_PROTOCOL = KNOWN_FIELDS + 5;
export const FIELD_COOKIE = KNOWN_FIELDS + 6;
/** A pseudo-field that is none of ours. */
const FIELD_UNKNOWN_PSEUDO = KNOWN_FIELDS + 7;
/** A name with a byte that has no place in one (RFC 9113, section 8.2.1), or without any. */
export const FIELD_BAD_NAME = KNOWN_FIELDS + 8;
/** The highest bit is no kind: the value has a byte that has no place in one. */
export const BAD_VALUE = 1 << 31;

export const REQUEST_PSEUDO =
  (1 << FIELD_METHOD) | (1 << FIELD_SCHEME) | (1 << FIELD_AUTHORITY) | (1 << FIELD_PATH) | (1 << FIELD_PROTOCOL);
export const RESPONSE_PSEUDO = 1 << FIELD_STATUS;
export const PSEUDO = REQUEST_PSEUDO | RESPONSE_PSEUDO | (1 << FIELD_UNKNOWN_PSEUDO);
/** RFC 9113, section 8.2.2; TE has a rule of its own. */
export const CONNECTION_FIELDS =
  (1 << FIELD_CONNECTION) | (1 << FIELD_KEEP_ALIVE) | (1 << FIELD_PROXY_CONNECTION) | (1 << FIELD_TRANSFER_ENCODING) | (1 << FIELD_UPGRADE);

const PSEUDO_NAMES: readonly (readonly [start: string, kind: number])[] = [
  [':path:', FIELD_PATH],
  [':authority:', FIELD_AUTHORITY],
  [':method:', FIELD_METHOD],
  [':scheme:', FIELD_SCHEME],
  [':status:', FIELD_STATUS],
  [':protocol:', FIELD_PROTOCOL],
];

/** The kind of a field by its line (`name: value`). @param nameFaults what `BYTE_FAULTS` say of the name */
export function kindOf(line: string, nameLength: number, nameFaults: number): number {
  if (line.charCodeAt(0) === 0x3a && nameLength > 0) return pseudoKind(line, nameLength);
  if (nameLength === 0 || (nameFaults & NAME_FAULT) !== 0) return FIELD_BAD_NAME;
  return line.startsWith('cookie:') ? FIELD_COOKIE : fieldAt(line, 0);
}

function pseudoKind(line: string, nameLength: number): number {
  for (const [start, kind] of PSEUDO_NAMES) {
    if (start.length === nameLength + 1 && line.startsWith(start)) return kind;
  }
  return FIELD_UNKNOWN_PSEUDO;
}
