// A TLS connection of a client by Node's own class around a socket: slower, and client certificates are refused. Of that class it uses two
// events that are not documented: `secure` and `_tlsError`.

import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { EventStream } from '../event-stream.ts';
import type { StreamOwner } from '../byte-stream.ts';
import type { HandshakeOwner, SecureByteStream } from './secure-byte-stream.ts';
import type { SecureOptions } from './secure-options.ts';

/**
 * @param socket paused
 * @param first bytes that were read of it
 */
export function secureBySocket(socket: Socket, side: SecureOptions, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
  socket.unshift(first);
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: side.context,
    requestCert: side.asksCertificate,
    rejectUnauthorized: side.needsCertificate,
    ALPNProtocols: [...side.protocols],
  });
  const stream = new SecureEventStream(secure);
  let pending: HandshakeOwner | undefined = handshake;
  const fail = (reason: string): void => {
    const owner = pending;
    pending = undefined;
    owner?.onHandshakeFailed(reason);
  };
  secure.on('secure', () => {
    const owner = pending;
    pending = undefined;
    owner?.onSecure(stream);
  });
  secure.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  // What comes after the handshake is no longer TLS: Node tells it by this event alone, and neither reads on nor closes.
  secure.on('_tlsError', () => {
    if (pending === undefined) secure.destroy();
  });
  // Its client has left in the middle of the handshake; Node waits for our end.
  secure.on('end', () => {
    if (pending !== undefined) secure.destroy();
  });
  secure.on('close', () => fail('ECONNRESET'));
  return stream;
}

class SecureEventStream extends EventStream<StreamOwner> implements SecureByteStream {
  readonly #secure: TLSSocket;

  constructor(secure: TLSSocket) {
    super(secure, undefined, undefined);
    this.#secure = secure;
  }

  get protocol(): string {
    const agreed = this.#secure.alpnProtocol;
    return typeof agreed === 'string' ? agreed : '';
  }

  get version(): string {
    return this.#secure.getProtocol() ?? '';
  }

  get cipher(): string {
    return this.#secure.getCipher().standardName;
  }

  get resumed(): boolean {
    return this.#secure.isSessionReused();
  }

  get certificate(): X509Certificate | undefined {
    return this.#secure.getPeerX509Certificate();
  }

  /** Node tells it to servers of its own alone: a client that shows a certificate is refused. */
  get certificateFault(): string | undefined {
    return this.certificate === undefined ? undefined : 'UNABLE_TO_VERIFY';
  }

  override abort(): void {
    this.destroy();
  }
}
