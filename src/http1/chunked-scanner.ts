// Follows a chunked body (RFC 9112, section 7.1) over the buffers that it arrives in, to find its end. It checks the framing strictly
// and passes over the data by arithmetic; it never copies or decodes the body. What may not be passed on it marks: extensions, blanks in
// responses, and trailers until all of them are sound. Long because its states share their place in the bytes.

import { REFUSE_BAD_REQUEST, REFUSE_BODY_TOO_LARGE, REFUSE_HEADER_TOO_LARGE } from '../http/refusal.ts';
import {
  afterBlank,
  EXTENSION_BLANK,
  EXTENSION_MALFORMED,
  EXTENSION_START,
  mayEndExtension,
  nextExtensionState,
} from './chunk-extension.ts';
import { judgeTrailerLine } from './trailer-fields.ts';

/** Of one chunk, and of all chunks of a message. */
export const MAX_CHUNK_EXTENSION_BYTES = 256;
export const MAX_MESSAGE_EXTENSION_BYTES = 16384;
export const MAX_TRAILER_BYTES = 16384;
export const MAX_TRAILERS = 64;
/** Hexadecimal digits of a chunk size, padding included; keeps sizes far below 2^53. */
const MAX_SIZE_DIGITS = 12;

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER = 6;
const DONE = 7;
const MALFORMED = 8;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const SEMICOLON = 0x3b;

const NOT_HEX = 16;
const HEX_DIGITS = new Uint8Array(256).fill(NOT_HEX);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  HEX_DIGITS[text.charCodeAt(0)] = digit;
  HEX_DIGITS[text.toUpperCase().charCodeAt(0)] = digit;
}

export class ChunkedScanner {
  /** Whether the message has ended. */
  done = false;
  /** Data bytes found so far: the length of the body without its framing. */
  bodyBytes = 0;
  /**
   * Set by each `scan`: the bytes from `from` to `dataEnd` are passed on, without the `cuts`; then, where the message has ended and its
   * empty line is not among them, `trailerText` (or not) and `closing`.
   */
  dataEnd = 0;
  closing: '' | '\r\n' = '';
  /** Beginnings and ends of what is left out of the buffer scanned last; see `dropCuts`. */
  readonly cuts: number[] = [];
  /** The trailer lines so far, each with its CRLF: all of them, sound, once `done`. */
  trailerText = '';
  /** Trailer fields found so far. */
  trailers = 0;
  /** Why the message was refused, for logs; empty when it was not. */
  refusal = '';
  /** Code of `refusal.ts`: REFUSE_BAD_REQUEST, REFUSE_BODY_TOO_LARGE or REFUSE_HEADER_TOO_LARGE (trailers); 0 when not refused. */
  refusalCode = 0;

  #state = SIZE;
  #maxBodyBytes = 0;
  /** Of the chunk under way. */
  #size = 0;
  #digits = 0;
  #remaining = 0;
  #extensionState = EXTENSION_START;
  #extensionBytes = 0;
  #messageExtensionBytes = 0;
  #trailerLine = '';
  #trailerBytes = 0;
  /** Where the trailer section begins in the buffer being scanned; -1 when not in this buffer. */
  #trailerAt = -1;
  /** Where the cut under way begins. */
  #cutAt = 0;
  readonly #takesBlanks: boolean;

  /** @param takesBlanks around sizes and extensions, for responses alone */
  constructor(takesBlanks = false) {
    this.#takesBlanks = takesBlanks;
  }

  /** Starts a new message. `maxBodyBytes` bounds its data; 0 = no bound. */
  reset(maxBodyBytes = 0): void {
    this.done = false;
    this.bodyBytes = 0;
    this.dataEnd = 0;
    this.closing = '';
    this.trailers = 0;
    this.trailerText = '';
    this.cuts.length = 0;
    this.refusal = '';
    this.refusalCode = 0;
    this.#state = SIZE;
    this.#maxBodyBytes = maxBodyBytes;
    this.#size = 0;
    this.#digits = 0;
    this.#remaining = 0;
    this.#extensionBytes = 0;
    this.#messageExtensionBytes = 0;
    this.#trailerLine = '';
    this.#trailerBytes = 0;
    this.#trailerAt = -1;
  }

