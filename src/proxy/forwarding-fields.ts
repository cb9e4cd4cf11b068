// What the upstream is told of the client: decides whose word counts, and which id the request has.

import {
  beginForwarding,
  CLIENT_CERT_FIELD,
  forwardedScheme,
  forwardTrusted,
  forwardUntrusted,
  isRequestId,
} from '../http/forwarding-fields.ts';
import { readForwarded } from '../http/forwarded.ts';
import { isAuthority } from '../http/authority.ts';
import { bareAddress } from '../routing/trust.ts';
import type { ProxyContext } from './context.ts';
import type { ExchangeState } from './exchange-state.ts';

/** Whether the peer is a proxy whose word counts. */
export function isTrusted({ downstream }: ExchangeState): boolean {
  return downstream!.owner.settings.trust.trusts(downstream!.peer);
}

/**
 * Takes what a trusted peer says in Forwarded for what it would have said in X-Forwarded-*, where it says nothing there: a proxy that
 * writes those may pass on a Forwarded that a client has made up.
 */
export function takeForwarded(state: ExchangeState): void {
  const { head } = state;
  if (head.forwardedFor !== '' || head.forwardedProto !== '' || head.forwardedHost !== '' || !isTrusted(state)) return;
  const hops = readForwarded(head.forwarded);
  if (hops === undefined) return;
  const addresses = hops.map(({ from }) => bareAddress(from));
  // A hop that does not say who asked it is one at which nobody may look further back.
  if (addresses.some((address) => address !== '')) head.forwardedFor = addresses.map((address) => address || 'unknown').join(', ');
  const { trust } = state.downstream!.owner.settings;
  let first = hops.length - 1;
  while (first > 0 && addresses[first] !== '' && trust.trusts(addresses[first]!)) first--;
  const believed = hops.slice(first);
  head.forwardedProto = believed.find(({ proto }) => proto !== '')?.proto ?? '';
  head.forwardedHost = believed.find(({ host }) => host !== '')?.host ?? '';
}

/** How the client asked: what a trusted proxy says, or as we were asked ourselves. */
export function clientScheme(state: ExchangeState): 'http' | 'https' {
  return isTrusted(state) ? forwardedScheme(state.head) : state.head.scheme;
}

/** The host that the client asked, the same way; empty when nobody says one. */
export function clientAuthority(state: ExchangeState): string {
  const { forwardedHost, authority } = state.head;
  if (forwardedHost === '' || !isTrusted(state)) return authority;
  const comma = forwardedHost.indexOf(',');
  const first = (comma < 0 ? forwardedHost : forwardedHost.slice(0, comma)).trim();
  return isAuthority(first) ? first : authority;
}

/** The forwarding field lines of one request, each with its CRLF. Sets the request id of the exchange. */
export function forwardingFields(state: ExchangeState, context: ProxyContext): string {
  const { head } = state;
  const downstream = state.downstream!;
  const via = downstream.isHttp2 ? context.viaHttp2 : context.via;
  if (isTrusted(state)) {
    state.requestId = isRequestId(head.requestId) ? head.requestId : context.newRequestId();
    return forwardTrusted(head, downstream.peer, state.requestId, via);
  }
  state.requestId = context.newRequestId();
  if (downstream.forwarded === '') downstream.forwarded = beginForwarding(downstream.peer, head.scheme);
  const fields = forwardUntrusted(head, downstream.forwarded, state.requestId, via);
  // A client's own word on it has been taken out before.
  return head.clientCert === '' ? fields : fields + CLIENT_CERT_FIELD + ': ' + head.clientCert + '\r\n';
}
