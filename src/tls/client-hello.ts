// The first message of a TLS client, read before a TLS connection exists (RFC 8446, section 4.1.2): the certificate is picked by the name in
// it, and a connection may be passed on by that name without being ended here. Reads bytes alone, copies next to nothing, and takes nothing
// for granted: whatever is longer, shorter or other than it says is malformed.

/** Bytes of records that a ClientHello may take; those of today, with keys against quantum computers, take less than 2 KiB. */
export const MAX_HELLO_BYTES = 16_384;

const RECORD_HEADER = 5;
const HANDSHAKE_HEADER = 4;
const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const MAX_RECORD = 16_384;
/** Pieces that it may be cut into: more are an attack on the reader's time. */
const MAX_RECORDS = 64;
const RANDOM_BYTES = 32;

const SERVER_NAME = 0;
const ALPN = 16;
const PRE_SHARED_KEY = 41;
const SESSION_TICKET = 35;
const SUPPORTED_VERSIONS = 43;

const MAX_PROTOCOLS = 32;
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;
const IPV4 = /^[0-9.]+$/;

export interface ClientHello {
  /** The name that it asks for, in lower case without a final dot; empty: none. */
  serverName: string;
  /** Protocols above TLS that it offers, in its order. */
  protocols: string[];
  /** Its 32 random bytes, in hex. */
  random: string;
  /** The newest version that it offers, as on the wire: 0x0304 is TLS 1.3. */
  newest: number;
  /** It offers to resume a session. */
  resumes: boolean;
}

/** More bytes are needed to tell. */
export const HELLO_INCOMPLETE = 0;
/** Not TLS at all: its first bytes are none of a record with a handshake. */
export const HELLO_FOREIGN = -1;
/** TLS, and broken or too large. */
export const HELLO_MALFORMED = -2;

/**
 * Reads the ClientHello at the start of `bytes`.
 * @param length bytes that have come
 * @returns bytes of the records that it lies in, or HELLO_INCOMPLETE, HELLO_FOREIGN, HELLO_MALFORMED. `into` is filled when it is above zero.
 */
export function readClientHello(bytes: Uint8Array, length: number, into: ClientHello): number {
  if (length === 0) return HELLO_INCOMPLETE;
  if (bytes[0] !== HANDSHAKE_RECORD || (length > 1 && bytes[1] !== 3)) return HELLO_FOREIGN;
  let at = 0;
  let parts: Uint8Array[] | undefined;
  let gathered = 0;
  let total = Infinity;
  for (;;) {
    const end = recordEnd(bytes, at, length);
    if (end <= 0) return end;
    const part = bytes.subarray(at + RECORD_HEADER, end);
    gathered += part.length;
    if (parts !== undefined) parts.push(part);
    else if (part[0] !== CLIENT_HELLO) return HELLO_MALFORMED;
    // Put together once its length is known, and once when it is whole: a slow sender must not cost all of it a byte.
    if (total === Infinity && gathered >= HANDSHAKE_HEADER) total = HANDSHAKE_HEADER + read24(together(part, parts, gathered), 1);
    if (gathered === total) return readBody(together(part, parts, gathered), into) ? end : HELLO_MALFORMED;
    if (gathered > total || (total > MAX_HELLO_BYTES && total < Infinity)) return HELLO_MALFORMED;
    parts ??= [part];
    if (parts.length > MAX_RECORDS) return HELLO_MALFORMED;
    at = end;
  }
}

/** Where the record at `at` ends; HELLO_INCOMPLETE or HELLO_MALFORMED. */
function recordEnd(bytes: Uint8Array, at: number, length: number): number {
  if (length - at < RECORD_HEADER) return HELLO_INCOMPLETE;
  if (bytes[at] !== HANDSHAKE_RECORD || bytes[at + 1] !== 3) return HELLO_MALFORMED;
  const size = read16(bytes, at + 3);
  const end = at + RECORD_HEADER + size;
  // An empty record of a handshake is forbidden (section 5.1).
  if (size === 0 || size > MAX_RECORD || end > MAX_HELLO_BYTES) return HELLO_MALFORMED;
  if (length > at + RECORD_HEADER && at === 0 && bytes[RECORD_HEADER] !== CLIENT_HELLO) return HELLO_MALFORMED;
  return length < end ? HELLO_INCOMPLETE : end;
}

