// What node:tls makes a context of that serves: the same for listeners and the admin API.

import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { readPair } from './certificate.ts';
import type { CertificatePair } from './certificate.ts';
import type { TlsPolicy } from './policy.ts';
import type { CertificateSet } from './server-names.ts';

export interface ContextWants {
  readonly certificates: CertificateSet;
  readonly policy: TlsPolicy;
  /** PEM of those that certificates of clients come from; undefined: clients are not asked for one. */
  readonly clientAuthorities: string | undefined;
  /** Whether sessions may be resumed. */
  readonly hasTickets: boolean;
}

export function contextOptions({ certificates, policy, clientAuthorities, hasTickets }: ContextWants): SecureContextOptions {
  return {
    // Side by side: OpenSSL picks by what the client can verify.
    cert: certificates.map(({ cert }) => cert),
    key: certificates.map(({ key }) => key),
    ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
    ciphers: policy.ciphers,
    ecdhCurve: policy.curves,
    minVersion: policy.minVersion,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (hasTickets ? 0 : constants.SSL_OP_NO_TICKET),
  };
}

/** Of texts that the control thread has judged. Throws where they are no pairs. */
export function usablePairs(texts: readonly Pick<CertificatePair, 'cert' | 'key'>[]): readonly CertificatePair[] {
  return texts.map(({ cert, key }) => {
    const pair = readPair(cert, key);
    if ('message' in pair) throw new Error(`a certificate ${pair.message}`);
    return pair;
  });
}

/** Why OpenSSL does not serve with a pair that fits together, as the end of a sentence that begins with the name of its certificate's file. */
export function refusalOf({ cert, key }: Pick<CertificatePair, 'cert' | 'key'>): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    const { code, reason, message } = error as Error & { code?: string; reason?: string };
    return REFUSALS.get(code ?? '') ?? `cannot be used for TLS: ${reason ?? message}`;
  }
}

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_EE_KEY_TOO_SMALL', 'has a key that is too short for TLS: RSA needs 2048 bits'],
  ['ERR_SSL_CA_KEY_TOO_SMALL', 'has an issuer whose key is too short for TLS: RSA needs 2048 bits'],
  ['ERR_SSL_CA_MD_TOO_WEAK', 'is signed with a digest that is too weak for TLS'],
]);
