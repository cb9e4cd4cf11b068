// How the opening of a connection over TLS may end. A metric uses the codes.

const codes = [
  // It is open: by a new session, or by one that was there before.
  'full',
  'resumed',
  // The client speaks HTTP without TLS, or something else altogether.
  'plain_http',
  'not_tls',
  'malformed',
  // No certificate is for the name that it asks for (`sni: strict`).
  'unknown_name',
  // No version, cipher or protocol that both know; an alert of the client, such as one about our certificate.
  'refused',
  'client_certificate',
  'timeout',
  // The client has gone.
  'gone',
  // Too many were under way, and this one had waited for its client, or for its turn, longest.
  'crowded_out',
] as const;

export type HandshakeCode = (typeof codes)[number];

/** By position. */
export const HANDSHAKE_CODES: readonly HandshakeCode[] = codes;

/** Position of each code: the cell that counts it. */
export const HANDSHAKE = Object.fromEntries(codes.map((code, index) => [code, index])) as Readonly<Record<HandshakeCode, number>>;
