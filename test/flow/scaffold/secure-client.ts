// Clients that speak TLS.
//
//   const { wire, socket } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem })
//   socket.getPeerX509Certificate(), socket.isSessionReused()
//   await tlsFailure(sluice, options)            the code or message with which it is refused

import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { open } from './open.ts';
import type { Sluice } from './sluice.ts';
import { Wire } from './wire.ts';

export interface SecureClient {
  readonly socket: TLSSocket;
  readonly wire: Wire;
}

export async function secureTo(sluice: Sluice, options: ConnectionOptions, listener?: string): Promise<SecureClient> {
  const socket = connect({ ...(sluice.whereOf(listener) as object), ...options });
  const wire = open(new Wire(socket));
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { socket, wire };
}

/** How a connection, or the first request on it, fails; `open` when neither does. */
export async function tlsFailure(sluice: Sluice, options: ConnectionOptions, listener?: string): Promise<string> {
  const socket = connect({ ...(sluice.whereOf(listener) as object), rejectUnauthorized: false, ...options });
  return new Promise((resolve) => {
    const end = (how: string): void => {
      resolve(how);
      socket.destroy();
    };
    socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nhost: turn.sluice.test\r\n\r\n'));
    socket.once('data', () => end('open'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.once('end', () => end('ended'));
    socket.once('close', () => end('closed'));
  });
}
