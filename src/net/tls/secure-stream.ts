// A TLS connection of a client as a byte stream: node:tls on the connection's own handle, without a socket between, which reads by callback
// into memory that all of them share.

import type { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { TLSSocketOptions } from 'node:tls';
import type { StreamOwner } from '../byte-stream.ts';
import { endsOf, plainAddress } from '../connection-ends.ts';
import type { ConnectionEnds } from '../connection-ends.ts';
import { NOTHING } from '../callback-stream.ts';
import { handleOf, wrapHandle } from './private-parts.ts';
import type { HandshakeOwner, SecureByteStream } from './secure-byte-stream.ts';
import type { SecureOptions } from './secure-options.ts';

/** What all of them read into: what is kept of a read is copied before the next. A record of TLS holds 16 KiB. */
const SHARED = Buffer.allocUnsafeSlow(65536);
const READ = { buffer: SHARED, callback: onRead };

/** Given to node:tls by the constructor of its socket, which asks for it before it is done. */
let adopted: object | undefined;

export class SecureStream extends TLSSocket implements SecureByteStream {
  owner: StreamOwner | undefined = undefined;
  /** Until the handshake is over. */
  handshake: HandshakeOwner | undefined;
  #borrows = false;

  /**
   * @param handle of the accepted connection, which nobody reads
   * @param first bytes that were read of it
   */
  constructor(handle: object, side: SecureOptions, first: Buffer, handshake: HandshakeOwner) {
    adopted = handle;
    // Missing from the published types: `onread`, which node:tls passes on to the socket as `tls.connect` does.
    const options: TLSSocketOptions & { onread: object; allowHalfOpen: boolean; rejectUnauthorized: boolean } = {
      isServer: true,
      secureContext: side.context,
      requestCert: side.asksCertificate,
      rejectUnauthorized: side.needsCertificate,
      ALPNProtocols: [...side.protocols],
      allowHalfOpen: true,
      onread: READ,
    };
    super(undefined as never, options);
    adopted = undefined;
    this.handshake = handshake;
    // It is connected, though node:tls takes a socket without another one below it for one that is yet to connect.
    (this as unknown as { connecting: boolean }).connecting = false;
    this.on('error', onError).on('secure', onSecure).on('end', onEnd).on('drain', onDrain).on('close', onClose);
    this.on('_tlsError', endBroken);
    handleOf(this)!.receive(first);
  }

  /** Called by the constructor of node:tls: takes the handle that is there instead of making one. */
  _wrapHandle(wrap: unknown, handle: object | undefined, ...rest: unknown[]): object {
    return wrapHandle.call(this, wrap, handle ?? adopted, ...rest);
  }

  get peer(): string {
    return plainAddress(this.remoteAddress ?? '');
  }

  get ends(): ConnectionEnds | undefined {
    return endsOf(this);
  }

  get unsentBytes(): number {
    return this.writableLength;
  }

  /** What goes straight to OpenSSL is encrypted, or copied, by the time the write returns; what waits in node's stream is not. */
  get borrows(): boolean {
    return this.#borrows && this.writableLength > 0;
  }

  get needsDrain(): boolean {
    return this.writableNeedDrain;
  }

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    if (this.readableEnded && isGone(this)) this.destroy();
    return this.write(text, encoding, onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    if (this.readableEnded && isGone(this)) this.destroy();
    this.#borrows = this.writableLength > 0 || this.writableCorked > 0;
    return this.write(bytes, onFlushed);
  }

  growRead(): void {
    // A record is never larger than the memory.
  }

  probe(): void {
    this.write(NOTHING);
  }

  keepHalfOpen(): void {
    this.allowHalfOpen = true;
  }

  abort(): void {
    this.destroy();
  }

  get protocol(): string {
    const agreed = this.alpnProtocol;
    return typeof agreed === 'string' ? agreed : '';
  }

  get version(): string {
    return this.getProtocol() ?? '';
  }

  get cipher(): string {
    return this.getCipher().standardName;
  }

  get resumed(): boolean {
    return this.isSessionReused();
  }

  get certificate(): X509Certificate | undefined {
    return this.getPeerX509Certificate();
  }

  get certificateFault(): string | undefined {
    // OpenSSL has a fault also where nothing was shown.
    if (this.certificate === undefined) return undefined;
    const error = handleOf(this)?.verifyError() ?? undefined;
    return error && (error.code ?? error.message);
  }
}

/** Whether a client that has ended its side has reset the connection: Node tells nothing of it then, and a write may never come to its end. */
function isGone(stream: SecureStream): boolean {
  return (handleOf(stream)?.getpeername?.({}) ?? 0) !== 0;
}

function onRead(this: unknown, length: number, bytes: Uint8Array): boolean {
  const { owner } = this as SecureStream;
  return owner === undefined || owner.onRead(bytes as Buffer, length);
}

function onSecure(this: SecureStream): void {
  const { handshake } = this;
  this.handshake = undefined;
  handshake?.onSecure(this);
}

function onError(this: SecureStream, error: NodeJS.ErrnoException): void {
  const { handshake } = this;
  this.handshake = undefined;
  handshake?.onHandshakeFailed(error.code ?? error.message);
}

/** What comes is no longer TLS. Node tells it by this event alone, and neither reads on nor closes. */
function endBroken(this: SecureStream): void {
  if (this.handshake === undefined) this.destroy();
}

function onEnd(this: SecureStream): void {
  if (this.handshake === undefined && !isGone(this)) this.owner?.onEnd();
  else this.destroy();
}

function onDrain(this: SecureStream): void {
  this.owner?.onDrain();
}

function onClose(this: SecureStream): void {
  const { handshake } = this;
  this.handshake = undefined;
  handshake?.onHandshakeFailed('ECONNRESET');
  this.owner?.onGone();
}
