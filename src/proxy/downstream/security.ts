// What is known of a connection over TLS, for logs and decisions. One per connection.

import { forwardedClientCert } from '../../tls/client-cert-field.ts';
import type { ClientIdentity } from '../../tls/client-identity.ts';

export interface SecurityFacts {
  /** The name that the client asked for; empty: none. */
  readonly serverName: string;
  /** The client's random bytes, in hex: what tells the connection in a capture of the network. */
  readonly random: string;
  /** Kept from the start: a stream that is gone, as when a client leaves, tells nothing any more. */
  readonly version: string;
  readonly cipher: string;
  readonly resumed: boolean;
  /** Whom the client has shown to be; undefined: nobody. */
  readonly identity: ClientIdentity | undefined;
  /** Whether upstreams learn of it. */
  readonly forwards: boolean;
}

export class Security {
  readonly serverName: string;
  /** What upstreams are told of the client's certificate; empty: nothing. */
  readonly clientCert: string;
  /** The authority of the last request that was found to belong here. */
  checkedAuthority = '';
  readonly #facts: SecurityFacts;
  #described = '';

  constructor(facts: SecurityFacts) {
    this.#facts = facts;
    this.serverName = facts.serverName;
    this.clientCert = facts.identity !== undefined && facts.forwards ? forwardedClientCert(facts.identity) : '';
  }

  /** For the access log: a JSON object. Made when it is asked for first. */
  get described(): string {
    if (this.#described !== '') return this.#described;
    const { serverName, version, cipher, random, resumed, identity } = this.#facts;
    const client = identity === undefined ? {} : { client: identity.uris[0] ?? identity.names[0] ?? identity.subject };
    this.#described = JSON.stringify({ serverName, version, cipher, resumed, random, ...client });
    return this.#described;
  }
}
