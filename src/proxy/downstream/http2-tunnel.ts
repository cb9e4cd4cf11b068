// The bytes of one stream of HTTP/2 as a connection of their own, for what goes on behind an extended CONNECT or a CONNECT (RFC 8441; RFC 9113,
// section 8.5).

import type { ByteStream, StreamOwner } from '../../net/byte-stream.ts';
import type { ConnectionEnds } from '../../net/connection-ends.ts';
import type { ResponseContent } from './response-content.ts';

/** The stream, as its tunnel knows it. */
export interface TunnelStream {
  readonly peer: string;
  readonly content: ResponseContent;
  /** We have ended our side. */
  readonly hasResponded: boolean;
  send(): boolean;
  pause(): void;
  resume(): void;
  abort(): void;
}

export class Http2Tunnel implements ByteStream {
  owner: StreamOwner | undefined = undefined;
  readonly ends: ConnectionEnds | undefined = undefined;
  readonly #stream: TunnelStream;
  /** Written while other content waits. */
  #queue: Buffer[] = [];
  #queued = 0;
  #needsDrain = false;
  #ends = false;
  #gone = false;
  #remoteEnded = false;

  constructor(stream: TunnelStream) {
    this.#stream = stream;
  }

  get peer(): string {
    return this.#stream.peer;
  }

  get unsentBytes(): number {
    const { at, to } = this.#stream.content;
    return this.#gone ? 0 : this.#queued + to - at;
  }

  get borrows(): boolean {
    return this.unsentBytes > 0;
  }

  get needsDrain(): boolean {
    return this.#needsDrain;
  }

  // What the stream tells.

  take(bytes: Buffer, from: number, to: number): void {
    if (to === from) return;
    const piece = bytes.subarray(from, to);
    this.owner?.onRead(piece, piece.length);
  }

  onRemoteEnd(): void {
    if (this.#remoteEnded || this.#gone) return;
    this.#remoteEnded = true;
    this.owner?.onEnd();
  }

  onReset(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#queue = [];
    this.#queued = 0;
    this.owner?.onGone();
  }

  /** What it was given has been sent. */
  onSent(): void {
    if (!this.#sendQueue() || !this.#needsDrain) return;
    this.#needsDrain = false;
    this.owner?.onDrain();
  }

  /** It is over: what waits is the rest of what the stream has to send. */
  leaveRest(): void {
    const { content } = this.#stream;
    if (this.#gone || this.#queue.length === 0) return;
    content.addOwn(Buffer.concat([content.bytes.subarray(content.at, content.to), ...this.#queue]), false);
    this.#queue = [];
    this.#queued = 0;
  }

  // What the tunnel does.

  writeText(text: string, encoding: 'latin1' | 'utf8', onFlushed?: () => void): boolean {
    return this.writeBytes(Buffer.from(text, encoding), onFlushed);
  }

  writeBytes(bytes: Buffer, onFlushed?: () => void): boolean {
    if (this.#gone || this.#ends) return true;
    if (onFlushed !== undefined) throw new Error('a tunnel is told by onDrain');
    if (bytes.length > 0) this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#sendQueue()) return true;
    this.#needsDrain = true;
    return false;
  }

  cork(): void {
    // What is written in one turn leaves in one write anyway.
  }

  uncork(): void {}

  growRead(): void {
    // Its connection reads.
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  probe(): void {
    // Its connection is always read.
  }

  keepHalfOpen(): void {
    // The sides of a stream end apart.
  }

  end(): void {
    if (this.#ends || this.#gone) return;
    this.#ends = true;
    this.#sendQueue();
  }

  abort(): void {
    this.#stream.abort();
  }

  destroy(): void {
    this.#stream.abort();
  }

  #sendQueue(): boolean {
    const { content } = this.#stream;
    while (!content.isLeft && this.#queue.length > 0) {
      const bytes = this.#queue.shift()!;
      this.#queued -= bytes.length;
      content.addOwn(bytes, false);
      this.#stream.send();
    }
    if (content.isLeft) return false;
    if (this.#ends && !this.#stream.hasResponded) {
      content.addOwn(Buffer.alloc(0), true);
      this.#stream.send();
    }
    return true;
  }
}
