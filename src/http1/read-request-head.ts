// Reads the head of one HTTP/1 request (RFC 9112): once, strictly, in linear time. Bytes only: it knows no socket.
// It never guesses: what has two readings is refused, for the upstream might take the other one.

import { isAuthority, isConnectAuthority, withoutEmptyPort } from '../http/authority.ts';
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE } from '../http/body-kind.ts';
import { parseContentLength } from '../http/content-length.ts';
import type { HeadLimits } from '../http/head-limits.ts';
import { withoutFields } from '../http/header-block.ts';
import {
  FIELD_CDN_LOOP,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_FORWARDED_OTHER,
  FIELD_HOST,
  FIELD_LOOKALIKE,
  FIELD_MAX_FORWARDS,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  FORWARDING_MASK,
  HOP_BY_HOP_MASK,
} from '../http/known-fields.ts';
import { REFUSE_BAD_REQUEST, REFUSE_EXPECTATION, REFUSE_HEADER_TOO_LARGE, REFUSE_URI_TOO_LONG } from '../http/refusal.ts';
import { takeForwardingFields, takeMaxForwards } from '../http/request-fields.ts';
import { ConnectionOptions, namesOption, readConnectionOptions } from './connection-options.ts';
import { endOfFieldLines, judgeFieldLines } from './field-lines.ts';
import { SortedFields } from './field-sort.ts';
import { judgeTransferEncoding } from './framing.ts';
import type { RequestHead } from './request-head.ts';
import { endOfRequestLine, judgeRequestLine } from './request-line.ts';
import { reduceTarget } from './request-target.ts';
import { offeredProtocols } from './upgrade.ts';

const CUT = HOP_BY_HOP_MASK | FORWARDING_MASK | (1 << FIELD_HOST) | (1 << FIELD_LOOKALIKE);
const CUT_OF_1_0 = CUT | (1 << FIELD_EXPECT);
const FRAMING = (1 << FIELD_CONTENT_LENGTH) | (1 << FIELD_TRANSFER_ENCODING);
const RARE =
  FORWARDING_MASK |
  (1 << FIELD_FORWARDED_OTHER) |
  (1 << FIELD_TE) |
  (1 << FIELD_EXPECT) |
  (1 << FIELD_CDN_LOOP) |
  (1 << FIELD_MAX_FORWARDS);
/** Of empty lines before a request. */
const MAX_LEADING_BYTES = 4;

// Parsing is synchronous, so that one of each serves all connections of a thread.
const sorted = new SortedFields();
const options = new ConnectionOptions();

/** Authority that was last found valid: nearly always that of the next request, too. */
let checkedAuthority = '';

/**
 * Reads the request head that starts at `from` in `text` (bytes decoded as latin1) into `head`, whose fields are all set anew.
 * Up to two empty lines before it are skipped (RFC 9112, section 2.2).
 * Returns the offset just past the head; 0 when more bytes are needed; or minus a code of `refusal.ts`, with the reason in `head.refusal`.
 */
export function readRequestHead(text: string, from: number, head: RequestHead, limits: HeadLimits): number {
  head.reset();
  const start = skipEmptyLines(text, from);
  const fields = endOfRequestLine(text, start);
  if (fields === 0) return refuseLine(text, start, head, limits);
  if (fields - start - 2 > limits.requestLineBytes) return refuse(head, REFUSE_URI_TOO_LONG, 'request line too long');
  const end = endOfFieldLines(text, fields);
  if ((end === 0 ? text.length : end) - start > limits.headerBytes) return refuse(head, REFUSE_HEADER_TOO_LARGE, 'header too large');
  if (end === 0) {
    const reason = judgeFieldLines(text, fields);
    return reason === '' ? 0 : refuse(head, REFUSE_BAD_REQUEST, reason);
  }
  head.minor = text.charCodeAt(fields - 3) - 0x30;
  sorted.sort(text, fields, end, head.minor === 1 ? CUT : CUT_OF_1_0);
  if (sorted.count > limits.headerCount) return refuse(head, REFUSE_HEADER_TOO_LARGE, 'too many fields');
  const code = readHost(head) || readLine(text, start, fields, head) || readConnection(head) || readFraming(head) || readRare(head);
  if (code !== 0) return code;
  if (head.connects) return finishConnect(head) || end;
  if (options.upgrade && sorted.has(FIELD_UPGRADE)) head.upgrade = offeredProtocols(head, sorted.value(FIELD_UPGRADE));
  return end;
}

function refuse(head: RequestHead, code: number, reason: string): number {
  head.refusal = reason;
  head.keepAlive = false;
  return -code;
}

function skipEmptyLines(text: string, from: number): number {
  let start = from;
  while (start < from + MAX_LEADING_BYTES && text.charCodeAt(start) === 0x0d && text.charCodeAt(start + 1) === 0x0a) start += 2;
  return start;
}

function refuseLine(text: string, start: number, head: RequestHead, limits: HeadLimits): number {
  const refusal = judgeRequestLine(text, start, limits);
  if (refusal !== undefined) return refuse(head, refusal.code, refusal.reason);
  return text.length - start > limits.headerBytes ? refuse(head, REFUSE_HEADER_TOO_LARGE, 'header too large') : 0;
}

