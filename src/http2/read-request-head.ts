// Reads the head of one request from its block of fields (RFC 9113, section 8.3.1), as strictly as that of HTTP/1 is read: what has two
// readings is refused, for the upstream might take the other one.

import { isAuthority, isConnectAuthority, withoutEmptyPort } from '../http/authority.ts';
import { BODY_LENGTH, BODY_NONE, BODY_STREAM } from '../http/body-kind.ts';
import { parseContentLength } from '../http/content-length.ts';
import {
  FIELD_CDN_LOOP,
  FIELD_CONTENT_LENGTH,
  FIELD_EXPECT,
  FIELD_FORWARDED_OTHER,
  FIELD_HOST,
  FIELD_MAX_FORWARDS,
  FIELD_TE,
  FORWARDING_MASK,
} from '../http/known-fields.ts';
import {
  REFUSE_BAD_REQUEST,
  REFUSE_EXPECTATION,
  REFUSE_HEADER_TOO_LARGE,
  REFUSE_NOT_IMPLEMENTED,
  REFUSE_URI_TOO_LONG,
} from '../http/refusal.ts';
import { takeForwardingFields, takeMaxForwards } from '../http/request-fields.ts';
import type { IncomingRequest } from '../http/request.ts';
import type { DecodedFields } from './decoded-fields.ts';
import { FIELD_AUTHORITY, FIELD_METHOD, FIELD_PATH, FIELD_PROTOCOL, FIELD_SCHEME } from './field-kinds.ts';

const NEEDED = (1 << FIELD_METHOD) | (1 << FIELD_SCHEME) | (1 << FIELD_PATH);
const NEEDED_FOR_CONNECT = (1 << FIELD_METHOD) | (1 << FIELD_AUTHORITY);
const CONTROL = NEEDED | (1 << FIELD_AUTHORITY) | (1 << FIELD_PROTOCOL);
const RARE = FORWARDING_MASK | (1 << FIELD_FORWARDED_OTHER) | (1 << FIELD_EXPECT) | (1 << FIELD_CDN_LOOP) | (1 << FIELD_MAX_FORWARDS);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_METHOD_BYTES = 32;
/** What a request line of HTTP/1 has beside method and target: the bound is that of all versions. */
const REST_OF_LINE = 10;

/** Authority that was last found valid: nearly always that of the next request, too. */
let checkedAuthority = '';

/**
 * Reads the decoded fields of a request, which began with REQUEST_RULES, into `head`, all of whose fields but the scheme, which is the
 * connection's, are set anew. An extended CONNECT (RFC 8441) becomes what HTTP/1 has in its place: a GET with its `:protocol` in `head.upgrade`.
 * Returns 0; or a code of `refusal.ts`, with the reason in `head.refusal`: the stream alone is refused.
 * @param ends the stream ends with the head
 */
export function readRequestHead(fields: DecodedFields, head: IncomingRequest, ends: boolean): number {
  head.reset();
  if (fields.tooLarge) return refuse(head, REFUSE_HEADER_TOO_LARGE, 'header too large');
  if (fields.fault !== '') return refuse(head, REFUSE_BAD_REQUEST, fields.fault);
  head.block = fields.finish();
  return readControl(fields, head) || readAuthority(fields, head) || readFraming(fields, head, ends) || readRare(fields, head);
}

function refuse(head: IncomingRequest, code: number, reason: string): number {
  head.refusal = reason;
  return code;
}

// The readers below return what `readRequestHead` does.
function readControl(fields: DecodedFields, head: IncomingRequest): number {
  if (fields.has(FIELD_METHOD) && fields.method === 'CONNECT' && !fields.has(FIELD_PROTOCOL)) return readConnect(fields, head);
  if ((fields.seen & NEEDED) !== NEEDED) return refuse(head, REFUSE_BAD_REQUEST, 'missing pseudo-field');
  if (fields.scheme !== 'https' && fields.scheme !== 'http') return refuse(head, REFUSE_BAD_REQUEST, 'scheme other than http and https');
  if (fields.method.length + fields.path.length + REST_OF_LINE > fields.limits.requestLineBytes) {
    return refuse(head, REFUSE_URI_TOO_LONG, 'request line too long');
  }
  head.method = fields.method;
  return readMethod(fields, head) || readTarget(fields, head);
}

function readMethod(fields: DecodedFields, head: IncomingRequest): number {
  const { method } = head;
  if (fields.has(FIELD_PROTOCOL)) return readProtocol(fields, head);
  if (method === 'GET' || method === 'POST') return 0;
  if (method.length > MAX_METHOD_BYTES) return refuse(head, REFUSE_NOT_IMPLEMENTED, 'method too long');
  if (!TOKEN.test(method)) return refuse(head, REFUSE_BAD_REQUEST, 'malformed method');
  // A connection begins with it, and no request may (RFC 9113, section 11.6).
  return method === 'PRI' ? refuse(head, REFUSE_BAD_REQUEST, 'method PRI') : 0;
}

