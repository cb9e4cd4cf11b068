// What Node's streams decide by themselves and a proxy must decide otherwise: when a socket that has failed is destroyed.
// On a Node without these fields a failed write destroys the socket, and a response that came before it is lost.

import type { Socket } from 'node:net';

interface StreamState {
  autoDestroy: boolean;
  errored: Error | null;
}

interface StreamStates {
  readonly _writableState?: StreamState;
  readonly _readableState?: StreamState;
}

/**
 * A peer may respond, close, and so refuse the rest of what is sent to it (413). Node would destroy a socket whose write has failed,
 * with the response unread; without this flag it reads on. Errors of reading and connecting destroy the socket all the same.
 */
export function keepAfterFailedWrite(socket: Socket): void {
  const states = socket as unknown as StreamStates;
  if (states._writableState !== undefined) states._writableState.autoDestroy = false;
  if (states._readableState !== undefined) states._readableState.autoDestroy = false;
}

/** A stream that has met an error no longer tells its end; after a failed write this one has to. */
export function tellEndAfterError(socket: Socket): void {
  const { _readableState: state } = socket as unknown as StreamStates;
  if (state !== undefined) state.errored = null;
}
