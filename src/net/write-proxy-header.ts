// The header by which we tell an endpoint for whom a connection is (the PROXY protocol, versions 1 and 2, after the specification of
// HAProxy 2.x). Without additions (TLVs): what they could tell stands in the requests.

import ipaddr from 'ipaddr.js';
import type { ConnectionEnds } from './connection-ends.ts';
import { PROXY_SIGNATURE, V2_LOCAL, V2_PROXY } from './read-proxy-header.ts';

/** Stream over IPv4, stream over IPv6. */
const TCP4 = 0x11;
const TCP6 = 0x21;

/**
 * @param ends of the client's connection; undefined: the connection is our own, or its client has no address. Then the header says no more than
 *   that (`UNKNOWN`, `LOCAL`), and the endpoint goes by the connection itself.
 * @returns latin1 text, one character a byte
 */
export function writeProxyHeader(version: 'v1' | 'v2', ends: ConnectionEnds | undefined): string {
  return version === 'v1' ? writeText(ends) : writeBinary(ends);
}

function writeText(ends: ConnectionEnds | undefined): string {
  if (ends === undefined) return 'PROXY UNKNOWN\r\n';
  const { source, destination } = bothOf(ends);
  const isIPv4 = source.kind() === 'ipv4';
  const [from, to] = [source, destination].map((each) => (each instanceof ipaddr.IPv6 ? each.toRFC5952String() : each.toString()));
  return `PROXY ${isIPv4 ? 'TCP4' : 'TCP6'} ${from} ${to} ${ends.sourcePort} ${ends.destinationPort}\r\n`;
}

function writeBinary(ends: ConnectionEnds | undefined): string {
  if (ends === undefined) return binaryText(V2_LOCAL, 0, []);
  const { source, destination } = bothOf(ends);
  const ports = [ends.sourcePort, ends.destinationPort].flatMap((port) => [port >> 8, port & 0xff]);
  const addresses = [...source.toByteArray(), ...destination.toByteArray(), ...ports];
  return binaryText(V2_PROXY, source.kind() === 'ipv4' ? TCP4 : TCP6, addresses);
}

function binaryText(command: number, kind: number, rest: readonly number[]): string {
  return Buffer.from([...PROXY_SIGNATURE, 0x20 | command, kind, 0, rest.length, ...rest]).toString('latin1');
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Of one family, as the header has them: an IPv4 address beside one of IPv6 is mapped. */
function bothOf(ends: ConnectionEnds): { readonly source: Address; readonly destination: Address } {
  const source = parse(ends.source);
  const destination = ends.destination === '' ? anyOf(source) : parse(ends.destination);
  return source.kind() === destination.kind() ? { source, destination } : { source: mapped(source), destination: mapped(destination) };
}

/** Without the zone of an interface, which means nothing to another host. */
function parse(address: string): Address {
  const zone = address.indexOf('%');
  return ipaddr.parse(zone === -1 ? address : address.slice(0, zone));
}

/** Where it is not known what the client has connected to. */
function anyOf(address: Address): Address {
  return ipaddr.parse(address instanceof ipaddr.IPv4 ? '0.0.0.0' : '::');
}

function mapped(address: Address): Address {
  return address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
}
