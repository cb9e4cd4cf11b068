// What a version has in its config, together with what was discovered, as endpoints with addresses to connect to. Pure.

import { isIP } from 'node:net';
import { formatAddress } from '../../config/address.ts';
import type { Address, EndpointConfig } from '../../config/model.ts';
import type { Found } from './resolution.ts';

/** What must be resolved before it can be connected to; `text` is how the config writes it, without port. */
export interface Source {
  readonly kind: 'name' | 'service';
  readonly name: string;
  readonly text: string;
}

/** The source of an address; undefined when it can be connected to as it is. */
export function sourceOf(address: Address): Source | undefined {
  switch (address.kind) {
    case 'unix':
      return undefined;
    case 'srv':
      return { kind: 'service', name: address.name, text: formatAddress(address) };
    case 'tcp':
      return isIP(address.host) === 0 ? { kind: 'name', name: address.host, text: address.host } : undefined;
  }
}

/**
 * Endpoints with IP addresses and Unix paths alone, in the order of `entries`. Of two with the same address the first stays.
 * @param known what is known of a source; nothing, where it never was resolved
 */
export function expand(entries: Iterable<EndpointConfig>, known: (source: Source) => readonly Found[]): readonly EndpointConfig[] {
  const endpoints = new Map<string, EndpointConfig>();
  for (const entry of entries) {
    const source = sourceOf(entry.address);
    const all = source === undefined ? [entry] : known(source).map((found) => endpointAt(found, entry));
    for (const endpoint of all) if (!endpoints.has(endpoint.key)) endpoints.set(endpoint.key, endpoint);
  }
  return [...endpoints.values()];
}

function endpointAt({ host, port, weight }: Found, entry: EndpointConfig): EndpointConfig {
  const address: Address = { kind: 'tcp', host, port: entry.address.kind === 'tcp' ? entry.address.port : port };
  const name = entry.address.kind === 'tcp' ? entry.address.host : entry.address.kind === 'srv' ? host : undefined;
  return { ...entry, name, address, key: formatAddress(address), weight: entry.weight * weight };
}
