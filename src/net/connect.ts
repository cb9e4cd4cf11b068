// Outgoing connections as byte streams.

import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import type { ByteStream, ConnectingOwner } from './byte-stream.ts';
import { CallbackStream, readInto } from './callback-stream.ts';
import { EventStream } from './event-stream.ts';
import { readsByCallback } from './private-parts.ts';
import { keepAfterFailedWrite, tellEndAfterError } from './socket-state.ts';

export type SocketAddress =
  { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'unix'; readonly path: string };

/** Makes connections over TLS; its code is loaded where an upstream speaks it, and nowhere else. */
export interface SecureConnector {
  /** The same as `connect`; `onConnected` follows when the upstream has proved to be who it should be. */
  connect(to: SecureTarget, memory: Buffer, owner: ConnectingOwner): ByteStream;
}

export interface SecureTarget {
  readonly address: SocketAddress;
  /** Whom it must prove to be. */
  readonly name: string;
  /** What goes before TLS, as latin1 text; empty: nothing. */
  readonly header: string;
  /** What may be spoken above it (ALPN), the most wanted first. */
  readonly protocols: readonly string[];
}

const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

/** Begins to connect; `onConnected` or `onGone` follows. What is read lies at the start of `memory`. */
export function connect(address: SocketAddress, memory: Buffer, owner: ConnectingOwner): ByteStream {
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  if (!readsByCallback()) return connectByEvents(place, memory, owner);
  const stream = new CallbackStream<ConnectingOwner>({ ...OPTIONS, onread: readInto(memory) }, owner);
  keepAfterFailedWrite(stream);
  stream.on('connect', onConnect).on('error', onError);
  stream.connect(place);
  return stream;
}

function connectByEvents(place: Place, memory: Buffer, owner: ConnectingOwner): ByteStream {
  const socket: Socket = createConnection({ ...OPTIONS, ...place });
  keepAfterFailedWrite(socket);
  socket.on('connect', () => owner.onConnected());
  socket.on('error', (error) => {
    tellEndAfterError(socket);
    owner.onError(error);
  });
  return new EventStream<ConnectingOwner>(socket, memory, owner);
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

function onConnect(this: CallbackStream<ConnectingOwner>): void {
  this.owner?.onConnected();
}

function onError(this: CallbackStream<ConnectingOwner>, error: Error): void {
  tellEndAfterError(this);
  this.owner?.onError(error);
}
