// Syntax of a section of field lines (RFC 9112, section 5): `name: value CRLF`, closed by an empty line.
// Stricter than the RFC asks: no folding, no bare CR or LF, no space around the name.

import { nextLine } from '../http/header-block.ts';

/** Such lines are refused in requests, and mended in responses. */
export const BLANK_BEFORE_COLON = 'space before colon';

// Both run in linear time: name, colon, value and CRLF have no byte in common at their borders.
const SECTION = /(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n)*\r\n/y;
const LINE = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t -~\x80-\xff]*\r\n/y;
const BEGINNING = /(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?::[\t -~\x80-\xff]*\r?)?|\r)?$/y;
const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]*/y;
const VALUE = /[\t -~\x80-\xff]*/y;

/** Offset just past the empty line that ends the section starting at `from`; 0 when it is not complete or not well-formed. */
export function endOfFieldLines(text: string, from: number): number {
  SECTION.lastIndex = from;
  return SECTION.test(text) ? SECTION.lastIndex : 0;
}

/** Why a section without an end is refused; empty when it is a sound beginning that may still become whole. */
export function judgeFieldLines(text: string, from: number): string {
  let at = from;
  LINE.lastIndex = at;
  while (LINE.test(text)) {
    at = LINE.lastIndex;
  }
  BEGINNING.lastIndex = at;
  return BEGINNING.test(text) ? '' : faultOfLine(text, at);
}

function faultOfLine(text: string, from: number): string {
  const first = text.charCodeAt(from);
  if (first === 0x20 || first === 0x09) return 'folded field line';
  if (first === 0x3a) return 'empty field name';
  NAME.lastIndex = from;
  NAME.test(text);
  const colon = NAME.lastIndex;
  const after = text.charCodeAt(colon);
  if (after === 0x0a) return colon === from ? 'bare LF' : 'field line without colon';
  if (after === 0x0d) return colon === from ? 'bare CR' : 'field line without colon';
  if (after === 0x20 || after === 0x09) return BLANK_BEFORE_COLON;
  if (after !== 0x3a) return 'illegal byte in field name';
  VALUE.lastIndex = colon + 1;
  VALUE.test(text);
  return faultOfByte(text.charCodeAt(VALUE.lastIndex), 'field value');
}

/** Names a byte that has no place in a line. */
export function faultOfByte(byte: number, place: string): string {
  if (byte === 0x0a) return 'bare LF';
  if (byte === 0x0d) return 'bare CR';
  if (byte === 0) return `NUL in ${place}`;
  return `illegal byte in ${place}`;
}

/** Lines without the blanks between a name and its colon. */
export function withoutBlanksBeforeColons(text: string): string {
  let made = '';
  let kept = 0;
  for (let at = 0; at < text.length; at = nextLine(text, at)) {
    NAME.lastIndex = at;
    NAME.test(text);
    const name = NAME.lastIndex;
    let colon = name;
    while (text.charCodeAt(colon) === 0x20 || text.charCodeAt(colon) === 0x09) colon++;
    if (name === at || colon === name || text.charCodeAt(colon) !== 0x3a) continue;
    made += text.slice(kept, name);
    kept = colon;
  }
  return made + text.slice(kept);
}
