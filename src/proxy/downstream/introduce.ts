// Makes what upstreams are told of a client: the ends of its connection, in a PROXY header.

import type { ConnectionEnds } from '../../net/connection-ends.ts';
import { writeProxyHeader } from '../../net/write-proxy-header.ts';
import { Introduction } from '../../upstream/introduction.ts';

/**
 * @param ends of its connection; undefined: they cannot be told
 * @param peer address of the client; empty: it has none, on a Unix socket
 */
export function introduce(ends: ConnectionEnds | undefined, peer: string): Introduction {
  // A client that has gone by now must not pass for us: an endpoint may trust our own connections.
  const told = ends ?? (peer === '' ? undefined : { source: peer, sourcePort: 0, destination: '', destinationPort: 0 });
  return new Introduction((version) => writeProxyHeader(version, told));
}
