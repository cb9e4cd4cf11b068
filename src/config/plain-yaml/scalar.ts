// Scalars as the core schema of YAML 1.2 has them (chapter 10.3), as far as they are written plainly: on one line, without tags.

import { GaveUp } from './give-up.ts';

const COMMON: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['~', 'null', 'Null', 'NULL'].map((text): [string, unknown] => [text, null]),
  ...['true', 'True', 'TRUE'].map((text): [string, unknown] => [text, true]),
  ...['false', 'False', 'FALSE'].map((text): [string, unknown] => [text, false]),
]);

const NUMBER = /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;
/** Octal, hexadecimal, infinity, not a number: left to the library. */
const RARE_NUMBER = /^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** What plain text means. @param offset where it stands, for what is given up */
export function plainScalar(text: string, offset: number): unknown {
  const first = text.charCodeAt(0);
  // Digits, "+", "-" and ".".
  if (first <= 0x39) {
    if (NUMBER.test(text)) return Number(text);
    if (RARE_NUMBER.test(text)) throw new GaveUp(offset, 'a number in a rare form');
  }
  if (text.length > 5) return text;
  const known = COMMON.get(text);
  return known === undefined ? text : known;
}

/** In characters; more than any value of a config may have. */
const MAX_QUOTED = 1024 * 1024;
/** The text may have been cut, and end it later. */
export const UNENDED = 'a quote that nothing ends';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** End of the quoted text that begins at `start`, after its last quote. */
export function endOfQuoted(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      if (quote === QUOTE || text.charCodeAt(at + 1) !== quote) return at + 1;
      at++;
    } else if (code === BACKSLASH && quote === QUOTE) at++;
    else if ((code < 0x20 && code !== 0x09) || code === 0xfeff)
      throw new GaveUp(at, 'quoted text of several lines, or with a control character');
  }
  throw new GaveUp(start, UNENDED);
}

/** The text between quotes, `end` being what `endOfQuoted` returned. */
export function quotedText(text: string, start: number, end: number): string {
  if (end - start > MAX_QUOTED) throw new GaveUp(start, `quoted text longer than ${MAX_QUOTED} characters`);
  const inner = text.slice(start + 1, end - 1);
  if (inner.includes('${')) throw new GaveUp(start, 'a variable');
  if (text.charCodeAt(start) !== QUOTE) return inner.includes("'") ? inner.replaceAll("''", "'") : inner;
  if (!inner.includes('\\')) return inner;
  try {
    // The escapes of JSON mean the same in YAML; the others are left to the library.
    return JSON.parse(text.slice(start, end)) as string;
  } catch {
    throw new GaveUp(start, 'quoted text with a rare escape');
  }
}
