// What one block of fields holds: the values that we act on, the rest as a header block, and the first fault. HPACK goes on behind a fault,
// for the block may change the table; what is wrong with the message is no fault of the connection.

import { FieldValues } from '../http/field-values.ts';
import type { HeadLimits } from '../http/head-limits.ts';
import { FIELD_DATE, FIELD_OUTCOME, FIELD_TE } from '../http/known-fields.ts';
import { isForbiddenTrailer } from '../http/trailer-names.ts';
import { REQUEST_RULES, type BlockRules } from './block-rules.ts';
import {
  BAD_VALUE,
  CONNECTION_FIELDS,
  FIELD_AUTHORITY,
  FIELD_BAD_NAME,
  FIELD_COOKIE,
  FIELD_METHOD,
  FIELD_PATH,
  FIELD_PROTOCOL,
  FIELD_SCHEME,
  PSEUDO,
} from './field-kinds.ts';
import type { Field } from './hpack/field.ts';

const COOKIE = 1 << FIELD_COOKIE;
const NONE_YET: HeadLimits = { headerBytes: 0, headerCount: 0, requestLineBytes: 0 };

/** Reused: blocks are decoded one after the other. */
export class DecodedFields extends FieldValues {
  /** Fields that only pass, in their order, without those of `rules.cut`; then the cookies, as one field. */
  block = '';
  /** Fields; cookies in parts count as one. */
  count = 0;
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts it (RFC 9113, section 6.5.2). */
  size = 0;
  /** Why the message is malformed; empty when it is not. */
  fault = '';
  /** Beyond a limit. Nothing more is taken then. */
  tooLarge = false;
  method = '';
  scheme = '';
  authority = '';
  path = '';
  status = '';
  protocol = '';
  /** All cookies as one value (RFC 9113, section 8.2.3). */
  cookie = '';

  #rules = REQUEST_RULES;
  #limits = NONE_YET;
  #passed = false;
  /** There are cookies that are not in the block yet. */
  #hasCookie = false;

  get limits(): HeadLimits {
    return this.#limits;
  }

  get rules(): BlockRules {
    return this.#rules;
  }

  begin(rules: BlockRules, limits: HeadLimits): void {
    this.#rules = rules;
    this.#limits = limits;
    this.#passed = false;
    this.#hasCookie = false;
    this.seen = 0;
    this.block = '';
    this.count = 0;
    this.size = 0;
    this.fault = '';
    this.tooLarge = false;
    this.cookie = '';
  }

  take(field: Field): void {
    this.size += field.size;
    if ((field.mask & this.seen & COOKIE) === 0) this.count++;
    if (!this.fits(this.size, this.count)) this.#overflow();
    else if ((field.mask & this.#rules.looked) === 0) {
      this.#passed = true;
      this.block += field.line;
    } else if (this.fault === '') this.#look(field);
  }

  /** Whether so much is within the limits. */
  fits(size: number, count: number): boolean {
    return !this.tooLarge && size <= this.#limits.headerBytes && count <= this.#limits.headerCount;
  }

  /** Takes all other fields of the block at once. @param block with the cookies */
  takeNoted(block: string, count: number, size: number, seen: number): void {
    this.block = block;
    this.count += count;
    this.size += size;
    this.seen |= seen;
  }

  /** The block with the cookies at its end. */
  finish(): string {
    return this.#hasCookie ? this.block + 'cookie: ' + this.cookie + '\r\n' : this.block;
  }

  #overflow(): void {
    this.tooLarge = true;
    this.block = '';
    this.cookie = '';
    this.#hasCookie = false;
  }

  #look(field: Field): void {
    const { kind, mask } = field;
    if (kind === FIELD_BAD_NAME) this.fault = 'illegal byte in field name';
    else if ((mask & BAD_VALUE) !== 0) this.fault = 'illegal byte in field value';
    else if ((mask & PSEUDO) !== 0) this.#lookAtPseudo(field);
    else if ((mask & (CONNECTION_FIELDS | this.#rules.refused)) !== 0) this.fault = 'field of a connection';
    else if (this.#rules.trailers && mayNotTrail(field)) this.fault = 'forbidden trailer field';
    else this.#takeKnown(field);
  }

  #takeKnown({ kind, mask, value, line }: Field): void {
    this.#passed = true;
    if (kind === FIELD_COOKIE) return this.#takeCookie(value);
    if (kind === FIELD_TE && value !== 'trailers') this.fault = 'te other than trailers';
    if (kind === FIELD_DATE) this.seen |= 1 << FIELD_DATE;
    else if (kind !== 0 && kind !== FIELD_OUTCOME) this.add(kind, value);
    if ((mask & this.#rules.cut) === 0) this.block += line;
  }

  #takeCookie(value: string): void {
    const first = (this.seen & COOKIE) === 0;
    this.seen |= COOKIE;
    this.#hasCookie = true;
    this.cookie = first ? value : this.cookie + '; ' + value;
  }

  #lookAtPseudo({ kind, mask, value }: Field): void {
    if ((mask & this.#rules.pseudo) === 0) this.fault = this.#rules.trailers ? 'pseudo-field in trailers' : 'pseudo-field out of place';
    else if (this.#passed) this.fault = 'pseudo-field after other fields';
    else if ((this.seen & mask) !== 0) this.fault = 'repeated pseudo-field';
    this.seen |= mask;
    if (kind === FIELD_PATH) this.path = value;
    else if (kind === FIELD_METHOD) this.method = value;
    else if (kind === FIELD_SCHEME) this.scheme = value;
    else if (kind === FIELD_AUTHORITY) this.authority = value;
    else if (kind === FIELD_PROTOCOL) this.protocol = value;
    else this.status = value;
  }
}

function mayNotTrail(field: Field): boolean {
  return isForbiddenTrailer(field.line.slice(0, field.nameLength));
}
