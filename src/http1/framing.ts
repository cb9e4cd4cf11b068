// The two fields that say where a body ends (RFC 9112, sections 6.1 and 6.2).

import { REFUSE_BAD_REQUEST, REFUSE_NOT_IMPLEMENTED, type Refusal } from '../http/refusal.ts';
import { trimSpaces } from './connection-options.ts';

const CODING = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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
