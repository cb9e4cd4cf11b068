// What `net` leans on in Node beyond its documentation, in one place; what TLS leans on is in tls/private-parts.ts, for node:tls is loaded where
// it is needed alone. Where a Node lacks it, plain `data` events serve instead:
// slower, since each read allocates, and otherwise the same. test/unit/net says which part a new Node has changed.

import type { Server } from 'node:net';
import type { ConnectionHandle } from './accepted.ts';

/** The part of a listening handle that is used. */
export interface ListeningHandle {
  onconnection: ((error: number, client: ConnectionHandle | undefined) => void) | undefined;
}

let avoided = false;

/** For tests: behaves from now on as on a Node without the private parts. Returns what undoes it. */
export function avoidPrivateParts(): () => void {
  avoided = true;
  return () => {
    avoided = false;
  };
}

/** Whether sockets may be made with a read callback; documented for outgoing ones alone. */
export function readsByCallback(): boolean {
  return !avoided;
}

/** The handle of a server that listens, when it is as expected. */
export function listeningHandle(server: Server): ListeningHandle | undefined {
  const handle = (server as unknown as { _handle?: ListeningHandle })._handle;
  return avoided || typeof handle?.onconnection !== 'function' ? undefined : handle;
}
