// Clients that speak TLS.
//
//   const { wire, socket } = await secureTo(sluice, { servername: 'a.test', ca: authority.pem })
//   socket.getPeerX509Certificate(), socket.isSessionReused()
//   await secureTo(sluice, options, { session: rawSessionOf(socket) })               offers that session, whatever name it is of
//   await clientHello('a.test')                  the first message of a client, for one that says nothing more
//   await tlsFailure(sluice, options)            the code or message with which it is refused

import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { open } from './open.ts';
import type { Sluice } from './sluice.ts';
import { Wire } from './wire.ts';

export interface SecureClient {
  readonly socket: TLSSocket;
  readonly wire: Wire;
}

export interface SecureToMore {
  readonly listener?: string;
  /** Of `rawSessionOf`. */
  readonly session?: Buffer;
}

export async function secureTo(
  sluice: Sluice,
  options: ConnectionOptions,
  { listener, session }: SecureToMore = {},
): Promise<SecureClient> {
  const socket = connect({ ...(sluice.whereOf(listener) as object), ...options });
  // Before it is connected: the handshake begins then.
  if (session !== undefined) handleOf(socket).setSession(session);
  const wire = open(new Wire(socket));
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  return { socket, wire };
}

/** The first message of a client that asks for this name. */
export async function clientHello(servername: string): Promise<Buffer> {
  const [below, heard] = duplexPair();
  const socket = connect({ socket: below, servername }).on('error', () => undefined);
  const [hello] = (await once(heard, 'data')) as [Buffer];
  socket.destroy();
  return hello;
}

/** Its session as OpenSSL has it: node:tls ties the one that it gives to a name, and does not offer it under another. */
export function rawSessionOf(socket: TLSSocket): Buffer {
  return handleOf(socket).getSession();
}

interface ClientHandle {
  getSession(): Buffer;
  setSession(session: Buffer): void;
}

function handleOf(socket: TLSSocket): ClientHandle {
  return (socket as unknown as { _handle: ClientHandle })._handle;
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
