// What connections over TLS of one name are made with.

import type { SecureContext } from 'node:tls';

export interface SecureOptions {
  readonly context: SecureContext;
  /** ALPN, best first. */
  readonly protocols: readonly string[];
  readonly asksCertificate: boolean;
  readonly needsCertificate: boolean;
}
