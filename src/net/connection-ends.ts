// Both ends of a connection of a client, as a socket or a PROXY header tells them.

import type { Socket } from 'node:net';

/** Addresses are plain: an IPv4-mapped one is IPv4, and none is empty but for `destination`. */
export interface ConnectionEnds {
  /** Of the client. */
  readonly source: string;
  readonly sourcePort: number;
  /** What the client has connected to; empty where that cannot be told any more. */
  readonly destination: string;
  readonly destinationPort: number;
}

/** `::ffff:10.0.0.1`, which a socket of both families says of an IPv4 peer, is `10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** Undefined on a Unix socket, and where the connection is gone. */
export function endsOf({ remoteAddress, remotePort = 0, localAddress = '', localPort = 0 }: Socket): ConnectionEnds | undefined {
  if (remoteAddress === undefined) return undefined;
  const [source, destination] = [plainAddress(remoteAddress), plainAddress(localAddress)];
  return { source, sourcePort: remotePort, destination, destinationPort: localPort };
}
