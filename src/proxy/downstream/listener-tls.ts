// The TLS of a listener, as its connections know it.

import type { ServerSide } from '../../net/accepted.ts';
import type { SecureByteStream } from '../../net/tls/secure-byte-stream.ts';
import type { ClientIdentity } from '../../tls/client-identity.ts';

export interface ListenerTls {
  readonly timeoutMs: number;
  /** @param name in lower case, empty for none. Undefined: nobody is here under that name. */
  find(name: string): ServerSide | undefined;
  /** Whether both names are served by the same certificates. */
  serveAlike(one: string, other: string): boolean;
  /** Whether upstreams learn whom it stands for. */
  readonly forwardsIdentity: boolean;
  /** Whom a client's certificate stands for; a string: why it is not let in. */
  identify(stream: SecureByteStream): ClientIdentity | undefined | string;
}