function readProtocol(fields: DecodedFields, head: IncomingRequest): number {
  const { protocol } = fields;
  if (head.method !== 'CONNECT') return refuse(head, REFUSE_BAD_REQUEST, 'protocol without CONNECT');
  if (!TOKEN.test(protocol)) return refuse(head, REFUSE_BAD_REQUEST, 'malformed protocol');
  head.method = 'GET';
  head.upgrade = protocol.toLowerCase();
  return 0;
}

// That its bytes may stand in a target was seen when they were decoded.
function readTarget(fields: DecodedFields, head: IncomingRequest): number {
  const { path } = fields;
  const isAsterisk = path === '*' && head.method === 'OPTIONS';
  if (path.charCodeAt(0) !== 0x2f && !isAsterisk) return refuse(head, REFUSE_BAD_REQUEST, 'target is no path');
  const mark = path.indexOf('?');
  head.target = path;
  head.path = mark < 0 ? path : path.slice(0, mark);
  head.query = mark < 0 ? '' : path.slice(mark + 1);
  return 0;
}

// RFC 9113, section 8.5: it names nothing but an authority.
function readConnect(fields: DecodedFields, head: IncomingRequest): number {
  if ((fields.seen & CONTROL) !== NEEDED_FOR_CONNECT)
    return refuse(head, REFUSE_BAD_REQUEST, 'CONNECT with other pseudo-fields than it has');
  if (!isConnectAuthority(fields.authority)) return refuse(head, REFUSE_BAD_REQUEST, 'target of CONNECT is no host with a port');
  head.method = 'CONNECT';
  head.connects = true;
  head.target = fields.authority;
  return 0;
}

function readAuthority(fields: DecodedFields, head: IncomingRequest): number {
  const lines = fields.linesOf(FIELD_HOST);
  if (lines > 1) return refuse(head, REFUSE_BAD_REQUEST, 'repeated host');
  if (!fields.has(FIELD_AUTHORITY) && lines === 0) return refuse(head, REFUSE_BAD_REQUEST, 'missing authority');
  let authority = fields.has(FIELD_AUTHORITY) ? fields.authority : fields.value(FIELD_HOST);
  if (authority === '' || authority !== checkedAuthority) {
    authority = withoutEmptyPort(authority);
    if (!isAuthority(authority)) return refuse(head, REFUSE_BAD_REQUEST, 'malformed authority');
    checkedAuthority = authority;
  }
  head.authority = authority;
  if (lines === 0 || isSameHost(authority, fields.value(FIELD_HOST), fields.scheme)) return 0;
  return refuse(head, REFUSE_BAD_REQUEST, 'host other than the authority');
}

// RFC 9113, section 8.3.1: both are normalised as their scheme says.
function isSameHost(authority: string, host: string, scheme: string): boolean {
  if (authority === host) return true;
  const port = scheme === 'https' ? ':443' : ':80';
  return normalise(authority, port) === normalise(host, port);
}

function normalise(authority: string, defaultPort: string): string {
  const plain = withoutEmptyPort(authority).toLowerCase();
  return plain.endsWith(defaultPort) ? plain.slice(0, -defaultPort.length) : plain;
}

// RFC 9113, section 8.1.1. What it declares is held against the content once that is here.
function readFraming(fields: DecodedFields, head: IncomingRequest, ends: boolean): number {
  head.body = ends || head.opensTunnel ? BODY_NONE : BODY_STREAM;
  if (!fields.has(FIELD_CONTENT_LENGTH)) return 0;
  if (fields.linesOf(FIELD_CONTENT_LENGTH) > 1) return refuse(head, REFUSE_BAD_REQUEST, 'repeated content-length');
  head.contentLength = parseContentLength(fields.value(FIELD_CONTENT_LENGTH));
  if (head.contentLength < 0) return refuse(head, REFUSE_BAD_REQUEST, 'malformed content-length');
  if (head.contentLength > 0 && head.opensTunnel) return refuse(head, REFUSE_BAD_REQUEST, 'CONNECT with content');
  if (head.contentLength > 0 && ends) return refuse(head, REFUSE_BAD_REQUEST, 'content other than content-length');
  head.body = head.contentLength === 0 ? BODY_NONE : BODY_LENGTH;
  return 0;
}

function readRare(fields: DecodedFields, head: IncomingRequest): number {
  head.acceptsTrailers = fields.has(FIELD_TE);
  if ((fields.seen & RARE) === 0) return 0;
  takeForwardingFields(fields, head);
  if (fields.has(FIELD_EXPECT)) {
    head.expectsContinue = fields.value(FIELD_EXPECT).toLowerCase() === '100-continue';
    if (!head.expectsContinue) return refuse(head, REFUSE_EXPECTATION, 'unknown expectation');
  }
  return takeMaxForwards(fields, head) ? 0 : refuse(head, REFUSE_BAD_REQUEST, 'malformed max-forwards');
}
