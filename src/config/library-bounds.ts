// Which texts the YAML library may see. It keeps a node for every value and needs microseconds and hundreds of bytes for every sign, so that
// a few hundred KiB of brackets would cost seconds. One pass, before it begins.

import { GaveUp } from './plain-yaml/give-up.ts';

/** In characters. Longer texts must be plain. */
export const MAX_LIBRARY_LENGTH = 256 * 1024;
/** Brackets, colons, dashes, quotes, line ends and other signs that begin or end a value. */
const MAX_SIGNS = 50_000;
/** Of brackets, and of dashes and question marks in a line; the tree is allowed less. */
const MAX_NESTING = 64;
const MAX_INDENT = 1_000;

const SIGNS = signsOf('[]{},:-?&*!|>\'"#%\n\r\t');
const [SPACE, LF, CR, DASH, QUESTION] = [0x20, 0x0a, 0x0d, 0x2d, 0x3f];

/** Why the library must not see a text; undefined when it may. @param plain why the text is not plain */
export function libraryRefusal(text: string, plain: GaveUp): GaveUp | undefined {
  if (text.length > MAX_LIBRARY_LENGTH) return refusalOfLong(plain);
  const scanned = new Scan(text).fault();
  if (scanned instanceof GaveUp || scanned === undefined) return scanned;
  return new GaveUp(plain.offset, beyondPlain(scanned, plain.reason));
}

/** The same for a text of which only the length is known: it is more than the library may see. */
export function refusalOfLong(plain: GaveUp): GaveUp {
  return new GaveUp(plain.offset, beyondPlain(`longer than ${MAX_LIBRARY_LENGTH / 1024} KiB`, plain.reason));
}

function beyondPlain(why: string, reason: string): string {
  return `a text ${why} must be plain YAML (maps, lists and values of one line), and here stands ${reason}`;
}

class Scan {
  readonly #text: string;
  #signs = 0;
  #nesting = 0;
  /** Of dashes and question marks since the line began. */
  #leading = 0;
  #indent = 0;
  #isLeading = true;

  constructor(text: string) {
    this.#text = text;
  }

  /** A fault of its own place, or one that makes the text too much for the library. */
  fault(): GaveUp | string | undefined {
    const text = this.#text;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 128 || SIGNS[code] === 0) {
        if (code === SPACE && this.#isLeading) this.#indent++;
        else if (code !== SPACE) this.#isLeading = false;
        if (this.#indent > MAX_INDENT) return new GaveUp(at, 'the YAML nests too deeply');
        continue;
      }
      if (++this.#signs > MAX_SIGNS) return `with more than ${MAX_SIGNS} signs such as brackets, colons and dashes`;
      if (this.#nestsTooDeeply(code)) return new GaveUp(at, 'the YAML nests too deeply');
    }
    return undefined;
  }

  #nestsTooDeeply(code: number): boolean {
    if (code === LF || code === CR) {
      this.#isLeading = true;
      this.#leading = this.#indent = 0;
    } else if (code === 0x5b || code === 0x7b) this.#nesting++;
    else if ((code === 0x5d || code === 0x7d) && this.#nesting > 0) this.#nesting--;
    if (this.#isLeading && (code === DASH || code === QUESTION)) this.#leading++;
    else if (code !== LF && code !== CR) this.#isLeading = false;
    return this.#nesting > MAX_NESTING || this.#leading > MAX_NESTING;
  }
}

function signsOf(characters: string): Uint8Array {
  const signs = new Uint8Array(128);
  for (const character of characters) signs[character.charCodeAt(0)] = 1;
  return signs;
}
