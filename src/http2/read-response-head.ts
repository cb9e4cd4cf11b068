// Reads the head of one response from its block of fields (RFC 9113, section 8.3.2). A malformed response is refused as a whole; nothing of it is
// repaired and passed on.

import { BODY_LENGTH, BODY_STREAM } from '../http/body-kind.ts';
import { parseContentLength } from '../http/content-length.ts';
import { withoutFields } from '../http/header-block.ts';
import { FIELD_CONTENT_LENGTH, FIELD_DATE } from '../http/known-fields.ts';
import { REFUSE_BAD_RESPONSE, REFUSE_LARGE_RESPONSE } from '../http/refusal.ts';
import type { IncomingResponse } from '../http/response.ts';
import type { DecodedFields } from './decoded-fields.ts';
import { FIELD_STATUS } from './field-kinds.ts';

const CONTENT_LENGTH_ONLY: ReadonlySet<string> = new Set(['content-length']);

/**
 * Reads the decoded fields of a response to a `requestMethod` request, which began with RESPONSE_RULES, into `head`, whose fields are all set anew.
 * Returns 0; or REFUSE_BAD_RESPONSE or REFUSE_LARGE_RESPONSE, with the reason in `head.refusal`: the stream alone is refused.
 * @param ends the stream ends with the head
 */
export function readResponseHead(fields: DecodedFields, head: IncomingResponse, ends: boolean, requestMethod: string): number {
  head.reset();
  if (fields.tooLarge) return refuse(head, 'header too large', REFUSE_LARGE_RESPONSE);
  if (fields.fault !== '') return refuse(head, fields.fault);
  head.block = fields.finish();
  head.dated = fields.has(FIELD_DATE);
  return readStatus(fields, head, ends) || readFraming(fields, head, ends, requestMethod);
}

function refuse(head: IncomingResponse, reason: string, code = REFUSE_BAD_RESPONSE): number {
  head.refusal = reason;
  return code;
}

function readStatus(fields: DecodedFields, head: IncomingResponse, ends: boolean): number {
  head.status = fields.has(FIELD_STATUS) ? statusOf(fields.status) : 0;
  if (head.status === 0) return refuse(head, 'malformed status');
  // RFC 9113, section 8.6: HTTP/2 has no such change of protocols.
  if (head.status === 101) return refuse(head, 'switch of protocols');
  return head.status < 200 && ends ? refuse(head, 'interim response that ends the stream') : 0;
}

/** 100 to 599; 0 for all others. */
function statusOf(text: string): number {
  const hundreds = text.charCodeAt(0) - 0x30;
  const tens = text.charCodeAt(1) - 0x30;
  const ones = text.charCodeAt(2) - 0x30;
  const sound = text.length === 3 && hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return sound ? hundreds * 100 + tens * 10 + ones : 0;
}

function readFraming(fields: DecodedFields, head: IncomingResponse, ends: boolean, requestMethod: string): number {
  const declares = fields.has(FIELD_CONTENT_LENGTH);
  if (declares) {
    if (fields.linesOf(FIELD_CONTENT_LENGTH) > 1) return refuse(head, 'repeated content-length');
    head.contentLength = parseContentLength(fields.value(FIELD_CONTENT_LENGTH));
    if (head.contentLength < 0) return refuse(head, 'malformed content-length');
  }
  if (head.status < 200 || head.status === 204) return dropLength(head);
  if (requestMethod === 'HEAD' || head.status === 304) return 0;
  if (ends) {
    head.isEmpty = !declares;
    return head.contentLength > 0 ? refuse(head, 'content other than content-length') : 0;
  }
  if (head.contentLength > 0) head.body = BODY_LENGTH;
  else if (!declares) head.body = BODY_STREAM;
  return 0;
}

// RFC 9110, section 8.6: it may not stand in 1xx and 204, and 204 has no content even so.
function dropLength(head: IncomingResponse): number {
  if (head.contentLength < 0) return 0;
  if (head.contentLength > 0 && head.status < 200) return refuse(head, 'interim response with a body');
  head.block = withoutFields(head.block, CONTENT_LENGTH_ONLY);
  head.contentLength = -1;
  return 0;
}
