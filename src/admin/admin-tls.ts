// The TLS of the admin API: its certificates by name, which clients it lets in, and whose their certificates are. Loaded where a config has some, for
// node:tls takes memory. Sessions are not resumed: each connection proves anew who it is.

import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { AdminTlsConfig, CertificateRoleConfig } from '../config/model.ts';
import type { ListenerFiles } from '../control/ports.ts';
import { fingerprintOf, readAuthorities } from '../tls/certificate.ts';
import { identityOf, isAllowed } from '../tls/client-identity.ts';
import type { ClientIdentity } from '../tls/client-identity.ts';
import { contextOptions, usablePairs } from '../tls/context-options.ts';
import { ALPN_HTTP1 } from '../tls/protocols.ts';
import { tlsPolicy } from '../tls/policy.ts';
import { ServerNames } from '../tls/server-names.ts';
import type { CertificateSet } from '../tls/server-names.ts';
import type { CertificateCallers } from './auth.ts';

/** What a client has shown, and node:tls has found good. */
interface Shown {
  readonly identity: ClientIdentity;
  readonly endMs: number;
  /** SHA-256 of those that vouch for it, up to the root. */
  readonly issuers: readonly string[];
}

/** Made of one reading of the files. */
interface Material {
  readonly names: ServerNames;
  readonly contexts: ReadonlyMap<CertificateSet, SecureContext>;
  readonly first: SecureContextOptions;
  /** Names of hosts in the certificates, without those for many hosts. */
  readonly hosts: readonly string[];
  readonly authorities: ReadonlySet<string>;
}

const MAX_ISSUERS = 16;
const MAX_SHOWN_NAMES = 5;

export class AdminTls implements CertificateCallers {
  readonly #wallMs: () => number;
  readonly #servers: AskingServer[] = [];
  readonly #shown = new WeakMap<Socket, Shown>();
  #config: AdminTlsConfig;
  #files: ListenerFiles;
  #material: Material;

  /** Throws where node:tls cannot use what was read. */
  constructor(config: AdminTlsConfig, files: ListenerFiles, wallMs: () => number) {
    this.#config = config;
    this.#files = files;
    this.#wallMs = wallMs;
    this.#material = makeMaterial(config, files);
  }

