// What the upstream is told of the client: decides whose word counts, and which id the request has.

import { beginForwarding, forwardTrusted, forwardUntrusted, isRequestId } from '../http/forwarding-fields.ts';
import type { ProxyContext } from './context.ts';
import type { ExchangeState } from './exchange-state.ts';

/** Whether the peer is a proxy whose word counts. */
export function isTrusted({ downstream }: ExchangeState): boolean {
  return downstream!.owner.settings.trust.trusts(downstream!.peer);
}

/** The forwarding field lines of one request, each with its CRLF. Sets the request id of the exchange. */
export function forwardingFields(state: ExchangeState, context: ProxyContext): string {
  const { head } = state;
  const downstream = state.downstream!;
  if (isTrusted(state)) {
    state.requestId = isRequestId(head.requestId) ? head.requestId : context.newRequestId();
    return forwardTrusted(head, downstream.peer, state.requestId);
  }
  state.requestId = context.newRequestId();
  if (downstream.forwarded === '') downstream.forwarded = beginForwarding(downstream.peer, head.scheme);
  return forwardUntrusted(head, downstream.forwarded, state.requestId);
}
