// What TLS connections of one kind are made with: the certificates of one name.

import type { Socket } from 'node:net';
import type { ServerSide } from '../accepted.ts';
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
    return new SecureStream(handle, this.#options, first, handshake);
  }

  fromSocket(socket: Socket, first: Buffer, handshake: HandshakeOwner): SecureByteStream {
    return secureBySocket(socket, this.#options, first, handshake);
  }
}
