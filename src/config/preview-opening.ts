// Which endpoints previews may have that operators make: addresses alone, never names, since what a name stands for may change. Pure.

import ipaddr from 'ipaddr.js';
import type { Address } from './model.ts';

export const OPENING_PATTERN =
  '^(?:\\[[0-9a-fA-F:.]{2,45}(?:/[0-9]{1,3})?\\]|[0-9.]{7,15}(?:/[0-9]{1,2})?)(?::[0-9]{1,5}(?:-[0-9]{1,5})?)?$';
const grammar = new RegExp(OPENING_PATTERN);
const MAX_PORT = 65_535;

interface Opening {
  readonly network: readonly [ipaddr.IPv4 | ipaddr.IPv6, number];
  readonly from: number;
  readonly to: number;
}

/** Undefined: it is none. `10.1.0.0/16`, `127.0.0.1:9000-9100`, `[fd00::/8]:8080`. */
export function parseOpening(text: string): Opening | undefined {
  if (!grammar.test(text)) return undefined;
  const [, bracketed, plain, from, to = from] = /^(?:\[([^\]]+)\]|([0-9./]+))(?::(\d+)(?:-(\d+))?)?$/.exec(text) ?? [];
  const network = networkOf(bracketed ?? plain ?? '');
  const ports = [Number(from ?? 1), Number(to ?? MAX_PORT)] as const;
  if (network === undefined || ports[0] < 1 || ports[1] > MAX_PORT || ports[0] > ports[1]) return undefined;
  return { network, from: ports[0], to: ports[1] };
}

function networkOf(text: string): Opening['network'] | undefined {
  const isSix = text.includes(':');
  if (!text.includes('/')) {
    if (!(isSix ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text))) return undefined;
    return [ipaddr.parse(text), isSix ? 128 : 32];
  }
  return (isSix ? ipaddr.IPv6.isValidCIDR(text) : ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) ? ipaddr.parseCIDR(text) : undefined;
}

/** Whether one of the openings has this address. */
export function isOpen(openings: readonly string[], address: Address): boolean {
  if (address.kind !== 'tcp') return false;
  const { host, port } = address;
  if (!(host.includes(':') ? ipaddr.IPv6.isValid(host) : ipaddr.IPv4.isValidFourPartDecimal(host))) return false;
  const parsed = ipaddr.process(host);
  return openings.some((text) => {
    const opening = parseOpening(text);
    if (opening === undefined || port < opening.from || port > opening.to) return false;
    const [network, bits] = opening.network;
    return network.kind() === parsed.kind() && parsed.match(network as ipaddr.IPv4 & ipaddr.IPv6, bits);
  });
}