// The readers below return 0, or what `readRequestHead` returns. Host comes first: the authority of an absolute-form target takes its place.
function readHost(head: RequestHead): number {
  const lines = sorted.linesOf(FIELD_HOST);
  if (lines === 0 && head.minor === 0) return 0;
  if (lines !== 1) return refuse(head, REFUSE_BAD_REQUEST, lines === 0 ? 'missing host' : 'repeated host');
  let host = sorted.value(FIELD_HOST);
  if (host === '' || host !== checkedAuthority) {
    host = withoutEmptyPort(host);
    if (!isAuthority(host)) return refuse(head, REFUSE_BAD_REQUEST, 'malformed host');
  }
  checkedAuthority = host;
  head.authority = host;
  return 0;
}

function readLine(text: string, start: number, fields: number, head: RequestHead): number {
  const space = text.indexOf(' ', start);
  let target = text.slice(space + 1, fields - 11);
  head.method = methodAt(text, start, space);
  // HTTP/2 begins with it, and nobody else may (RFC 9113, section 11.5).
  if (head.method === 'PRI') return refuse(head, REFUSE_BAD_REQUEST, 'method PRI');
  if (head.method === 'CONNECT') return readConnect(head, target);
  if (target.charCodeAt(0) !== 0x2f) {
    const reduced = reduceTarget(head.method, target, head.authority);
    if ('code' in reduced) return refuse(head, reduced.code, reduced.reason);
    head.authority = reduced.authority;
    target = reduced.target;
  }
  const mark = target.indexOf('?');
  head.target = target;
  head.path = mark < 0 ? target : target.slice(0, mark);
  head.query = mark < 0 ? '' : target.slice(mark + 1);
  return 0;
}

// RFC 9112, section 3.2.3: what Host says is passed over, as for absolute-form.
function readConnect(head: RequestHead, target: string): number {
  if (!isConnectAuthority(target)) return refuse(head, REFUSE_BAD_REQUEST, 'target of CONNECT is no host with a port');
  head.connects = true;
  head.authority = target;
  head.target = target;
  return 0;
}

// RFC 9110, section 9.3.6: no content. What follows is meant for the tunnel: where there is to be none nobody may take it for a request.
function finishConnect(head: RequestHead): number {
  if (head.body !== BODY_NONE) return refuse(head, REFUSE_BAD_REQUEST, 'CONNECT with content');
  head.keepAlive = false;
  return 0;
}

// The common methods as constants: no allocation, and later comparisons are of pointers.
function methodAt(text: string, from: number, to: number): string {
  if (to - from === 3 && text.startsWith('GET', from)) return 'GET';
  if (to - from === 4 && text.startsWith('POST', from)) return 'POST';
  return text.slice(from, to);
}

function readConnection(head: RequestHead): number {
  if (!readConnectionOptions(sorted.value(FIELD_CONNECTION), options)) return refuse(head, REFUSE_BAD_REQUEST, 'malformed connection');
  head.keepAlive = !options.close && (head.minor === 1 || options.keepAlive);
  head.block = options.named === undefined ? sorted.block : withoutFields(sorted.block, options.named);
  return 0;
}

// RFC 9112, section 6.3, without its leniencies.
function readFraming(head: RequestHead): number {
  if ((sorted.seen & FRAMING) === 0) return 0;
  if (sorted.has(FIELD_TRANSFER_ENCODING)) return readTransferEncoding(head);
  if (sorted.linesOf(FIELD_CONTENT_LENGTH) > 1) return refuse(head, REFUSE_BAD_REQUEST, 'repeated content-length');
  head.contentLength = parseContentLength(sorted.value(FIELD_CONTENT_LENGTH));
  if (head.contentLength < 0) return refuse(head, REFUSE_BAD_REQUEST, 'malformed content-length');
  head.body = head.contentLength === 0 ? BODY_NONE : BODY_LENGTH;
  return 0;
}

function readTransferEncoding(head: RequestHead): number {
  if (sorted.has(FIELD_CONTENT_LENGTH)) return refuse(head, REFUSE_BAD_REQUEST, 'content-length with transfer-encoding');
  if (head.minor === 0) return refuse(head, REFUSE_BAD_REQUEST, 'transfer-encoding in HTTP/1.0');
  const refusal = judgeTransferEncoding(sorted.value(FIELD_TRANSFER_ENCODING));
  if (refusal !== undefined) return refuse(head, refusal.code, refusal.reason);
  head.body = BODY_CHUNKED;
  return 0;
}

function readRare(head: RequestHead): number {
  if ((sorted.seen & RARE) === 0) return 0;
  takeForwardingFields(sorted, head);
  head.acceptsTrailers = namesOption(sorted.value(FIELD_TE), 'trailers');
  const code = readExpect(head);
  if (code !== 0) return code;
  return takeMaxForwards(sorted, head) ? 0 : refuse(head, REFUSE_BAD_REQUEST, 'malformed max-forwards');
}

// An expectation in HTTP/1.0 is to be ignored (RFC 9110, section 10.1.1); its line has left the block already. In HTTP/1.1 the one that is
// known goes on with the block: the upstream says whether it wants the body.
function readExpect(head: RequestHead): number {
  if (!sorted.has(FIELD_EXPECT) || head.minor === 0) return 0;
  head.expectsContinue = sorted.value(FIELD_EXPECT).toLowerCase() === '100-continue';
  return head.expectsContinue ? 0 : refuse(head, REFUSE_EXPECTATION, 'unknown expectation');
}
