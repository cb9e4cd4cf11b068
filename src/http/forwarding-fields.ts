// The fields by which proxies tell an application who asked and how, which request it is, or that it is a copy.
// What a peer says about these counts only when the peer is trusted; what it says of the way (Via) is passed on in any case.

import { nextLine } from './header-block.ts';
import type { IncomingRequest } from './request.ts';

/** Names the mirror in every copy of a request. */
export const SHADOW_FIELD = 'x-sluice-shadow';
/** All fields whose name begins like this are forwarding fields. */
export const FORWARDED_PREFIX = 'x-forwarded-';
/** The other ones; lower case. */
export const FORWARDING_FIELDS: ReadonlySet<string> = new Set(['forwarded', 'true-client-ip', 'x-real-ip', 'x-request-id', SHADOW_FIELD]);

const VIA = '1.1 sluice';
/** Said of a peer without address, which came by a Unix socket. */
const NO_ADDRESS = 'unknown';
/** A request id from a trusted peer is kept when it is this short and plain. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** Whether only a proxy may write the field of this name (lower case). */
export function isForwardingField(name: string): boolean {
  return name.startsWith(FORWARDED_PREFIX) || FORWARDING_FIELDS.has(name);
}

/** The block without them. */
export function withoutForwardingFields(block: string): string {
  let kept = '';
  for (let line = 0; line < block.length;) {
    const next = nextLine(block, line);
    if (!isForwardingField(block.slice(line, block.indexOf(':', line)).toLowerCase())) kept += block.slice(line, next);
    line = next;
  }
  return kept;
}

/** Whether a received request id is passed on as it is. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

/** The beginning of the field lines for a peer that is not trusted: the same for all of its requests, up to the value of the request id. */
export function beginForwarding(peer: string, scheme: string): string {
  return 'x-forwarded-for: ' + (peer === '' ? NO_ADDRESS : peer) + '\r\nx-forwarded-proto: ' + scheme + '\r\nx-request-id: ';
}

/** The field lines for a peer that is not trusted. @param beginning of `beginForwarding` */
export function forwardUntrusted(request: IncomingRequest, beginning: string, requestId: string): string {
  const fields = beginning + requestId + '\r\nvia: ' + viaOf(request) + '\r\n';
  return request.authority === '' ? fields : fields + 'x-forwarded-host: ' + request.authority + '\r\n';
}

/** The field lines for a trusted peer: what it says, with itself added. */
export function forwardTrusted(request: IncomingRequest, peer: string, requestId: string): string {
  const { authority, forwardedFor, forwardedProto, forwardedHost } = request;
  const client = peer === '' ? NO_ADDRESS : peer;
  const host = forwardedHost === '' ? authority : forwardedHost;
  let fields = 'x-forwarded-for: ' + (forwardedFor === '' ? client : forwardedFor + ', ' + client);
  fields += '\r\nx-forwarded-proto: ' + (forwardedProto === '' ? request.scheme : forwardedProto);
  if (host !== '') fields += '\r\nx-forwarded-host: ' + host;
  return fields + '\r\nx-request-id: ' + requestId + '\r\nvia: ' + viaOf(request) + '\r\n';
}

function viaOf({ via }: IncomingRequest): string {
  return via === '' ? VIA : via + ', ' + VIA;
}
