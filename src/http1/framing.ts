// The two fields that say where a body ends (RFC 9112, sections 6.1 and 6.2).

import { trimSpaces } from './connection-options.ts';
import { REFUSE_BAD_REQUEST, REFUSE_NOT_IMPLEMENTED, type Refusal } from './refusal.ts';

const CODING = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The number in a Content-Length value; -1 unless it is plain digits without padding, up to 2^53 - 1. */
export function parseContentLength(value: string): number {
  const digits = value.length;
  if (digits === 0 || digits > 16 || (digits > 1 && value.charCodeAt(0) === 0x30)) return -1;
  let length = 0;
  for (let i = 0; i < digits; i++) {
    const digit = value.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}

/** Why this Transfer-Encoding value is refused; undefined for the one that is served, a single `chunked`. */
export function judgeTransferEncoding(value: string): Refusal | undefined {
  const codings = value.toLowerCase();
  if (codings === 'chunked') return undefined;
  const names = codings.split(',').map(trimSpaces);
  const chunked = names.indexOf('chunked');
  const sound = names.every((name) => CODING.test(name)) && chunked !== 0 && (chunked < 0 || chunked === names.length - 1);
  return sound
    ? { code: REFUSE_NOT_IMPLEMENTED, reason: 'unknown transfer coding' }
    : { code: REFUSE_BAD_REQUEST, reason: 'malformed transfer-encoding' };
}
