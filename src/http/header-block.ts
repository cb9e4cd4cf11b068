// The header block, the neutral form of a message's fields: `name: value` lines in one latin1 string, each ending in CRLF. It is data, not
// text of HTTP/1: a codec takes it apart or writes it as its protocol wants. Reading is linear and never builds a map of a request's fields.

const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;
const CR = 0x0d;
const EQUALS = 0x3d;
const SEMICOLON = 0x3b;

/** Value of the first field of this name without surrounding blanks. `name` is lower case. */
export function findField(block: string, name: string): string | undefined {
  const line = findLine(block, name, 0);
  return line < 0 ? undefined : valueAt(block, line + name.length + 1);
}

/** Values of all fields of this name, in order. `name` is lower case. */
export function findAll(block: string, name: string): string[] {
  const values: string[] = [];
  for (let line = findLine(block, name, 0); line >= 0; line = findLine(block, name, nextLine(block, line))) {
    values.push(valueAt(block, line + name.length + 1));
  }
  return values;
}

/** Values of all fields of this name joined by `, ` (RFC 9110, section 5.3); undefined when there is none. */
export function joinField(block: string, name: string): string | undefined {
  const line = findLine(block, name, 0);
  if (line < 0) return undefined;
  const value = valueAt(block, line + name.length + 1);
  const second = findLine(block, name, nextLine(block, line));
  return second < 0 ? value : `${value}, ${findAll(block.slice(second), name).join(', ')}`;
}

/** Value of the first cookie of exactly this name over all Cookie fields (RFC 6265, section 5.4), as sent. */
export function findCookie(block: string, name: string): string | undefined {
  for (let line = findLine(block, 'cookie', 0); line >= 0; line = findLine(block, 'cookie', nextLine(block, line))) {
    const value = cookieIn(valueAt(block, line + 7), name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The block without the lines whose name is in `names` (lower case). */
export function withoutFields(block: string, names: ReadonlySet<string>): string {
  let kept = '';
  let runStart = 0;
  for (let line = 0; line < block.length;) {
    const next = nextLine(block, line);
    if (names.has(block.slice(line, block.indexOf(':', line)).toLowerCase())) {
      kept += block.slice(runStart, line);
      runStart = next;
    }
    line = next;
  }
  return kept + block.slice(runStart);
}

/** Text as the latin1 string of its UTF-8 bytes, which is how it looks in a header block. */
export function toFieldText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** Start of the first line of this field at or after `from`, or -1. Both must be line starts; `name` is lower case. */
export function findLine(block: string, name: string, from: number): number {
  const length = name.length;
  const first = name.charCodeAt(0);
  const last = block.length - length;
  for (let line = from; line < last; line = nextLine(block, line)) {
    if (block.charCodeAt(line + length) === COLON && lower(block.charCodeAt(line)) === first && isNamed(block, line, name)) return line;
  }
  return -1;
}

/** Start of the line after the one that `at` is in; the length of the block at its end. */
export function nextLine(block: string, at: number): number {
  const end = block.indexOf('\n', at);
  return end < 0 ? block.length : end + 1;
}

function isNamed(block: string, line: number, name: string): boolean {
  for (let i = name.length - 1; i > 0; i--) {
    if (lower(block.charCodeAt(line + i)) !== name.charCodeAt(i)) return false;
  }
  return true;
}

function lower(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

function valueAt(block: string, from: number): string {
  let end = block.indexOf('\n', from);
  if (end < 0) end = block.length;
  let start = from;
  while (start < end && isBlank(block.charCodeAt(start))) start++;
  while (end > start && (isBlank(block.charCodeAt(end - 1)) || block.charCodeAt(end - 1) === CR)) end--;
  return block.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function cookieIn(line: string, name: string): string | undefined {
  const length = name.length;
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + length)) {
    const equals = at + length;
    if (equals >= line.length || line.charCodeAt(equals) !== EQUALS || !startsPair(line, at)) continue;
    let end = line.indexOf(';', equals);
    if (end < 0) end = line.length;
    while (end > equals + 1 && isBlank(line.charCodeAt(end - 1))) end--;
    return line.slice(equals + 1, end);
  }
  return undefined;
}

function startsPair(line: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(line.charCodeAt(before))) before--;
  return before < 0 || line.charCodeAt(before) === SEMICOLON;
}
