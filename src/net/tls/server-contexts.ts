// The TLS side of a listener: for each name that clients ask for, what node:tls makes a connection with.
// A name has a context, and with it keys of tickets, of its own: a session of one name cannot be resumed under another, nor under other
// certificates or other authorities of clients, for its ticket cannot even be read there. OpenSSL alone would accept it (TLS 1.3).

import { createHash, hkdfSync } from 'node:crypto';
import { constants } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { nowMs } from '../../lib/clock.ts';
import type { TlsPolicy } from '../../tls/policy.ts';
import { ServerNames } from '../../tls/server-names.ts';
import type { CertificateSet } from '../../tls/server-names.ts';
import type { CertificatePair } from '../../tls/certificate.ts';
import { NamedSide } from './server-side.ts';

export interface ServerTls {
  readonly certificates: readonly CertificatePair[];
  /** Whether a client that asks for a name without a certificate is refused; else it gets the first certificate. */
  readonly strict: boolean;
  readonly policy: TlsPolicy;
  /** PEM of the authorities that client certificates come from; undefined: clients are not asked for one. */
  readonly clientAuthorities: string | undefined;
  /** Whether a client without a certificate is refused. */
  readonly needsCertificate: boolean;
  /** ALPN, best first. */
  readonly protocols: readonly string[];
  /** 32 bytes that all workers share; keys of tickets are derived from it. Another one ends all tickets. */
  readonly ticketSeed: Uint8Array;
  /** What separates the sessions of this listener from those of others. */
  readonly listener: string;
}

/** Names with a context of their own at once. One takes about 40 KiB. */
const MAX_NAMES = 512;
/** New names in a second; any label may stand before a wildcard, and a context costs more than a handshake. */
const NAMES_PER_SECOND = 20;
/** A ticket is good for so long, and not beyond its keys. */
const SESSION_SECONDS = 7200;
const TICKET_KEY_BYTES = 48;

export class ServerContexts {
  readonly #tls: ServerTls;
  readonly #names: ServerNames;
  readonly #digest: string;
  /** By name, the one that was asked for longest ago first. */
  readonly #own = new Map<string, NamedSide>();
  /** By certificates: for names beyond those that have their own. */
  readonly #shared = new Map<CertificateSet, NamedSide>();
  #secondMs = 0;
  #made = 0;

  constructor(tls: ServerTls) {
    this.#tls = tls;
    this.#names = new ServerNames(tls.certificates);
    this.#digest = createHash('sha256')
      .update(JSON.stringify([tls.listener, tls.policy, tls.clientAuthorities ?? null, tls.needsCertificate]))
      .digest('hex');
    // A fault in what was given shows here, not at the first client.
    this.#add('', this.#names.first);
  }

  /** @param name in lower case, empty for none. Undefined: the client is to be refused. */
  find(name: string): NamedSide | undefined {
    const certificates = name === '' ? undefined : this.#names.find(name);
    if (certificates === undefined) return this.#tls.strict && name !== '' ? undefined : this.#own.get('');
    const own = this.#own.get(name);
    if (own === undefined) return this.#mayAdd() ? this.#add(name, certificates) : this.#withoutTickets(certificates);
    if (this.#own.size > MAX_NAMES / 2) {
      this.#own.delete(name);
      this.#own.set(name, own);
    }
    return own;
  }

  /** Whether both names are served by the same certificates; a name without any is served by the first ones. */
  serveAlike(one: string, other: string): boolean {
    const { first } = this.#names;
    return (this.#names.find(one) ?? first) === (this.#names.find(other) ?? first);
  }

  #mayAdd(): boolean {
    const atMs = nowMs();
    if (atMs - this.#secondMs >= 1000) {
      this.#secondMs = atMs;
      this.#made = 0;
    }
    return ++this.#made <= NAMES_PER_SECOND;
  }

  #add(name: string, certificates: CertificateSet): NamedSide {
    if (this.#own.size >= MAX_NAMES) {
      for (const oldest of this.#own.keys()) {
        if (oldest === '') continue;
        this.#own.delete(oldest);
        break;
      }
    }
    const made = this.#make(certificates, name, true);
    this.#own.set(name, made);
    return made;
  }

  #withoutTickets(certificates: CertificateSet): NamedSide {
    const known = this.#shared.get(certificates);
    if (known !== undefined) return known;
    const made = this.#make(certificates, '*', false);
    this.#shared.set(certificates, made);
    return made;
  }

  #make(certificates: CertificateSet, name: string, tickets: boolean): NamedSide {
    const { policy, clientAuthorities, needsCertificate, protocols, ticketSeed } = this.#tls;
    const identity = `${this.#digest} ${certificates.map(({ fingerprint }) => fingerprint).join()} ${name}`;
    const context = createSecureContext({
      // Side by side: OpenSSL picks by what the client can verify.
      cert: certificates.map(({ cert }) => cert),
      key: certificates.map(({ key }) => key),
      ...(clientAuthorities === undefined ? {} : { ca: clientAuthorities }),
      ciphers: policy.ciphers,
      ecdhCurve: policy.curves,
      minVersion: policy.minVersion,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (tickets ? 0 : constants.SSL_OP_NO_TICKET),
      sessionIdContext: createHash('sha256').update(identity).digest('hex').slice(0, 32),
      sessionTimeout: SESSION_SECONDS,
      ticketKeys: Buffer.from(hkdfSync('sha256', ticketSeed, '', `sluice tickets ${identity}`, TICKET_KEY_BYTES)),
    });
    return new NamedSide({ context, protocols, asksCertificate: clientAuthorities !== undefined, needsCertificate });
  }
}
