// The header by which a proxy before us says for whom it has opened a connection (the PROXY protocol, versions 1 and 2, after the
// specification of HAProxy 2.x). Reads bytes alone and takes nothing for granted: what is longer, shorter or other than the specification
// allows is malformed, for a reader with other rules would serve another client than the proxy meant.

import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { crc32c } from '../lib/crc32c.ts';
import type { ConnectionEnds } from './connection-ends.ts';

/** Of version 1, its CRLF included. */
const MAX_TEXT_BYTES = 107;
/** Of version 2, behind its first 16 bytes: addresses and what else a proxy tells (TLVs), of which nothing is used. */
export const MAX_REST_BYTES = 4096;

const TEXT_START = Buffer.from('PROXY ', 'latin1');
export const PROXY_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
/** Signature, version and command, family and transport, length of the rest. */
const FIXED_BYTES = 16;

/** Commands of version 2. */
export const V2_LOCAL = 0;
export const V2_PROXY = 1;
/** Bytes of the addresses and ports, by family: none, IPv4, IPv6, Unix. */
const ADDRESS_BYTES = [0, 12, 36, 216] as const;
const TLV_CRC32C = 3;

const LF = 0x0a;
const CR = 0x0d;
const PORT = /^(0|[1-9][0-9]{0,4})$/;

export interface ProxyHeader {
  version: 1 | 2;
  /** Of the client's connection, addresses in their shortest form; undefined: the header names none, and the connection speaks for itself. */
  ends: ConnectionEnds | undefined;
  /** What is wrong, where it is malformed; it holds nothing that came from the peer. */
  fault: string;
}

export function emptyProxyHeader(): ProxyHeader {
  return { version: 1, ends: undefined, fault: '' };
}

/** More bytes are needed to tell. */
export const PROXY_INCOMPLETE = 0;
/** The connection does not begin with a PROXY header. */
export const PROXY_FOREIGN = -1;
export const PROXY_MALFORMED = -2;

/**
 * Reads the PROXY header at the start of `bytes`.
 * @param length bytes that have come
 * @returns bytes of the header, at most 16 + MAX_REST_BYTES, or PROXY_INCOMPLETE, PROXY_FOREIGN, PROXY_MALFORMED. `into` is filled when it is
 *   above zero; `into.fault` when it is malformed.
 */
export function readProxyHeader(bytes: Uint8Array, length: number, into: ProxyHeader): number {
  into.ends = undefined;
  into.fault = '';
  if (beginsLike(bytes, length, TEXT_START)) return length < TEXT_START.length ? PROXY_INCOMPLETE : readText(bytes, length, into);
  if (beginsLike(bytes, length, PROXY_SIGNATURE)) return length < FIXED_BYTES ? PROXY_INCOMPLETE : readBinary(bytes, length, into);
  return PROXY_FOREIGN;
}

/** Whether as much of `start` as may have come has come. */
function beginsLike(bytes: Uint8Array, length: number, start: Uint8Array): boolean {
  const most = Math.min(length, start.length);
  for (let at = 0; at < most; at++) if (bytes[at] !== start[at]) return false;
  return true;
}

function malformed(into: ProxyHeader, fault: string): number {
  into.fault = fault;
  return PROXY_MALFORMED;
}

function readText(bytes: Uint8Array, length: number, into: ProxyHeader): number {
  into.version = 1;
  const most = Math.min(length, MAX_TEXT_BYTES);
  for (let at = TEXT_START.length; at < most; at++) {
    if (bytes[at] === LF) return malformed(into, 'a line feed without a carriage return');
    if (bytes[at] !== CR) continue;
    // A carriage return as the last of 107 bytes leaves no room for its line feed.
    if (at + 1 >= MAX_TEXT_BYTES) break;
    if (at + 1 === length) return PROXY_INCOMPLETE;
    if (bytes[at + 1] !== LF) return malformed(into, 'a carriage return without a line feed');
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + TEXT_START.length, at - TEXT_START.length).toString('latin1');
    return readLine(line, into) ? at + 2 : PROXY_MALFORMED;
  }
  return length < MAX_TEXT_BYTES ? PROXY_INCOMPLETE : malformed(into, `more than ${MAX_TEXT_BYTES} bytes without an end of line`);
}

