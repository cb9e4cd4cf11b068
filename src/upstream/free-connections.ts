// Connections of an endpoint that have room for another stream: how one is taken, and how all are let go.

import type { Endpoint } from './endpoint.ts';
import type { Introducer } from './introduction.ts';
import type { UpstreamStream } from './protocol/upstream-stream.ts';

/** A stream on the connection that was used last; what has room for more stays. */
export function takeFree({ free }: Endpoint): UpstreamStream | undefined {
  const connection = free.pop();
  if (connection === undefined) return undefined;
  const stream = connection.takeStream();
  if (connection.hasRoom) free.push(connection);
  return stream;
}

/** Those that carry something finish that. */
export function closeFree(endpoint: Endpoint): void {
  for (const connection of endpoint.free.splice(0)) connection.retire();
  for (const connection of [...endpoint.reserved]) connection.retire();
}

/** A stream on a connection that is kept for the client, where one has room. */
export function takeReserved(endpoint: Endpoint, { introduction }: Introducer): UpstreamStream | undefined {
  const connection = introduction.find(endpoint.reserved);
  if (connection === undefined) return undefined;
  const stream = connection.takeStream();
  if (connection.hasRoom) return stream;
  introduction.forget(connection);
  endpoint.reserved.delete(connection);
  return stream;
}
