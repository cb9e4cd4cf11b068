// The one opinion about what a path means. Requests are matched on the canonical path and forwarded as received.
//
// Refused (`isAmbiguousPath`, 400), because servers disagree about where they lead:
//   - `.` and `..` elements, also written %2e, ended by `/`, `%2f`, the path's end, or a path parameter (`..;x`);
//   - `\` and %5c; %00; overlong UTF-8 (%c0%af, %e0%80%af); a `%` that no two hexadecimal digits follow.
// Passed, and taken as what most servers make of it, so that no prefix rule can be walked around:
//   - `//` counts as `/`, `%2f` as `/`, and an encoded letter, digit, `-`, `.`, `_` or `~` as itself.
// Passed as plain text: %20, `..foo`, `a.b`, `...`, `/.well-known`, path parameters (`;x`), and twice encoded forms such as %252e.

import { triplet } from '../http/query.ts';

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** Whether a request with this path must be refused. */
export function isAmbiguousPath(path: string): boolean {
  if (path.indexOf('%') < 0 && path.indexOf('/.') < 0 && path.indexOf('\\') < 0) return false;
  // Dots of the element so far; 3 and more, or any other character, make it an ordinary element.
  let dots = 0;
  for (let i = 0; i < path.length; i++) {
    let code = path.charCodeAt(i);
    if (code === PERCENT) {
      code = tripletAt(path, i);
      i += 2;
      if (code <= 0 || isOverlong(path, code, i + 1)) return true;
    }
    if (code === BACKSLASH) return true;
    if (code === DOT) dots++;
    else if ((code === SLASH || code === SEMICOLON) && (dots === 1 || dots === 2)) return true;
    else dots = code === SLASH ? 0 : 3;
  }
  return dots === 1 || dots === 2;
}

/** The form that paths are compared in; the same string when nothing needs to change. Config paths go through it as well. */
export function canonicalPath(path: string): string {
  if (path.indexOf('%') < 0 && path.indexOf('//') < 0) return path;
  let made = '';
  let slash = false;
  for (let i = 0; i < path.length; i++) {
    let code = path.charCodeAt(i);
    if (code === PERCENT) {
      const byte = tripletAt(path, i);
      if (byte >= 0 && byte !== SLASH && !isUnreserved(byte)) {
        made += path.slice(i, i + 3).toUpperCase();
        slash = false;
        i += 2;
        continue;
      }
      if (byte >= 0) {
        code = byte;
        i += 2;
      }
    }
    if (code !== SLASH || !slash) made += String.fromCharCode(code);
    slash = code === SLASH;
  }
  return made;
}

/** How many characters of `path` the first `length` characters of its canonical form were made from. */
export function receivedLength(path: string, length: number): number {
  if (path.indexOf('%') < 0 && path.indexOf('//') < 0) return length;
  let made = 0;
  let slash = false;
  let i = 0;
  while (i < path.length && made < length) {
    let code = path.charCodeAt(i);
    const byte = code === PERCENT ? tripletAt(path, i) : -1;
    const isKept = byte >= 0 && byte !== SLASH && !isUnreserved(byte);
    if (byte >= 0) code = byte;
    if (isKept) made += 3;
    else if (code !== SLASH || !slash) made++;
    slash = code === SLASH;
    i += byte >= 0 ? 3 : 1;
  }
  return i;
}

/** A path from the Config in canonical form: whatever may not stand in a request target is percent-encoded first. */
export function canonicalConfigPath(path: string): string {
  return canonicalPath(encodePath(path));
}

/** Percent-encodes, as UTF-8, every character that is not printable ASCII; the rest stays. */
export function encodePath(text: string): string {
  if (isPrintable(text)) return text;
  let made = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    made += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return made;
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

function tripletAt(path: string, at: number): number {
  return at + 2 < path.length ? triplet(path, at) : -1;
}

/** By lead byte: up to where the second byte makes the form longer than its character needs. */
const OVERLONG_UNTIL: ReadonlyMap<number, number> = new Map([
  [0xc0, 0xbf],
  [0xc1, 0xbf],
  [0xe0, 0x9f],
  [0xf0, 0x8f],
  [0xf8, 0x87],
  [0xfc, 0x83],
]);

/** Whether a longer form than UTF-8 allows begins here: those who decode it all the same may find a slash or a dot in it. */
function isOverlong(path: string, byte: number, next: number): boolean {
  const until = byte < 0xc0 ? undefined : OVERLONG_UNTIL.get(byte);
  if (until === undefined || next >= path.length || path.charCodeAt(next) !== PERCENT) return false;
  const second = tripletAt(path, next);
  return second >= 0x80 && second <= until;
}

function isUnreserved(code: number): boolean {
  const letter = code | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return code < 0x80;
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === DOT || code === 0x5f || code === 0x7e;
}
