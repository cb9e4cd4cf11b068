// The fields that tell the upstream who asked and how: x-forwarded-*, via, x-request-id.
// What an untrusted peer says about these never gets through.

import type { ExchangeState } from './exchange-state.ts';
import type { ProxyContext } from './context.ts';

const VIA = '1.1 sluice';
/** A request id from a trusted peer is kept when it is this short and plain. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** Whether the peer is a proxy whose word we take. */
export function isTrusted({ downstream }: ExchangeState): boolean {
  return downstream!.owner.settings.trust.trusts(downstream!.peer);
}

/** The forwarding field lines of one request, each with its CRLF. Sets the exchange's request id. */
export function forwardingFields(state: ExchangeState, context: ProxyContext): string {
  if (isTrusted(state)) return trustedFields(state, context);
  const { head } = state;
  const downstream = state.downstream!;
  state.requestId = context.newRequestId();
  if (downstream.forwarded === '') {
    const client = downstream.peer === '' ? 'unknown' : downstream.peer;
    downstream.forwarded = 'x-forwarded-for: ' + client + '\r\nx-forwarded-proto: http\r\nx-request-id: ';
  }
  const via = head.via === '' ? VIA : head.via + ', ' + VIA;
  const fields = downstream.forwarded + state.requestId + '\r\nvia: ' + via + '\r\n';
  return head.authority === '' ? fields : fields + 'x-forwarded-host: ' + head.authority + '\r\n';
}

function trustedFields(state: ExchangeState, context: ProxyContext): string {
  const { head } = state;
  const { peer } = state.downstream!;
  const client = peer === '' ? 'unknown' : peer;
  state.requestId = REQUEST_ID.test(head.requestId) ? head.requestId : context.newRequestId();
  const host = head.forwardedHost === '' ? head.authority : head.forwardedHost;
  let fields = 'x-forwarded-for: ' + (head.forwardedFor === '' ? client : head.forwardedFor + ', ' + client);
  fields += '\r\nx-forwarded-proto: ' + (head.forwardedProto === '' ? 'http' : head.forwardedProto);
  if (host !== '') fields += '\r\nx-forwarded-host: ' + host;
  fields += '\r\nx-request-id: ' + state.requestId;
  return fields + '\r\nvia: ' + (head.via === '' ? VIA : head.via + ', ' + VIA) + '\r\n';
}
