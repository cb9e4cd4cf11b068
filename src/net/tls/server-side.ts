// What TLS connections of one kind are made with: the certificates of one name.

import { Socket } from 'node:net';
import type { SocketConstructorOpts } from 'node:net';
import type { ServerSide } from '../accepted.ts';
import { takesHandles } from './private-parts.ts';
import { secureBySocket } from './secure-by-socket.ts';
import type { HandshakeOwner, SecureByteStream } from './secure-byte-stream.ts';
import type { SecureOptions } from './secure-options.ts';
import { SecureStream } from './secure-stream.ts';

export class NamedSide implements ServerSide {
  readonly #options: SecureOptions;

  constructor(options: SecureOptions) {
    this.#options = options;
  }

  fromHandle(handle: object, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
    if (takesHandles(this.#options.context)) return new SecureStream(handle, this.#options, first, handshake);
    // The published types know other handles alone.
    const options = { handle, allowHalfOpen: true } as unknown as SocketConstructorOpts;
    return this.fromSocket(new Socket(options), first, handshake);
  }

  fromSocket(socket: Socket, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
    return secureBySocket(socket, this.#options, first, handshake);
  }
}
