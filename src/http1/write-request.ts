// Writes the heads of requests to upstreams as HTTP/1.1 text, latin1: what `read-request-head` accepts.
// It decides nothing: which fields go out is settled in the message.

import { withoutFields } from '../http/header-block.ts';
import { applyHeaderChanges, type CompiledHeaderChanges } from '../http/header-changes.ts';
import type { OutgoingRequest } from '../http/request.ts';
import type { RequestHead } from './request-head.ts';

/** @param authority that of the request, or of the endpoint where the client gave none */
export function writeRequestHead(request: OutgoingRequest, authority: string): string {
  return head(request, authority, request.block + framingFields(request));
}

/** Nobody waits for a shadow's 100: a copy's body follows at once. */
const EXPECT: ReadonlySet<string> = new Set(['expect']);

/** The head of a copy: the same message with a mark (a field line) for this host, and with the changes that a mirror wants. */
export function writeCopyHead(
  request: OutgoingRequest,
  authority: string,
  mark: string,
  changes: CompiledHeaderChanges | undefined,
): string {
  const block = request.expectsContinue ? withoutFields(request.block, EXPECT) : request.block;
  const fields = block + framingFields(request);
  return head(request, authority, mark + (changes === undefined ? fields : applyHeaderChanges(fields, changes)));
}

/** A TRACE as it came, as far as it tells the way: what may be secret is not sent back (RFC 9110, section 9.3.8). */
export function writeTrace({ target, minor, authority, via }: RequestHead): string {
  const fields = (authority === '' ? '' : 'host: ' + authority + '\r\n') + (via === '' ? '' : 'via: ' + via + '\r\n');
  return 'TRACE ' + target + ' HTTP/1.' + minor + '\r\n' + fields + 'max-forwards: 0\r\n\r\n';
}

function head({ method, target }: OutgoingRequest, authority: string, fields: string): string {
  return method + ' ' + target + ' HTTP/1.1\r\nhost: ' + authority + '\r\n' + fields + '\r\n';
}

function framingFields({ unsized, acceptsTrailers, upgrade }: OutgoingRequest): string {
  // Such a request has no body, and trailers do not outweigh what it wants.
  if (upgrade !== '') return 'upgrade: ' + upgrade + '\r\nconnection: upgrade\r\n';
  const framing = unsized ? 'transfer-encoding: chunked\r\n' : '';
  return acceptsTrailers ? framing + 'te: trailers\r\nconnection: te\r\n' : framing;
}