/** @param line without `PROXY ` and its end */
function readLine(line: string, into: ProxyHeader): boolean {
  // Whatever else stands there is to be ignored.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return true;
  const fields = line.split(' ');
  into.fault = faultOfFields(fields);
  if (into.fault !== '') return false;
  const [, source, destination, sourcePort, destinationPort] = fields;
  into.ends = {
    source: canonical(source!),
    sourcePort: Number(sourcePort),
    destination: canonical(destination!),
    destinationPort: Number(destinationPort),
  };
  return true;
}

function faultOfFields([family, source, destination, sourcePort, destinationPort, ...more]: readonly string[]): string {
  if (family !== 'TCP4' && family !== 'TCP6') return 'neither TCP4, TCP6 nor UNKNOWN';
  if (destinationPort === undefined || more.length > 0) return 'not two addresses and two ports, each after one space';
  const fits = family === 'TCP4' ? isIPv4 : isPlainIPv6;
  if (!fits(source!) || !fits(destination!)) return `an address that is none of ${family}`;
  if (!isPort(sourcePort!) || !isPort(destinationPort)) return 'a port that is no number up to 65535';
  return '';
}

/** Without the zone of an interface, which means nothing to another host. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535;
}

/** In the form in which sockets give addresses, so that one client is one client. */
function canonical(text: string): string {
  if (!text.includes(':')) return text;
  return format(ipaddr.IPv6.parse(text).toByteArray());
}

function format(bytes: Iterable<number>): string {
  const address = ipaddr.fromByteArray([...bytes]);
  if (address instanceof ipaddr.IPv4) return address.toString();
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

function readBinary(bytes: Uint8Array, length: number, into: ProxyHeader): number {
  into.version = 2;
  const command = bytes[12]! & 0x0f;
  if (bytes[12]! >> 4 !== 2) return malformed(into, 'a version that is not 2');
  if (command !== V2_LOCAL && command !== V2_PROXY) return malformed(into, 'a command that is neither LOCAL nor PROXY');
  const rest = read16(bytes, 14);
  if (rest > MAX_REST_BYTES) return malformed(into, `more than ${MAX_REST_BYTES} bytes of addresses and additions`);
  const fault = command === V2_LOCAL ? '' : faultOfKind(bytes[13]!, rest);
  if (fault !== '') return malformed(into, fault);
  const end = FIXED_BYTES + rest;
  if (length < end) return PROXY_INCOMPLETE;
  // Of the proxy's own connections, such as health checks, all else is to be ignored.
  if (command === V2_LOCAL) return end;
  const family = bytes[13]! >> 4;
  const added = faultOfAdditions(bytes, FIXED_BYTES + ADDRESS_BYTES[family]!, end);
  if (added !== '') return malformed(into, added);
  if (family === 1) into.ends = readEnds(bytes, 4);
  if (family === 2) into.ends = readEnds(bytes, 16);
  return end;
}

/** @param size bytes of an address */
function readEnds(bytes: Uint8Array, size: number): ConnectionEnds {
  const [middle, ports] = [FIXED_BYTES + size, FIXED_BYTES + 2 * size];
  return {
    source: format(bytes.subarray(FIXED_BYTES, middle)),
    sourcePort: read16(bytes, ports),
    destination: format(bytes.subarray(middle, ports)),
    destinationPort: read16(bytes, ports + 2),
  };
}

/** @param kind family in the upper half, transport in the lower one: none of both, or a stream or datagrams of a family */
function faultOfKind(kind: number, rest: number): string {
  const family = kind >> 4;
  const transport = kind & 0x0f;
  if (family >= ADDRESS_BYTES.length || transport > 2 || (family === 0) !== (transport === 0)) return 'an unknown kind of addresses';
  return rest < ADDRESS_BYTES[family]! ? 'a length too short for its addresses' : '';
}

/** Each has a type, two bytes of length, and a value; one of them may be a checksum over the whole header. */
function faultOfAdditions(bytes: Uint8Array, from: number, end: number): string {
  let at = from;
  while (at < end) {
    if (at + 3 > end) return 'an addition (TLV) that is cut off';
    const value = at + 3;
    const next = value + read16(bytes, at + 1);
    if (next > end) return 'an addition (TLV) that is longer than the header';
    if (bytes[at] === TLV_CRC32C) {
      if (next - value !== 4) return 'a checksum that has not four bytes';
      const written = read16(bytes, value) * 0x10000 + read16(bytes, value + 2);
      if (crc32c(bytes, 0, end, value, next) !== written) return 'a checksum that does not fit';
    }
    at = next;
  }
  return '';
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
