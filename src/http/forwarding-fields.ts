// The fields by which proxies tell an application who asked and how, which request it is, or that it is a copy.
// What a peer says about these counts only when the peer is trusted; what it says of the way (Via) is passed on in any case.

import { nextLine } from './header-block.ts';
import type { IncomingRequest } from './request.ts';

/** Names the mirror in every copy of a request. */
export const SHADOW_FIELD = 'x-sluice-shadow';
/** All fields whose name begins like this are forwarding fields. */
export const FORWARDED_PREFIX = 'x-forwarded-';
/** Who the client is by its certificate, as Envoy writes it: one element for each hop. It may be matched, for nobody can forge it. */
export const CLIENT_CERT_FIELD = 'x-forwarded-client-cert';
/**
 * Those that proxies, CDNs, servers and frameworks believe without being asked: who the client is, what it asked for before it was rewritten,
 * and `proxy`, which CGI makes HTTP_PROXY of.
 */
export const CLAIM_FIELDS: readonly string[] = [
  'x-cluster-client-ip',
  ...(
    'ali-cdn-real-ip cdn-src-ip cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 cf-visitor client-ip do-connecting-ip fastly-client-ip ' +
    'fastly-ssl forwarded-for front-end-https proxy proxy-client-ip true-client-ip wl-proxy-client-ip wl-proxy-ssl x-appengine-user-ip x-arr-ssl ' +
    'x-azure-clientip x-azure-socketip x-client-ip x-envoy-external-address x-forwarded x-original-for ' +
    'x-original-forwarded-for x-original-host x-original-method x-original-proto x-original-remote-addr x-original-uri x-original-url ' +
    'x-originating-ip x-proxyuser-ip x-real-ip x-real-port x-remote-addr x-remote-ip x-rewrite-url x-scheme x-url-scheme ' +
    'x-vercel-forwarded-for'
  ).split(' '),
];
/** All but the `x-forwarded-` family; lower case. */
export const FORWARDING_FIELDS: ReadonlySet<string> = new Set(['forwarded', 'x-request-id', SHADOW_FIELD, ...CLAIM_FIELDS]);

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
  // A peer on a Unix socket has no address.
  const client = peer === '' ? '' : 'x-forwarded-for: ' + peer + '\r\n';
  return client + 'x-forwarded-proto: ' + scheme + '\r\nx-request-id: ';
}

/** The field lines for a peer that is not trusted. @param beginning of `beginForwarding` @param via the entry of this instance */
export function forwardUntrusted(request: IncomingRequest, beginning: string, requestId: string, via: string): string {
  const fields = beginning + requestId + '\r\nvia: ' + viaOf(request, via) + '\r\n';
  return request.authority === '' ? fields : fields + 'x-forwarded-host: ' + request.authority + '\r\n';
}

/** The field lines for a trusted peer: what it says, with itself added. @param via the entry of this instance */
export function forwardTrusted(request: IncomingRequest, peer: string, requestId: string, via: string): string {
  const { authority, forwardedFor, forwardedHost } = request;
  const client = forwardedFor === '' || peer === '' ? forwardedFor + peer : forwardedFor + ', ' + peer;
  const host = forwardedHost === '' ? authority : forwardedHost;
  let fields = client === '' ? '' : 'x-forwarded-for: ' + client + '\r\n';
  fields += 'x-forwarded-proto: ' + forwardedScheme(request) + '\r\n';
  if (host !== '') fields += 'x-forwarded-host: ' + host + '\r\n';
  return fields + 'x-request-id: ' + requestId + '\r\nvia: ' + viaOf(request, via) + '\r\n';
}

/**
 * How the client asked, by what a trusted peer says: the first proxy counts, and letter case does not. A word that names no scheme is
 * passed over.
 */
export function forwardedScheme({ forwardedProto, scheme }: IncomingRequest): 'http' | 'https' {
  if (forwardedProto === '') return scheme;
  const comma = forwardedProto.indexOf(',');
  const first = (comma < 0 ? forwardedProto : forwardedProto.slice(0, comma)).trim().toLowerCase();
  if (first === 'https' || first === 'wss') return 'https';
  return first === 'http' || first === 'ws' ? 'http' : scheme;
}

function viaOf({ via: received }: IncomingRequest, via: string): string {
  return received === '' ? via : received + ', ' + via;
}
