// What a connection that could not be made says about its endpoint.

import { OUTCOME } from '../../telemetry/outcomes.ts';
import type { Outcome } from '../../telemetry/outcomes.ts';

/** Descriptors, local ports or memory that this machine has run out of: no fault of the endpoint's. */
const OURS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'ENOBUFS', 'ENOMEM']);

export function connectOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? '';
  if (OURS.has(code)) return OUTCOME.overload;
  return code === 'ETIMEDOUT' ? OUTCOME.connect_timeout : OUTCOME.connect_refused;
}

/** Codes of the network; all others come of TLS. */
const OF_NETWORK: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ECONNABORTED'],
  ...['EACCES', 'EPERM', 'ENOENT', 'EADDRINUSE', 'EINVAL', 'ENOTCONN', 'EPROTO'],
]);

/** The same of a connection over TLS. */
export function secureOutcome(error: NodeJS.ErrnoException): Outcome {
  const code = error.code ?? '';
  // An upstream that closes during the handshake did not want it, whatever the network calls that.
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'EPROTO') return OUTCOME.connect_tls;
  return OURS.has(code) || OF_NETWORK.has(code) ? connectOutcome(error) : OUTCOME.connect_tls;
}

const FAULTS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself: name it, or its authority, as tls.caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not known: name that as tls.caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not known: name that as tls.caFile',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not known: name that as tls.caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not known: name that as tls.caFile',
  ECONNRESET: 'it closed the connection during the handshake',
  EPIPE: 'it closed the connection during the handshake',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no version of TLS that is accepted',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'it speaks none of the protocols that it was offered (ALPN)',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no version of TLS that is accepted',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it asks for a certificate of ours: name one as tls.certificate',
};

/** What is wrong with an upstream's TLS, in words for operators. */
export function describeTlsFault({ code = '', message }: NodeJS.ErrnoException): string {
  return FAULTS[code] ?? (code === '' ? message : `TLS failed with ${code}`);
}
