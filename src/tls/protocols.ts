// Names of the protocols above TLS, by which both sides agree on one (ALPN, RFC 7301).

export const ALPN_HTTP1 = 'http/1.1';
export const ALPN_HTTP2 = 'h2';
