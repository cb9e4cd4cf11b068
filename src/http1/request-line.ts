// The request line (RFC 9112, section 3): exactly one space between the parts, visible ASCII without `#` in the target, HTTP/1.0 or 1.1.

import type { HeadLimits } from '../http/head-limits.ts';
import { REFUSE_BAD_REQUEST, REFUSE_NOT_IMPLEMENTED, REFUSE_URI_TOO_LONG, REFUSE_VERSION, type Refusal } from '../http/refusal.ts';
import { faultOfByte } from './field-lines.ts';

const LINE = /[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32} [!"$-~]+ HTTP\/1\.[01]\r\n/y;
const SHAPE = /^([^ ]+) ([^ ]+) HTTP\/[0-9]\.([0-9])$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const METHOD_BEGINNING = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]*(?: |$)/;
const CURRENT_VERSION = / HTTP\/1\.[01]$/;
const ILLEGAL_BYTE = /[^ -~]/;
const MAX_METHOD_BYTES = 32;

/** Offset just past the CRLF of the request line starting at `from`; 0 when it is not complete or not well-formed. */
export function endOfRequestLine(text: string, from: number): number {
  LINE.lastIndex = from;
  return LINE.test(text) ? LINE.lastIndex : 0;
}

/** Why a request line without an end is refused; undefined when it is a sound beginning that may still become whole. */
export function judgeRequestLine(text: string, from: number, limits: HeadLimits): Refusal | undefined {
  const end = text.indexOf('\r\n', from);
  if ((end < 0 ? text.length - 1 : end) - from > limits.requestLineBytes) {
    return { code: REFUSE_URI_TOO_LONG, reason: 'request line too long' };
  }
  return end < 0 ? judgeBeginning(text.slice(from)) : judgeWhole(text.slice(from, end));
}

function judgeBeginning(line: string): Refusal | undefined {
  const sound = line.endsWith('\r') ? line.slice(0, -1) : line;
  const illegal = ILLEGAL_BYTE.exec(sound);
  if (illegal !== null) return bad(faultOfByte(sound.charCodeAt(illegal.index), 'request line'));
  return judgeMethod(METHOD_BEGINNING.test(sound), sound);
}

function judgeWhole(line: string): Refusal {
  const illegal = ILLEGAL_BYTE.exec(line);
  if (illegal !== null) return bad(faultOfByte(line.charCodeAt(illegal.index), 'request line'));
  const shape = SHAPE.exec(line);
  if (shape === null) return bad('malformed request line');
  const refusal = judgeMethod(METHOD.test(shape[1]!), line);
  if (refusal !== undefined) return refusal;
  if (!CURRENT_VERSION.test(line)) return { code: REFUSE_VERSION, reason: 'version other than HTTP/1.0 and HTTP/1.1' };
  return bad('fragment in target');
}

function judgeMethod(isToken: boolean, line: string): Refusal | undefined {
  if (!isToken) return bad('malformed method');
  const space = line.indexOf(' ');
  if ((space < 0 ? line.length : space) <= MAX_METHOD_BYTES) return undefined;
  return { code: REFUSE_NOT_IMPLEMENTED, reason: 'method too long' };
}

function bad(reason: string): Refusal {
  return { code: REFUSE_BAD_REQUEST, reason };
}
