// The end of a block, behind its pseudo-fields, as it was last decoded. Clients send the same fields with every request, mostly as indices: the
// same octets under an unchanged table are the same fields, and need not be decoded again.

import { FIELD_TE } from '../../http/known-fields.ts';
import type { BlockRules } from '../block-rules.ts';
import type { DecodedFields } from '../decoded-fields.ts';
import { FIELD_COOKIE, PSEUDO } from '../field-kinds.ts';

/** In octets. A longer one holds fields in full, which differ from request to request; and so much the engine keeps without memory of its own. */
const MAX_TAIL = 64;
/** What is noted of these is all that counts. */
const NOTED = PSEUDO | (1 << FIELD_COOKIE) | (1 << FIELD_TE);

/** A page asks for scripts, pictures and data in turns, each with fields of its own. A power of two. */
export const TAILS = 4;

/** Which of the tails of a decoder is the place of these octets; -1: none, they are not noted. */
export function placeOf(bytes: Buffer, from: number, to: number): number {
  if (to - from > MAX_TAIL) return -1;
  let sum = 0;
  for (let at = from; at < to; at++) sum += bytes[at]!;
  return sum & (TAILS - 1);
}

export class Tail {
  readonly #octets = new Uint8Array(MAX_TAIL);
  #length = 0;
  #version = -1;
  #rules: BlockRules | undefined = undefined;
  #block = '';
  #count = 0;
  #size = 0;
  #seen = 0;
  #flat = false;

  /** Takes the octets from `from` to `to` for what `fields` hold since `seen`, `count` and `size` were these. Sound ones only. */
  note(version: number, bytes: Buffer, from: number, to: number, fields: DecodedFields, count: number, size: number): void {
    if (fields.fault !== '' || fields.tooLarge || (fields.seen & ~NOTED) !== 0) return;
    for (let at = from; at < to; at++) this.#octets[at - from] = bytes[at]!;
    this.#length = to - from;
    this.#version = version;
    this.#rules = fields.rules;
    this.#block = fields.finish();
    this.#count = fields.count - count;
    this.#size = fields.size - size;
    this.#seen = fields.seen & ~PSEUDO;
    this.#flat = false;
  }

  /** Gives what was noted, when these are the same octets under the same version of the table. */
  give(version: number, bytes: Buffer, from: number, to: number, fields: DecodedFields): boolean {
    const length = to - from;
    if (version !== this.#version || length !== this.#length || fields.rules !== this.#rules) return false;
    if (fields.fault !== '' || !fields.fits(fields.size + this.#size, fields.count + this.#count)) return false;
    for (let at = 0; at < length; at++) if (this.#octets[at] !== bytes[from + at]) return false;
    if (!this.#flat) this.#flatten();
    fields.takeNoted(this.#block, this.#count, this.#size, this.#seen);
    return true;
  }

  /** One flat string: it will be a part of many. The engine makes one when a character is asked for. */
  #flatten(): void {
    this.#block.charCodeAt(0);
    this.#flat = true;
  }
}
