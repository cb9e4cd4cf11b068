// How the first bytes of a connection may end that must begin with a PROXY header. A metric uses the codes.

const codes = [
  // The header names a client, in version 1 or 2.
  'v1',
  'v2',
  // It names none (LOCAL, UNKNOWN, no address of IP): the peer is the client.
  'local',
  // The peer is no trusted proxy.
  'untrusted',
  // Something else came in its place.
  'missing',
  'malformed',
  'timeout',
  // The peer has gone.
  'gone',
] as const;

export type ProxyHeaderCode = (typeof codes)[number];

/** By position. */
export const PROXY_HEADER_CODES: readonly ProxyHeaderCode[] = codes;

/** Position of each code: the cell that counts it. */
export const PROXY_HEADER = Object.fromEntries(codes.map((code, index) => [code, index])) as Readonly<Record<ProxyHeaderCode, number>>;
