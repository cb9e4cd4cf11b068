// The fields that tell the upstream who asked and how: x-forwarded-*, via, x-request-id.
// What an untrusted peer says about these never gets through.

import type { Exchange } from './exchange.ts';

const VIA = '1.1 sluice';
/** A request id from a trusted peer is kept when it is this short and plain. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** Whether the peer is a proxy whose word we take. */
export function isTrusted({ connection }: Exchange): boolean {
  return connection.listener.settings.trust.trusts(connection.peer);
}

/** The forwarding field lines of one request, each with its CRLF. Sets the exchange's request id. */
export function forwardingFields(exchange: Exchange): string {
  const { connection, head } = exchange;
  if (isTrusted(exchange)) return trustedFields(exchange);
  exchange.requestId = exchange.context.newRequestId();
  if (connection.forwarded === '') {
    const client = connection.peer === '' ? 'unknown' : connection.peer;
    connection.forwarded = 'x-forwarded-for: ' + client + '\r\nx-forwarded-proto: http\r\nx-request-id: ';
  }
  const via = head.via === '' ? VIA : head.via + ', ' + VIA;
  const fields = connection.forwarded + exchange.requestId + '\r\nvia: ' + via + '\r\n';
  return head.authority === '' ? fields : fields + 'x-forwarded-host: ' + head.authority + '\r\n';
}

function trustedFields(exchange: Exchange): string {
  const { connection, head } = exchange;
  const peer = connection.peer === '' ? 'unknown' : connection.peer;
  exchange.requestId = REQUEST_ID.test(head.requestId) ? head.requestId : exchange.context.newRequestId();
  const host = head.forwardedHost === '' ? head.authority : head.forwardedHost;
  let fields = 'x-forwarded-for: ' + (head.forwardedFor === '' ? peer : head.forwardedFor + ', ' + peer);
  fields += '\r\nx-forwarded-proto: ' + (head.forwardedProto === '' ? 'http' : head.forwardedProto);
  if (host !== '') fields += '\r\nx-forwarded-host: ' + host;
  fields += '\r\nx-request-id: ' + exchange.requestId;
  return fields + '\r\nvia: ' + (head.via === '' ? VIA : head.via + ', ' + VIA) + '\r\n';
}
