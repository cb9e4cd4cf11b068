// Reads the head of one HTTP/1 response (RFC 9112): once, strictly, in linear time. Bytes only: it knows no socket.
// A malformed response is refused as a whole; nothing of it is repaired and passed on.

import { BODY_CHUNKED, BODY_LENGTH, BODY_UNTIL_CLOSE } from '../http/body-kind.ts';
import { parseContentLength } from '../http/content-length.ts';
import type { HeadLimits } from '../http/head-limits.ts';
import { withoutFields } from '../http/header-block.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_DATE,
  FIELD_OUTCOME,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  HOP_BY_HOP_MASK,
} from '../http/known-fields.ts';
import { REFUSE_BAD_RESPONSE, REFUSE_LARGE_RESPONSE } from '../http/refusal.ts';
import { ConnectionOptions, readConnectionOptions } from './connection-options.ts';
import { BLANK_BEFORE_COLON, endOfFieldLines, judgeFieldLines, withoutBlanksBeforeColons } from './field-lines.ts';
import { SortedFields } from './field-sort.ts';
import { judgeTransferEncoding } from './framing.ts';
import type { ResponseHead } from './response-head.ts';

const STATUS_LINE = /HTTP\/1\.[01] [1-5][0-9]{2}(?: [\t -~\x80-\xff]*)?\r\n/y;
const STATUS_LINE_BEGINNING = /^HTTP\/1\.[01] [1-5][0-9]{2}(?: [\t -~\x80-\xff]*)?\r?$/;
const SHAPE = 'HTTP/1.1 200';
const FRAMING = (1 << FIELD_CONTENT_LENGTH) | (1 << FIELD_TRANSFER_ENCODING);
/** What Sluice says of its own responses nobody else may. */
const CUT = HOP_BY_HOP_MASK | (1 << FIELD_OUTCOME);
const CONTENT_LENGTH_ONLY: ReadonlySet<string> = new Set(['content-length']);

// Parsing is synchronous, so that one of each serves all connections of a thread.
const sorted = new SortedFields();
const options = new ConnectionOptions();

/**
 * Reads the head of a response to a `requestMethod` request, which starts at `from` in `text` (bytes decoded as latin1), into `head`,
 * whose fields are all set anew.
 * Returns the offset just past the head; 0 when more bytes are needed; or minus REFUSE_BAD_RESPONSE or REFUSE_LARGE_RESPONSE, with the reason in `head.refusal`.
 */
export function readResponseHead(text: string, from: number, head: ResponseHead, limits: HeadLimits, requestMethod: string): number {
  head.reset();
  STATUS_LINE.lastIndex = from;
  if (!STATUS_LINE.test(text)) return refuseLine(text, from, head, limits);
  const fields = STATUS_LINE.lastIndex;
  const end = endOfFieldLines(text, fields);
  if ((end === 0 ? text.length : end) - from > limits.headerBytes) return refuseSize(head, 'header too large');
  if (end === 0) {
    const reason = judgeFieldLines(text, fields);
    if (reason !== BLANK_BEFORE_COLON) return reason === '' ? 0 : refuse(head, reason);
    // RFC 9112, section 5.1: such blanks are taken off before the response is passed on. They are all gone then.
    const whole = text.indexOf('\r\n\r\n', fields) + 4;
    if (whole < 4) return 0;
    const lines = text.slice(fields, whole);
    const clean = withoutBlanksBeforeColons(lines);
    if (clean === lines) return refuse(head, reason);
    const read = readResponseHead(text.slice(from, fields) + clean, 0, head, limits, requestMethod);
    return read > 0 ? whole : read;
  }
  sorted.sort(text, fields, end, CUT);
  head.dated = sorted.has(FIELD_DATE);
  if (sorted.count > limits.headerCount) return refuseSize(head, 'too many fields');
  head.minor = digitAt(text, from + 7);
  head.status = digitAt(text, from + 9) * 100 + digitAt(text, from + 10) * 10 + digitAt(text, from + 11);
  head.reason = text.slice(from + 13, fields - 2);
  const code = readConnection(head) || readFraming(head, requestMethod);
  if (head.status === 101 && head.minor === 1 && options.upgrade) head.upgrade = sorted.value(FIELD_UPGRADE);
  return code === 0 ? end : code;
}

function refuse(head: ResponseHead, reason: string): number {
  head.refusal = reason;
  head.keepAlive = false;
  return -REFUSE_BAD_RESPONSE;
}

function refuseSize(head: ResponseHead, reason: string): number {
  refuse(head, reason);
  return -REFUSE_LARGE_RESPONSE;
}

function refuseLine(text: string, from: number, head: ResponseHead, limits: HeadLimits): number {
  if (text.length - from > limits.headerBytes) return refuseSize(head, 'header too large');
  const line = text.slice(from);
  return isBeginning(line) ? 0 : refuse(head, 'malformed status line');
}

function isBeginning(line: string): boolean {
  if (line.length >= SHAPE.length) return STATUS_LINE_BEGINNING.test(line);
  // Short of a status, completing the line from a sound one tells whether it can still become sound.
  return STATUS_LINE_BEGINNING.test(line + SHAPE.slice(line.length));
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30;
}

function readConnection(head: ResponseHead): number {
  if (!readConnectionOptions(sorted.value(FIELD_CONNECTION), options)) return refuse(head, 'malformed connection');
  head.keepAlive = !options.close && (head.minor === 1 || options.keepAlive);
  head.block = options.named === undefined ? sorted.block : withoutFields(sorted.block, options.named);
  return 0;
}

// RFC 9112, section 6.3, without its leniencies.
function readFraming(head: ResponseHead, requestMethod: string): number {
  const framing = sorted.seen & FRAMING;
  if (framing === FRAMING) return refuse(head, 'content-length with transfer-encoding');
  if (sorted.has(FIELD_CONTENT_LENGTH)) {
    if (sorted.linesOf(FIELD_CONTENT_LENGTH) > 1) return refuse(head, 'repeated content-length');
    head.contentLength = parseContentLength(sorted.value(FIELD_CONTENT_LENGTH));
    if (head.contentLength < 0) return refuse(head, 'malformed content-length');
  } else if (framing !== 0) {
    if (head.minor === 0) return refuse(head, 'transfer-encoding in HTTP/1.0');
    const refusal = judgeTransferEncoding(sorted.value(FIELD_TRANSFER_ENCODING));
    if (refusal !== undefined) return refuse(head, refusal.reason);
  }
  if (head.status < 200 || head.status === 204) return dropFraming(head, framing);
  if (requestMethod === 'HEAD' || head.status === 304 || head.contentLength === 0) return 0;
  if (head.contentLength > 0) head.body = BODY_LENGTH;
  else if (framing !== 0) head.body = BODY_CHUNKED;
  else head.body = BODY_UNTIL_CLOSE;
  if (head.body === BODY_UNTIL_CLOSE) head.keepAlive = false;
  return 0;
}

// RFC 9110, section 8.6 and RFC 9112, section 6.1: neither field may stand in 1xx and 204. A 204 that declares a body after all
// is common enough to be served, but what follows it on the connection cannot be trusted. After 1xx more must follow: it is refused.
function dropFraming(head: ResponseHead, framing: number): number {
  if (framing === 0) return 0;
  const declaresBody = head.contentLength !== 0;
  if (declaresBody && head.status < 200) return refuse(head, 'interim response with a body');
  if (declaresBody) head.keepAlive = false;
  head.block = withoutFields(head.block, CONTENT_LENGTH_ONLY);
  head.contentLength = -1;
  return 0;
}
