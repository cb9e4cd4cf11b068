// The TLS side of a listener: for each name that clients ask for, what node:tls makes a connection with.
// A name has a context, and with it keys of tickets, of its own, also one without a certificate: a session of one name cannot be resumed under
// another (RFC 6066, section 3), nor under other certificates or other authorities of clients, for its ticket cannot even be read there.
// OpenSSL alone would accept it (TLS 1.3).

import { createHash, hkdfSync } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { nowMs } from '../../lib/clock.ts';
import { contextOptions } from '../../tls/context-options.ts';
import type { TlsPolicy } from '../../tls/policy.ts';
import { ServerNames } from '../../tls/server-names.ts';
import type { CertificateSet } from '../../tls/server-names.ts';
import type { CertificatePair } from '../../tls/certificate.ts';
import { RecentNames } from './recent-names.ts';
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
/** The same of names without a certificate, which get the first one: they are apart, so that they take no place of those that have one. */
const MAX_STRANGE_NAMES = 64;
/** New names of either kind in a second; any label may stand before a wildcard, and a context costs more than a handshake. */
const NAMES_PER_SECOND = 20;
/** A ticket is good for so long, and not beyond its keys. */
const SESSION_SECONDS = 7200;
const TICKET_KEY_BYTES = 48;

export class ServerContexts {
  readonly #tls: ServerTls;
  readonly #names: ServerNames;
  readonly #digest: string;
  /** For clients that ask for no name. */
  readonly #nameless: NamedSide;
  readonly #own = new RecentNames<NamedSide>({ max: MAX_NAMES, perSecond: NAMES_PER_SECOND, nowMs });
  readonly #strange = new RecentNames<NamedSide>({ max: MAX_STRANGE_NAMES, perSecond: NAMES_PER_SECOND, nowMs });
  /** By certificates, without tickets: for names beyond those that have their own. */
  readonly #shared = new Map<CertificateSet, NamedSide>();

  constructor(tls: ServerTls) {
    this.#tls = tls;
    this.#names = new ServerNames(tls.certificates);
    this.#digest = createHash('sha256')
      .update(JSON.stringify([tls.listener, tls.policy, tls.clientAuthorities ?? null, tls.needsCertificate]))
      .digest('hex');
    // A fault in what was given shows here, not at the first client.
    this.#nameless = this.#make(this.#names.first, '', true);
  }

  /** @param name in lower case, empty for none. Undefined: the client is to be refused. */
  find(name: string): NamedSide | undefined {
    if (name === '') return this.#nameless;
    const certificates = this.#names.find(name);
    if (certificates !== undefined) return this.#findIn(this.#own, name, certificates);
    return this.#tls.strict ? undefined : this.#findIn(this.#strange, name, this.#names.first);
  }

  /** Whether both names are served by the same certificates; a name without any is served by the first ones. */
  serveAlike(one: string, other: string): boolean {
    const { first } = this.#names;
    return (this.#names.find(one) ?? first) === (this.#names.find(other) ?? first);
  }

  #findIn(recent: RecentNames<NamedSide>, name: string, certificates: CertificateSet): NamedSide {
    return recent.get(name) ?? recent.add(name, () => this.#make(certificates, name, true)) ?? this.#withoutTickets(certificates);
  }

  #withoutTickets(certificates: CertificateSet): NamedSide {
    const known = this.#shared.get(certificates);
    if (known !== undefined) return known;
    const made = this.#make(certificates, '*', false);
    this.#shared.set(certificates, made);
    return made;
  }

  #make(certificates: CertificateSet, name: string, hasTickets: boolean): NamedSide {
    const { policy, clientAuthorities, needsCertificate, protocols, ticketSeed } = this.#tls;
    const identity = `${this.#digest} ${certificates.map(({ fingerprint }) => fingerprint).join()} ${name}`;
    const context = createSecureContext({
      ...contextOptions({ certificates, policy, clientAuthorities, hasTickets }),
      sessionIdContext: createHash('sha256').update(identity).digest('hex').slice(0, 32),
      sessionTimeout: SESSION_SECONDS,
      ticketKeys: Buffer.from(hkdfSync('sha256', ticketSeed, '', `sluice tickets ${identity}`, TICKET_KEY_BYTES)),
    });
    return new NamedSide({ context, protocols, asksCertificate: clientAuthorities !== undefined, needsCertificate });
  }
}
