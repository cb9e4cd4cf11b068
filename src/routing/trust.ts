// Decides from which peers X-Forwarded-* fields are believed, and which client address follows from them.

import ipaddr from 'ipaddr.js';
import { canonicalClient } from './affinity.ts';

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** More hops than this in X-Forwarded-For are no proxies of ours. */
const MAX_HOPS = 32;

export class TrustedProxies {
  readonly #ranges: readonly Range[];
  readonly #unix: boolean;
  // Asked once per connection, mostly for the same few proxies.
  #lastAddress = '';
  #lastResult = false;

  /** @param unix whether peers on a Unix socket are trusted; they have the empty address */
  constructor(ranges: readonly Range[], unix: boolean) {
    this.#ranges = ranges;
    this.#unix = unix;
  }

  /** Whether an IP address is in one of the ranges; false for what is no address. IPv4 in IPv6 counts as IPv4. */
  trusts(address: string): boolean {
    if (address === '') return this.#unix;
    if (this.#ranges.length === 0) return false;
    if (address === this.#lastAddress) return this.#lastResult;
    this.#lastResult = this.#contains(address);
    this.#lastAddress = address;
    return this.#lastResult;
  }

  #contains(address: string): boolean {
    if (address.length > 64 || !ipaddr.isValid(address)) return false;
    // IPv4 in shorthand (`10.1`, `0xa000001`) is read differently by different software.
    if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#ranges.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  }
}

/** The word for peers on a Unix socket. */
const UNIX = 'unix';

/** @param isUnix whether the listener is a Unix socket @throws RangeError for what is neither a CIDR range, an address nor `unix`. */
export function compileTrust(cidrs: readonly string[], isUnix = false): TrustedProxies {
  const ranges = cidrs.filter((cidr) => cidr !== UNIX).map(parseRange);
  return new TrustedProxies(ranges, isUnix && ranges.length < cidrs.length);
}

/**
 * The client's address: the peer, or, while that is trusted, the hop before it in `forwardedFor` (the joined X-Forwarded-For value), read
 * from the right, so that nothing a client writes itself is believed. A hop that is no IP address ends the walk.
 */
export function findClient(peer: string, forwardedFor: string, trust: TrustedProxies): string {
  let client = canonicalClient(peer);
  if (forwardedFor === '') return client;
  let end = forwardedFor.length;
  for (let hops = 0; end > 0 && hops < MAX_HOPS && trust.trusts(client); hops++) {
    const comma = forwardedFor.lastIndexOf(',', end - 1);
    const hop = canonicalClient(bareAddress(forwardedFor.slice(comma + 1, end).trim()));
    if (hop.length > 64 || !ipaddr.isValid(hop)) break;
    client = hop;
    end = comma;
  }
  return client;
}

function parseRange(cidr: string): Range {
  if (!cidr.includes('/')) {
    if (!ipaddr.isValid(cidr)) throw new RangeError(`${cidr} is no IP address or CIDR range`);
    const address = ipaddr.process(cidr);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  if (!ipaddr.isValidCIDR(cidr)) throw new RangeError(`${cidr} is no IP address or CIDR range`);
  const [network, bits] = ipaddr.parseCIDR(cidr);
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96) return [network.toIPv4Address(), bits - 96];
  return [network, bits];
}

/** Some proxies write `1.2.3.4:5678` or `[::1]:5678`. */
export function bareAddress(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, Math.max(1, hop.indexOf(']')));
  const colon = hop.indexOf(':');
  return colon > 0 && colon === hop.lastIndexOf(':') ? hop.slice(0, colon) : hop;
}
