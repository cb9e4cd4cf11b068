// Writes the heads of requests to upstreams as HTTP/1.1 text, latin1: what `read-request-head` accepts.
// It decides nothing: which fields go out is settled in the message.

import { BODY_CHUNKED, BODY_STREAM } from '../http/body-kind.ts';
import type { OutgoingRequest } from '../http/request.ts';
import type { RequestHead } from './request-head.ts';

/** @param authority that of the request, or of the endpoint where the client gave none */
export function writeRequestHead(request: OutgoingRequest, authority: string): string {
  const { method, target, block } = request;
  return method + ' ' + target + ' HTTP/1.1\r\nhost: ' + authority + '\r\n' + block + framingFields(request) + '\r\n';
}

/** A TRACE as it came, as far as it tells the way: what may be secret is not sent back (RFC 9110, section 9.3.8). */
export function writeTrace({ target, minor, authority, via }: RequestHead): string {
  const fields = (authority === '' ? '' : 'host: ' + authority + '\r\n') + (via === '' ? '' : 'via: ' + via + '\r\n');
  return 'TRACE ' + target + ' HTTP/1.' + minor + '\r\n' + fields + 'max-forwards: 0\r\n\r\n';
}

function framingFields({ body, acceptsTrailers, upgrade }: OutgoingRequest): string {
  // Such a request has no body, and trailers do not outweigh what it wants.
  if (upgrade !== '') return 'upgrade: ' + upgrade + '\r\nconnection: upgrade\r\n';
  const framing = body === BODY_CHUNKED || body === BODY_STREAM ? 'transfer-encoding: chunked\r\n' : '';
  return acceptsTrailers ? framing + 'te: trailers\r\nconnection: te\r\n' : framing;
}