  /** Options of a server that is then given to `follow`. Who is let in is judged by `refusalOf`. */
  get options(): object {
    return {
      ALPNProtocols: [ALPN_HTTP1],
      requestCert: true,
      rejectUnauthorized: false,
      SNICallback: (name: string, done: (error: null, context?: SecureContext) => void) => done(null, this.#contextOf(name)),
    };
  }

  follow(server: Server): void {
    this.#servers.push(server as AskingServer);
    this.#arm(server as AskingServer);
  }

  /** For connections from now on; open ones stay, and are judged anew at each call. Throws like the constructor, and then nothing has changed. */
  configure(config: AdminTlsConfig, files: ListenerFiles): void {
    // Each change of the config comes by here: a context takes milliseconds.
    if (isDeepStrictEqual([config, files], [this.#config, this.#files])) return;
    this.#material = makeMaterial(config, files);
    this.#config = config;
    this.#files = files;
    for (const server of this.#servers) this.#arm(server);
  }

  /** Nobody is known by a certificate any more; who must show one still must. */
  dropRoles(): void {
    const { clientAuth } = this.#config;
    this.#config = { ...this.#config, clientAuth: clientAuth && { ...clientAuth, roles: [] } };
  }

  get config(): AdminTlsConfig {
    return this.#config;
  }

  get required(): boolean {
    return this.#roles.length > 0;
  }

  /** Names that a request may call it by. */
  get hosts(): readonly string[] {
    return this.#material.hosts;
  }

  /** A handshake is over: why the client is not let in, as a sentence; undefined: it is. */
  refusalOf(socket: TLSSocket): string | undefined {
    const { clientAuth } = this.#config;
    const certificate = clientAuth === undefined ? undefined : socket.getPeerX509Certificate();
    if (certificate === undefined) return clientAuth?.required === true ? NEEDS_CERTIFICATE : undefined;
    if (!socket.authorized) return `The client certificate is not accepted: ${wordsOf(String(socket.authorizationError))}.`;
    this.#shown.set(socket, {
      identity: identityOf(certificate),
      endMs: certificate.validToDate.getTime(),
      issuers: issuersOf(socket),
    });
    return undefined;
  }

  faultOf(socket: Socket): string | undefined {
    const { clientAuth } = this.#config;
    if (clientAuth === undefined) return undefined;
    const shown = this.#shown.get(socket);
    if (shown === undefined) return clientAuth.required ? NEEDS_CERTIFICATE : undefined;
    if (shown.endMs < this.#wallMs()) return `The client certificate is not accepted: ${wordsOf('CERT_HAS_EXPIRED')}.`;
    if (shown.issuers.some((issuer) => this.#material.authorities.has(issuer))) return undefined;
    return 'The client certificate is not accepted: its authority is not trusted here any more.';
  }

  find(socket: Socket): CertificateRoleConfig | string | undefined {
    const shown = this.#shown.get(socket);
    if (shown === undefined || this.faultOf(socket) !== undefined) return undefined;
    const { identity } = shown;
    const found = this.#roles.find(({ allow }) => isAllowed(identity, allow));
    if (found !== undefined) return found;
    const names = [...identity.uris, ...identity.names].slice(0, MAX_SHOWN_NAMES);
    return names.length === 0 ? 'it has no name' : `none of its names has one: ${names.join(', ')}`;
  }

  get #roles(): readonly CertificateRoleConfig[] {
    return this.#config.clientAuth?.roles ?? [];
  }

  #arm(server: AskingServer): void {
    server.setSecureContext(this.#material.first);
    server.requestCert = this.#config.clientAuth !== undefined;
  }

  /** Undefined: the one that `setSecureContext` has set. */
  #contextOf(name: string): SecureContext | undefined {
    const { names, contexts } = this.#material;
    const set = names.find(name.toLowerCase());
    return set === undefined ? undefined : contexts.get(set);
  }
}

/** Whether clients are asked for a certificate: a field of Node's server without a line in its documents; its own tests hold it. */
type AskingServer = Server & { requestCert: boolean };

const NEEDS_CERTIFICATE = 'The admin API needs a client certificate.';

function makeMaterial(config: AdminTlsConfig, files: ListenerFiles): Material {
  const pairs = usablePairs(files.certificates);
  const names = new ServerNames(pairs);
  const contexts = new Map<CertificateSet, SecureContext>();
  const written = pairs.flatMap((pair) => pair.names);
  const policy = tlsPolicy(config.policy, config.minVersion);
  const clientAuthorities = files.clientAuthorities?.pem;
  const optionsOf = (certificates: CertificateSet): SecureContextOptions =>
    contextOptions({ certificates, policy, clientAuthorities, hasTickets: false });
  for (const name of written) {
    const set = names.find(name.replace(/^\*/, 'any')) ?? names.first;
    if (!contexts.has(set)) contexts.set(set, createSecureContext(optionsOf(set)));
  }
  const first = optionsOf(names.first);
  // A fault in what was given shows here, not when a server has half of it.
  if (!contexts.has(names.first)) createSecureContext(first);
  const authorities = clientAuthorities === undefined ? [] : readAuthorities(clientAuthorities);
  return {
    names,
    contexts,
    first,
    hosts: written.filter((name) => !name.startsWith('*')),
    authorities: new Set(typeof authorities === 'string' ? [] : authorities.map(fingerprintOf)),
  };
}

/** With the root, which the client need not send. */
function issuersOf(socket: TLSSocket): readonly string[] {
  const issuers: string[] = [];
  let each = socket.getPeerCertificate(true);
  while (issuers.length < MAX_ISSUERS) {
    const issuer = each.issuerCertificate as typeof each | undefined;
    if (issuer === undefined || issuer === each) break;
    issuers.push(issuer.fingerprint256.replaceAll(':', '').toLowerCase());
    each = issuer;
  }
  return issuers;
}

function wordsOf(code: string): string {
  return FAULTS.get(code) ?? (UNKNOWN_AUTHORITY.test(code) ? 'it is from an authority that is not trusted here' : code);
}

const FAULTS: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'it has expired'],
  ['CERT_NOT_YET_VALID', 'it is not valid yet'],
  ['INVALID_PURPOSE', 'it is not for clients'],
]);

const UNKNOWN_AUTHORITY = /ISSUER|SELF_SIGNED|LEAF_SIGNATURE|SIGNATURE_FAILURE|CERT_UNTRUSTED/;
