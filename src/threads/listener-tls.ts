// The TLS of a listener in one worker: its certificates and whom it lets in. Loaded where a config has some, for node:tls takes memory.

import { isDeepStrictEqual } from 'node:util';
import { wallMs } from '../lib/clock.ts';
import type { ListenerConfig, ListenerTlsConfig } from '../config/model.ts';
import type { ListenerFiles } from '../control/ports.ts';
import { ServerContexts } from '../net/tls/server-contexts.ts';
import type { SecureByteStream } from '../net/tls/secure-byte-stream.ts';
import type { ServerSide } from '../net/accepted.ts';
import type { ListenerTls } from '../proxy/downstream/listener-tls.ts';
import { identityOf, isAllowed } from '../tls/client-identity.ts';
import type { ClientIdentity } from '../tls/client-identity.ts';
import { usablePairs } from '../tls/context-options.ts';
import { ALPN_HTTP1, ALPN_HTTP2 } from '../tls/protocols.ts';
import { tlsPolicy } from '../tls/policy.ts';

type TlsListener = Pick<ListenerConfig, 'name' | 'protocols'>;

export class WorkerTls implements ListenerTls {
  readonly timeoutMs: number;
  readonly forwardsIdentity: boolean;
  readonly #made: readonly unknown[];
  readonly #contexts: ServerContexts;
  readonly #clientAuth: ListenerTlsConfig['clientAuth'];

  constructor({ name, protocols }: TlsListener, config: ListenerTlsConfig, files: ListenerFiles, ticketSeed: string) {
    this.timeoutMs = config.handshakeTimeoutMs;
    this.forwardsIdentity = config.clientAuth?.forward === true;
    this.#made = [name, protocols, config, files, ticketSeed];
    this.#clientAuth = config.clientAuth;
    this.#contexts = new ServerContexts({
      certificates: usablePairs(files.certificates),
      strict: config.sni === 'strict',
      policy: tlsPolicy(config.policy, config.minVersion),
      clientAuthorities: files.clientAuthorities?.pem,
      needsCertificate: config.clientAuth?.required === true,
      // The policies have no cipher that HTTP/2 may not have (RFC 9113, section 9.2.2).
      protocols: protocols.includes('http2') ? (protocols.includes('http1') ? [ALPN_HTTP2, ALPN_HTTP1] : [ALPN_HTTP2]) : [ALPN_HTTP1],
      ticketSeed: Buffer.from(ticketSeed, 'base64url'),
      listener: name,
    });
  }

  /** Whether another one would be the same: sessions stay with what stays. */
  isOf({ name, protocols }: TlsListener, config: ListenerTlsConfig, files: ListenerFiles, ticketSeed: string): boolean {
    return isDeepStrictEqual(this.#made, [name, protocols, config, files, ticketSeed]);
  }

  find(name: string): ServerSide | undefined {
    return this.#contexts.find(name);
  }

  serveAlike(one: string, other: string): boolean {
    return this.#contexts.serveAlike(one, other);
  }

  identify(stream: SecureByteStream): ClientIdentity | undefined | string {
    const auth = this.#clientAuth;
    if (auth === undefined) return undefined;
    const { certificate } = stream;
    if (certificate === undefined) return auth.required ? 'it has shown none' : undefined;
    const fault = stream.certificateFault;
    if (fault !== undefined) return fault;
    // A session that is resumed may have begun before its end.
    if (certificate.validToDate.getTime() < wallMs()) return 'CERT_HAS_EXPIRED';
    const identity = identityOf(certificate);
    if (auth.allow.length > 0 && !isAllowed(identity, auth.allow))
      return `none of its names is allowed: ${[...identity.uris, ...identity.names].join(', ')}`;
    return identity;
  }
}