/** @param hello with its handshake header. Returns whether it is well-formed. */
function readBody(hello: Uint8Array, into: ClientHello): boolean {
  into.serverName = '';
  into.protocols = [];
  into.resumes = false;
  const to = hello.length;
  let at = HANDSHAKE_HEADER;
  if (at + 2 + RANDOM_BYTES + 1 > to) return false;
  into.newest = read16(hello, at);
  into.random = hex(hello, at + 2, at + 2 + RANDOM_BYTES);
  at += 2 + RANDOM_BYTES;
  const session = hello[at]!;
  at += 1 + session;
  if (session > 32 || at + 2 > to) return false;
  const suites = read16(hello, at);
  at += 2 + suites;
  if (suites < 2 || suites % 2 !== 0 || at + 1 > to) return false;
  const methods = hello[at]!;
  at += 1 + methods;
  if (methods < 1 || at > to) return false;
  // Without extensions at all: TLS 1.2 and older.
  if (at === to) return true;
  if (at + 2 > to || at + 2 + read16(hello, at) !== to) return false;
  return readExtensions(hello, at + 2, to, into);
}

function readExtensions(hello: Uint8Array, from: number, to: number, into: ClientHello): boolean {
  let at = from;
  let seen = 0;
  while (at < to) {
    if (at + 4 > to) return false;
    const kind = read16(hello, at);
    const start = at + 4;
    const end = start + read16(hello, at + 2);
    if (end > to) return false;
    // Each may come once (section 4.2); the ones that are read here are told apart by one bit each.
    const bit = bitOf(kind);
    if (bit !== 0 && (seen & bit) !== 0) return false;
    seen |= bit;
    if (!readExtension(hello, kind, start, end, into)) return false;
    at = end;
  }
  return true;
}

function bitOf(kind: number): number {
  if (kind === SERVER_NAME) return 1;
  if (kind === ALPN) return 2;
  if (kind === SUPPORTED_VERSIONS) return 4;
  if (kind === PRE_SHARED_KEY) return 8;
  return kind === SESSION_TICKET ? 16 : 0;
}

function readExtension(hello: Uint8Array, kind: number, from: number, to: number, into: ClientHello): boolean {
  switch (kind) {
    case SERVER_NAME:
      return readServerName(hello, from, to, into);
    case ALPN:
      return readProtocols(hello, from, to, into);
    case SUPPORTED_VERSIONS:
      return readVersions(hello, from, to, into);
    case PRE_SHARED_KEY:
      into.resumes = true;
      return true;
    case SESSION_TICKET:
      if (to > from) into.resumes = true;
      return true;
    default:
      return true;
  }
}

/** RFC 6066, section 3: a list that holds one name of a host. */
function readServerName(hello: Uint8Array, from: number, to: number, into: ClientHello): boolean {
  if (from + 5 > to || from + 2 + read16(hello, from) !== to || hello[from + 2] !== 0) return false;
  const length = read16(hello, from + 3);
  if (from + 5 + length !== to || length === 0 || length > 254) return false;
  let name = latin1(hello, from + 5, to).toLowerCase();
  if (name.endsWith('.')) name = name.slice(0, -1);
  if (name.length > 253 || !HOST_NAME.test(name)) return false;
  // An address is no name; clients that send one all the same are served as if they had sent none.
  if (!IPV4.test(name)) into.serverName = name;
  return true;
}

/** RFC 7301, section 3.1. */
function readProtocols(hello: Uint8Array, from: number, to: number, into: ClientHello): boolean {
  if (from + 2 > to || from + 2 + read16(hello, from) !== to || from + 2 === to) return false;
  let at = from + 2;
  while (at < to) {
    const length = hello[at]!;
    if (length === 0 || at + 1 + length > to || into.protocols.length === MAX_PROTOCOLS) return false;
    into.protocols.push(latin1(hello, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return true;
}

function readVersions(hello: Uint8Array, from: number, to: number, into: ClientHello): boolean {
  if (from + 1 > to) return false;
  const length = hello[from]!;
  if (length < 2 || length % 2 !== 0 || from + 1 + length !== to) return false;
  for (let at = from + 1; at < to; at += 2) {
    const version = read16(hello, at);
    // Others are placeholders that keep servers honest (RFC 8701).
    if (version >= 0x0300 && version <= 0x0304 && version > into.newest) into.newest = version;
  }
  return true;
}

/** @param first where it is alone, `parts` is undefined */
function together(first: Uint8Array, parts: readonly Uint8Array[] | undefined, length: number): Uint8Array {
  if (parts === undefined) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function read24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
}

function hex(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('hex');
}

export function emptyHello(): ClientHello {
  return { serverName: '', protocols: [], random: '', newest: 0, resumes: false };
}
