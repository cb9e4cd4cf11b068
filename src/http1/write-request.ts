// Writes the heads of requests to upstreams as HTTP/1.1 text, latin1. It writes only what `read-request-head` accepts.
// It decides nothing: which fields go out is settled in the message.

import { applyHeaderChanges, type CompiledHeaderChanges } from '../http/header-changes.ts';
import type { OutgoingRequest } from '../http/request.ts';

export function writeRequestHead(request: OutgoingRequest): string {
  return (
    request.method +
    ' ' +
    request.target +
    ' HTTP/1.1\r\nhost: ' +
    request.authority +
    '\r\n' +
    request.block +
    framingFields(request) +
    '\r\n'
  );
}

/** The head of a copy: the same message with a mark (a field line) for this host, and with the changes that a mirror wants. */
export function writeCopyHead(
  request: OutgoingRequest,
  authority: string,
  mark: string,
  changes: CompiledHeaderChanges | undefined,
): string {
  const fields = request.block + framingFields(request);
  const changed = changes === undefined ? fields : applyHeaderChanges(fields, changes);
  return request.method + ' ' + request.target + ' HTTP/1.1\r\nhost: ' + authority + '\r\n' + mark + changed + '\r\n';
}

function framingFields({ unsized, acceptsTrailers }: OutgoingRequest): string {
  const framing = unsized ? 'transfer-encoding: chunked\r\n' : '';
  return acceptsTrailers ? framing + 'te: trailers\r\nconnection: te\r\n' : framing;
}