  /**
   * Goes over the next bytes of the message. Returns the offset just past its end (`done` is then true), `to` when more is needed,
   * or -1 when it is refused.
   */
  scan(bytes: Buffer, from: number, to: number): number {
    const wasInTrailers = this.#state >= TRAILER;
    let at = from;
    this.#trailerAt = -1;
    this.closing = '';
    this.#cutAt = from;
    if (this.cuts.length > 0) this.cuts.length = 0;
    while (at < to && this.#state < DONE) at = this.#step(bytes, at, to);
    if (this.#state === EXTENSION) this.#cutTo(at);
    if (this.#state === MALFORMED) {
      this.dataEnd = from;
      return -1;
    }
    this.#setDataEnd(wasInTrailers ? from : -1, at);
    return at;
  }

  /** Moves together what the last scan leaves of `bytes` from `from` to `to`. Returns where it ends; `dataEnd` moves along. */
  dropCuts(bytes: Buffer, from: number, to: number): number {
    const { cuts } = this;
    let end = from;
    let kept = from;
    for (let index = 0; index <= cuts.length; index += 2) {
      const until = index < cuts.length ? cuts[index]! : to;
      if (until > kept) {
        if (end !== kept) bytes.copyWithin(end, kept, until);
        end += until - kept;
      }
      kept = index < cuts.length ? cuts[index + 1]! : to;
    }
    this.dataEnd -= to - end;
    cuts.length = 0;
    return end;
  }

  #cutTo(end: number): void {
    if (end > this.#cutAt) this.cuts.push(this.#cutAt, end);
  }

  /** Whether the bytes so far, without their end, could be taken for a whole message: its last chunk has begun. */
  get looksDone(): boolean {
    return !this.done && (this.#state === TRAILER || (this.#digits > 0 && this.#size === 0));
  }

  /** Whether no chunk is under way. */
  get betweenChunks(): boolean {
    return this.#state === SIZE && this.#digits === 0;
  }

  #setDataEnd(from: number, at: number): void {
    this.dataEnd = this.#state < TRAILER ? at : from >= 0 ? from : this.#trailerAt;
    if (!this.done || from === at) return;
    // An empty trailer section that lies whole in this buffer is its own closing line.
    if (from < 0 && this.trailers === 0) this.dataEnd = at;
    else this.closing = '\r\n';
  }

  #step(bytes: Buffer, at: number, to: number): number {
    switch (this.#state) {
      case DATA:
        return this.#skipData(at, to);
      case SIZE:
        return this.#readSize(bytes, at, to);
      case EXTENSION:
        return this.#readExtension(bytes, at, to);
      case SIZE_LF:
        return bytes[at] === LF ? this.#endSize(at + 1) : this.#refuse('bare CR in chunk size');
      case DATA_CR:
        this.#state = DATA_LF;
        return bytes[at] === CR ? at + 1 : this.#refuse('chunk longer than its size');
      case DATA_LF:
        this.#startSize();
        return bytes[at] === LF ? at + 1 : this.#refuse('bare CR after chunk');
      default:
        return this.#readTrailer(bytes, at, to);
    }
  }

  #startSize(): void {
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#extensionBytes = 0;
  }

  #readSize(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const digit = HEX_DIGITS[bytes[at]!]!;
      if (digit === NOT_HEX) return this.#endDigits(bytes[at]!, at);
      this.#digits++;
      if (this.#digits > MAX_SIZE_DIGITS) return this.#refuse('chunk size too long');
      this.#size = this.#size * 16 + digit;
    }
    return to;
  }

  #endDigits(byte: number, at: number): number {
    const isBlank = this.#takesBlanks && (byte === SPACE || byte === TAB);
    this.#cutAt = at;
    if (this.#digits === 0 && isBlank) {
      this.#cutTo(at + 1);
      return this.#countExtension() ? at + 1 : -1;
    }
    if (this.#digits === 0 || (byte !== CR && byte !== SEMICOLON && !isBlank)) return this.#refuse('malformed chunk size');
    this.#state = byte === CR ? SIZE_LF : EXTENSION;
    this.#extensionState = byte === SEMICOLON ? EXTENSION_START : EXTENSION_BLANK;
    return at + 1;
  }

  /** One more byte of extensions and blanks. False: there are too many. */
  #countExtension(): boolean {
    this.#extensionBytes++;
    this.#messageExtensionBytes++;
    if (this.#extensionBytes <= MAX_CHUNK_EXTENSION_BYTES && this.#messageExtensionBytes <= MAX_MESSAGE_EXTENSION_BYTES) return true;
    this.#refuse('chunk extensions too long');
    return false;
  }

  #readExtension(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (byte === CR && mayEndExtension(this.#extensionState)) {
        this.#state = SIZE_LF;
        this.#cutTo(at);
        return at + 1;
      }
      const isBlank = this.#takesBlanks && (byte === SPACE || byte === TAB);
      this.#extensionState = isBlank ? afterBlank(this.#extensionState) : nextExtensionState(this.#extensionState, byte);
      if (this.#extensionState === EXTENSION_MALFORMED) return this.#refuse('malformed chunk extension');
      if (!this.#countExtension()) return -1;
    }
    return to;
  }

  #endSize(next: number): number {
    if (this.#size === 0) {
      this.#state = TRAILER;
      this.#trailerAt = next;
      return next;
    }
    if (this.#maxBodyBytes > 0 && this.bodyBytes + this.#size > this.#maxBodyBytes) {
      return this.#refuse('body too large', REFUSE_BODY_TOO_LARGE);
    }
    this.#state = DATA;
    this.#remaining = this.#size;
    return next;
  }

  #skipData(at: number, to: number): number {
    const length = Math.min(this.#remaining, to - at);
    this.#remaining -= length;
    this.bodyBytes += length;
    if (this.#remaining === 0) this.#state = DATA_CR;
    return at + length;
  }

  #readTrailer(bytes: Buffer, from: number, to: number): number {
    let end = from;
    while (end < to && bytes[end] !== LF) end++;
    const whole = end < to;
    if (whole) end++;
    this.#trailerBytes += end - from;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) return this.#refuse('trailers too large', REFUSE_HEADER_TOO_LARGE);
    this.#trailerLine += bytes.toString('latin1', from, end);
    return whole ? this.#endTrailerLine(end) : end;
  }

  #endTrailerLine(next: number): number {
    const line = this.#trailerLine;
    this.#trailerLine = '';
    if (line === '\r\n') {
      this.#state = DONE;
      this.done = true;
      return next;
    }
    const fault = judgeTrailerLine(line);
    if (fault !== '') return this.#refuse(fault);
    this.trailers++;
    this.trailerText += line;
    return this.trailers > MAX_TRAILERS ? this.#refuse('too many trailers', REFUSE_HEADER_TOO_LARGE) : next;
  }

  #refuse(reason: string, code: number = REFUSE_BAD_REQUEST): number {
    this.#state = MALFORMED;
    this.refusal = reason;
    this.refusalCode = code;
    return -1;
  }
}
