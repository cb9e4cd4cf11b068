// What a TLS connection says beyond its bytes, as long as it is open.

import type { X509Certificate } from 'node:crypto';
import type { ByteStream } from '../byte-stream.ts';

export interface SecureByteStream extends ByteStream {
  /** The protocol that was agreed on (ALPN); empty: none. */
  readonly protocol: string;
  /** `TLSv1.3`. */
  readonly version: string;
  /** In the words of the standards: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  readonly resumed: boolean;
  /** What the client has shown; undefined: nothing. */
  readonly certificate: X509Certificate | undefined;
  /** Why that is not accepted, as a code of OpenSSL's; undefined: it is, or there is none. */
  readonly certificateFault: string | undefined;
}

/** Hears of the handshake, and nothing after it. */
export interface HandshakeOwner {
  onSecure(stream: SecureByteStream): void;
  /** It has failed, or the client has gone; `reason` in OpenSSL's words. The stream is destroyed. */
  onHandshakeFailed(reason: string): void;
}
