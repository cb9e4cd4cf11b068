// Writes the heads of requests to upstreams as HTTP/1.1 text, latin1: what `read-request-head` accepts, but for the empty Host of a client
// that gave none (HTTP/1.0).
// It decides nothing: which fields go out is settled in the message.

import { applyHeaderChanges, type CompiledHeaderChanges } from '../http/header-changes.ts';
import type { OutgoingRequest } from '../http/request.ts';

export function writeRequestHead(request: OutgoingRequest): string {
  return head(request, request.authority, request.block + framingFields(request));
}

/** The head of a copy: the same message with a mark (a field line) for this host, and with the changes that a mirror wants. */
export function writeCopyHead(
  request: OutgoingRequest,
  authority: string,
  mark: string,
  changes: CompiledHeaderChanges | undefined,
): string {
  const fields = request.block + framingFields(request);
  return head(request, authority, mark + (changes === undefined ? fields : applyHeaderChanges(fields, changes)));
}

function head({ method, target }: OutgoingRequest, authority: string, fields: string): string {
  return method + ' ' + target + ' HTTP/1.1\r\nhost: ' + authority + '\r\n' + fields + '\r\n';
}

function framingFields({ unsized, acceptsTrailers }: OutgoingRequest): string {
  const framing = unsized ? 'transfer-encoding: chunked\r\n' : '';
  return acceptsTrailers ? framing + 'te: trailers\r\nconnection: te\r\n' : framing;
}
