// TLS to upstreams: what connections to endpoints are made with, for all versions that trust and show the same. Sessions are resumed with the
// endpoint that gave them, under the name that it was trusted for, and never after the authorities or our own certificate have changed.

import { createConnection, isIP } from 'node:net';
import { checkServerIdentity, connect, createSecureContext } from 'node:tls';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import type { ByteStream, ConnectingOwner } from '../byte-stream.ts';
import type { SecureConnector, SecureTarget, SocketAddress } from '../connect.ts';
import { EventStream } from '../event-stream.ts';
import { keepAfterFailedWrite, tellEndAfterError } from '../socket-state.ts';
import { SecureClientStream } from './secure-client-stream.ts';

export interface ClientTls {
  /** PEM; undefined: those that come with Node. */
  readonly authorities: string | undefined;
  /** PEM of chain and key, where upstreams ask who we are. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** Whether an upstream must prove who it is. */
  readonly verify: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** Endpoints with a session at once; the one that gave one longest ago goes. */
const MAX_SESSIONS = 4096;

const KEEP_ALIVE_MS = 30_000;

export class ClientSide implements SecureConnector {
  readonly #context: SecureContext;
  readonly #verify: boolean;
  readonly #sessions = new Map<string, Buffer>();

  constructor({ authorities, certificate, verify, minVersion }: ClientTls) {
    this.#verify = verify;
    this.#context = createSecureContext({
      ...(authorities === undefined ? {} : { ca: authorities }),
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      minVersion,
    });
  }

  connect(to: SecureTarget, memory: Buffer, owner: ConnectingOwner): ByteStream {
    return to.header === '' ? this.#connect(to, memory, owner) : this.#connectBehind(to, memory, owner);
  }

  #connect(to: SecureTarget, memory: Buffer, owner: ConnectingOwner): ByteStream {
    const stream = new SecureClientStream(owner);
    const onread = { buffer: memory, callback: (length: number, bytes: Uint8Array) => stream.owner.onRead(bytes as Buffer, length) };
    const options: ConnectionOptions & { onread: object } = { ...this.#optionsFor(to), ...placeOf(to.address), onread };
    const socket = connect(options);
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    stream.begin(socket);
    this.#follow(socket, keyOf(to), () => stream.owner);
    socket.on('end', () => stream.owner.onEnd());
    socket.on('drain', () => stream.owner.onDrain());
    socket.on('close', () => stream.owner.onGone());
    return stream;
  }

  /** The header goes in plain text, and TLS begins behind it. */
  #connectBehind(to: SecureTarget, memory: Buffer, owner: ConnectingOwner): ByteStream {
    const plain = createConnection({ ...placeOf(to.address), noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const stream = new StreamBehind(plain, memory, owner);
    plain.on('error', (error) => stream.owner!.onError(error));
    plain.on('connect', () => {
      plain.write(to.header, 'latin1');
      const socket = connect({ ...this.#optionsFor(to), socket: plain });
      stream.goOnIn(socket);
      this.#follow(socket, keyOf(to), () => stream.owner!);
    });
    return stream;
  }

  #optionsFor(to: SecureTarget): ConnectionOptions {
    const { name } = to;
    const session = this.#sessions.get(keyOf(to));
    return {
      secureContext: this.#context,
      rejectUnauthorized: this.#verify,
      // The name that was configured, whatever the address is that it leads to.
      checkServerIdentity: (_host, certificate) => (this.#verify ? checkServerIdentity(name, certificate) : undefined),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(session === undefined ? {} : { session }),
      ALPNProtocols: [...to.protocols],
    };
  }

  #follow(socket: TLSSocket, key: string, owner: () => ConnectingOwner): void {
    let isOpen = false;
    keepAfterFailedWrite(socket);
    socket
      .on('secureConnect', () => {
        isOpen = true;
        owner().onConnected(typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : '');
      })
      .on('error', (error: NodeJS.ErrnoException) => {
        // A session that led to a failure is not offered again.
        if (!isOpen) this.#sessions.delete(key);
        tellEndAfterError(socket);
        owner().onError(error);
        // Nothing more can be read; Node would leave it open. A failed write may have a response before it.
        if (error.code?.startsWith('ERR_SSL_') === true) socket.destroy();
      })
      .on('session', (session: Buffer) => this.#keep(key, session));
  }

  #keep(key: string, session: Buffer): void {
    this.#sessions.delete(key);
    if (this.#sessions.size >= MAX_SESSIONS) {
      const [oldest] = this.#sessions.keys();
      this.#sessions.delete(oldest!);
    }
    this.#sessions.set(key, session);
  }
}

/** A connection of TLS that begins with something else. */
class StreamBehind extends EventStream<ConnectingOwner> {
  override abort(): void {
    this.destroy();
  }
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number };

function placeOf(address: SocketAddress): Place {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
}

function keyOf({ name, address }: SecureTarget): string {
  return `${name} ${address.kind === 'unix' ? address.path : `${address.host} ${address.port}`}`;
}
