// A place in a text, and what stands there: lines, indents, blanks and comments. One pass, nothing is kept of what was passed.

import { GaveUp } from './give-up.ts';

export const SPACE = 0x20;
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const HASH = 0x23;
export const COLON = 0x3a;
const DASH = 0x2d;
const DOT = 0x2e;

export class Cursor {
  readonly text: string;
  pos = 0;
  /** Where the line began. */
  lineStart = 0;
  /** Of the line that `pos` is the first character of; -1 at the end of the text. */
  indent = -1;
  /** Where the rest of the line began that `skipRest` passed, after blanks. */
  restStart = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether a line or the text ends at `at`. */
  endsAt(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === LF || at >= this.text.length || (code === CR && this.text.charCodeAt(at + 1) === LF);
  }

  /** Whether `at` has a blank, or ends a line. */
  isBlankAt(at: number): boolean {
    return this.text.charCodeAt(at) === SPACE || this.endsAt(at);
  }

  /** `- `, which begins an item. */
  get isDash(): boolean {
    return this.text.charCodeAt(this.pos) === DASH && this.isBlankAt(this.pos + 1);
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
  }

  /** Passes blanks and a comment; true when the line has nothing else. */
  skipRest(): boolean {
    const start = this.pos;
    this.skipSpaces();
    this.restStart = this.pos;
    if (this.text.charCodeAt(this.pos) === HASH && (this.pos > start || start === this.lineStart)) this.toLineEnd();
    return this.endsAt(this.pos);
  }

  toLineEnd(): void {
    const { text } = this;
    let at = this.pos;
    while (!this.endsAt(at)) {
      // To the library this ends a line, too.
      if (text.charCodeAt(at) === CR) throw new GaveUp(at, 'a line end without a line feed');
      at++;
    }
    this.pos = at;
  }

  /** From the end of a line to the first character of the next one that has more than a comment. */
  nextLine(): void {
    const { text } = this;
    while (this.pos < text.length) {
      if (text.charCodeAt(this.pos) === CR) this.pos++;
      if (text.charCodeAt(this.pos) === LF) this.pos++;
      this.enterLine();
      if (!this.skipComment()) return;
    }
    this.indent = -1;
  }

  /** From the beginning of a line to its first character. */
  enterLine(): void {
    this.lineStart = this.pos;
    this.skipSpaces();
    this.indent = this.pos - this.lineStart;
    if (this.indent === 0) this.#refuseMarker();
  }

  /** Passes to the end of a line that is blank or a comment. */
  skipComment(): boolean {
    const code = this.text.charCodeAt(this.pos);
    if (code === HASH) this.toLineEnd();
    else if (!this.endsAt(this.pos)) {
      if (code === TAB) throw new GaveUp(this.pos, 'a tab');
      if (this.pos < this.text.length) return false;
    }
    return true;
  }

  #refuseMarker(): void {
    const { text, pos } = this;
    const code = text.charCodeAt(pos);
    if (code !== DASH && code !== DOT) return;
    if (text.charCodeAt(pos + 1) !== code || text.charCodeAt(pos + 2) !== code) return;
    throw new GaveUp(pos, 'a mark between documents');
  }
}
