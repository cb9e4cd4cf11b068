// Reads one parameter of a raw query string. Linear time; decodes only what needs it.

const PERCENT = 0x25;
const PLUS = 0x2b;

/**
 * Decoded value of the first parameter of this name (application/x-www-form-urlencoded: `+` is a blank, percent triplets are
 * UTF-8); empty when it has no `=`. Names are case-sensitive. A malformed triplet leaves the text it stands in undecoded.
 */
export function findQuery(query: string, name: string): string | undefined {
  const length = query.length;
  const encoded = query.indexOf('%') >= 0 || query.indexOf('+') >= 0;
  let equals = query.indexOf('=');
  for (let start = 0; start < length;) {
    let end = query.indexOf('&', start);
    if (end < 0) end = length;
    // Only moves forward, so that a run of `&` does not search the rest again and again.
    if (equals >= 0 && equals < start) equals = query.indexOf('=', start);
    const nameEnd = equals >= 0 && equals < end ? equals : end;
    if (nameEnd - start >= name.length && nameEnd > start) {
      const found = encoded
        ? decode(query.slice(start, nameEnd)) === name
        : nameEnd - start === name.length && query.startsWith(name, start);
      if (found) return nameEnd === end ? '' : decode(query.slice(nameEnd + 1, end));
    }
    start = end + 1;
  }
  return undefined;
}

function decode(text: string): string {
  if (text.indexOf('%') < 0 && text.indexOf('+') < 0) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === PERCENT) {
      const byte = i + 2 < text.length ? triplet(text, i) : -1;
      if (byte < 0) return text;
      bytes[used++] = byte;
      i += 2;
    } else {
      bytes[used++] = code === PLUS ? 0x20 : code;
    }
  }
  return bytes.toString('utf8', 0, used);
}

/** Byte that the percent triplet at `at` stands for, or -1. */
export function triplet(text: string, at: number): number {
  const high = hexValue(text.charCodeAt(at + 1));
  const low = hexValue(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
