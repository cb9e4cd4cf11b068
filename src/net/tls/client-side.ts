// TLS to upstreams: what connections to endpoints are made with, for all versions that trust and show the same. Sessions are resumed with the
// endpoint that gave them, under the name that it was trusted for, and never after the authorities or our own certificate have changed.

import { isIP } from 'node:net';
import { checkServerIdentity, connect, createSecureContext } from 'node:tls';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import type { ByteStream, ConnectingOwner } from '../byte-stream.ts';
import { ALPN_HTTP1 } from '../../tls/protocols.ts';
import type { SecureConnector, SocketAddress } from '../connect.ts';
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

  connect(address: SocketAddress, name: string, memory: Buffer, owner: ConnectingOwner): ByteStream {
    const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    const key = `${name} ${address.kind === 'unix' ? address.path : `${address.host} ${address.port}`}`;
    const session = this.#sessions.get(key);
    const stream = new SecureClientStream(owner);
    const options: ConnectionOptions & { onread: object } = {
      ...place,
      secureContext: this.#context,
      rejectUnauthorized: this.#verify,
      // The name that was configured, whatever the address is that it leads to.
      checkServerIdentity: (_host, certificate) => (this.#verify ? checkServerIdentity(name, certificate) : undefined),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(session === undefined ? {} : { session }),
      ALPNProtocols: [ALPN_HTTP1],
      onread: { buffer: memory, callback: (length: number, bytes: Uint8Array) => stream.owner.onRead(bytes as Buffer, length) },
    };
    const socket = connect(options);
    socket.setNoDelay(true).setKeepAlive(true, 30_000);
    keepAfterFailedWrite(socket);
    stream.begin(socket);
    this.#follow(socket, stream, key);
    return stream;
  }

  #follow(socket: TLSSocket, stream: SecureClientStream, key: string): void {
    socket
      .on('secureConnect', () => stream.opened())
      .on('error', (error: NodeJS.ErrnoException) => {
        // A session that led to a failure is not offered again.
        if (!stream.isOpen) this.#sessions.delete(key);
        tellEndAfterError(socket);
        stream.owner.onError(error);
        // Nothing more can be read; Node would leave it open. A failed write may have a response before it.
        if (error.code?.startsWith('ERR_SSL_') === true) socket.destroy();
      })
      .on('session', (session: Buffer) => this.#keep(key, session))
      .on('end', () => stream.owner.onEnd())
      .on('drain', () => stream.owner.onDrain())
      .on('close', () => stream.owner.onGone());
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
