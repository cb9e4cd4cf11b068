// Versions and ciphers by name, after Mozilla's recommendations for servers, version 5.7 (checked 2026-11): `modern` is TLS 1.3 alone;
// `intermediate` has TLS 1.2 beside it, with forward secrecy and authenticated ciphers. Their ciphers on Diffie-Hellman groups are left
// out: they need parameters, and who can use them can use one of the others.

export type TlsPolicyName = 'modern' | 'intermediate';
export type TlsVersion = '1.2' | '1.3';

export interface TlsPolicy {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** As OpenSSL reads them. */
  readonly ciphers: string;
  readonly curves: string;
}

const TLS13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
const TLS12 = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
const CURVES = 'X25519MLKEM768:X25519:prime256v1:secp384r1';

/** @param minVersion the oldest version that is served, where that is newer than the policy's */
export function tlsPolicy(name: TlsPolicyName, minVersion: TlsVersion): TlsPolicy {
  if (name === 'modern' || minVersion === '1.3') return { minVersion: 'TLSv1.3', ciphers: TLS13, curves: CURVES };
  return { minVersion: 'TLSv1.2', ciphers: `${TLS13}:${TLS12}`, curves: CURVES };
}
