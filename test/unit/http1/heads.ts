// Parses texts of the tests into fresh heads.

import { REFUSAL_OUTCOMES } from '../../../src/http/refusal.ts';
import { readRequestHead } from '../../../src/http1/read-request-head.ts';
import { RequestHead } from '../../../src/http1/request-head.ts';
import { readResponseHead } from '../../../src/http1/read-response-head.ts';
import { ResponseHead } from '../../../src/http1/response-head.ts';

export const LIMITS = { headerBytes: 16384, headerCount: 100, requestLineBytes: 8192 };

/** A head from its lines. */
export function lines(...all: string[]): string {
  return `${all.join('\r\n')}\r\n\r\n`;
}

export function parseRequest(text: string, limits = LIMITS): { head: RequestHead; end: number } {
  const head = new RequestHead();
  return { end: readRequestHead(text, 0, head, limits), head };
}

export function parseResponse(text: string, method = 'GET', limits = LIMITS): { head: ResponseHead; end: number } {
  const head = new ResponseHead();
  return { end: readResponseHead(text, 0, head, limits, method), head };
}

/** `accepted`, `incomplete`, or outcome code and reason of the refusal. */
export function verdict({ head, end }: { readonly head: { readonly refusal: string }; readonly end: number }): string {
  if (end === 0) return 'incomplete';
  return end > 0 ? 'accepted' : `${REFUSAL_OUTCOMES[-end]!}: ${head.refusal}`;
}
