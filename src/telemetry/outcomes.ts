// The one table of how an exchange or an attempt may end. Logs, metrics and the x-sluice-outcome field use its codes.

type OutcomeSource = 'downstream' | 'upstream' | 'proxy';

export interface Outcome {
  /** Position in `OUTCOMES`; the slot of its counters. */
  readonly index: number;
  readonly code: string;
  /** Status of the local reply; 0 where there is none. */
  readonly status: number;
  readonly source: OutcomeSource;
  /** The short text of the local reply. It tells a client what it may know, nothing more. */
  readonly text: string;
}

const rows = [
  ['ok', 0, 'upstream', ''],
  ['replied', 0, 'proxy', ''],
  ['bad_request', 400, 'downstream', 'The request is malformed.'],
  ['header_too_large', 431, 'downstream', 'The request header is too large.'],
  ['uri_too_long', 414, 'downstream', 'The request target is too long.'],
  ['body_too_large', 413, 'downstream', 'The request body is too large.'],
  ['request_timeout', 408, 'downstream', 'The request did not arrive in time.'],
  ['downstream_stalled', 408, 'downstream', 'The client stopped sending or reading.'],
  ['tls_not_spoken', 400, 'downstream', ''],
  ['tls_expected', 400, 'downstream', 'This port speaks TLS: use https.'],
  ['misdirected', 421, 'downstream', 'The connection was opened for another name.'],
  ['authority_not_allowed', 403, 'downstream', 'No tunnel is opened to this authority.'],
  ['expectation_failed', 417, 'downstream', 'The expectation is not supported.'],
  ['not_implemented', 501, 'downstream', 'The request method or transfer coding is not supported.'],
  ['version_not_supported', 505, 'downstream', 'The HTTP version is not supported.'],
  ['downstream_closed', 499, 'downstream', ''],
  ['loop_detected', 508, 'proxy', 'The request has come by this server before.'],
  ['too_many_proxies', 502, 'proxy', 'The request has passed too many proxies.'],
  ['no_route', 404, 'proxy', 'No route matches this request.'],
  ['no_endpoint', 503, 'proxy', 'No endpoint is ready to respond.'],
  ['overload', 503, 'proxy', 'The server is overloaded.'],
  ['connect_refused', 502, 'upstream', 'The upstream refused the connection.'],
  ['connect_timeout', 504, 'upstream', 'The upstream did not accept the connection in time.'],
  ['connect_tls', 502, 'upstream', 'The upstream could not be reached securely.'],
  ['response_timeout', 504, 'upstream', 'The upstream did not respond in time.'],
  ['upstream_stalled', 504, 'upstream', 'The upstream stopped reading or sending.'],
  ['drain_timeout', 503, 'proxy', 'The endpoint was drained before it responded.'],
  ['exchange_timeout', 504, 'proxy', 'The exchange took too long.'],
  ['upstream_reset', 502, 'upstream', 'The upstream closed the connection.'],
  ['upstream_error', 502, 'upstream', 'The upstream responded with an error.'],
  ['upstream_malformed', 502, 'upstream', 'The upstream sent a malformed response.'],
  ['upstream_header_too_large', 502, 'upstream', 'The upstream sent a response header that is too large.'],
  ['internal', 500, 'proxy', 'Internal error.'],
] as const;

export type OutcomeCode = (typeof rows)[number][0];

export const OUTCOMES: readonly Outcome[] = rows.map(([code, status, source, text], index) => ({ index, code, status, source, text }));

export const OUTCOME = Object.fromEntries(OUTCOMES.map((outcome) => [outcome.code, outcome])) as Readonly<Record<OutcomeCode, Outcome>>;
