// One of the two connections of a tunnel: what comes on it goes to the other one, as it came. It hears of its stream by calls; nothing is
// made for a piece of bytes but what a write needs.

import { latin1 } from '../../lib/latin1.ts';
import type { ByteStream, ConnectingOwner } from '../../net/byte-stream.ts';
import { READ_BYTES, giveCopyBlock, takeCopyBlock } from '../../upstream/protocol/blocks.ts';
import { TEXT_BYTES } from '../../upstream/protocol/http1-connection.ts';
import type { FrameFollower } from './frames.ts';

/** What the sides of a tunnel tell it. */
export interface TunnelOwner {
  /** Bytes of this side are passed on, or dropped. False: read no more of it until the other side has taken them. */
  pass(side: TunnelSide, bytes: Buffer, length: number): boolean;
  /** The peer has ended its side, or is gone altogether. */
  onSideEnded(side: TunnelSide): void;
  /** A fault of ours. */
  onFault(error: unknown): void;
  /** Nothing that is written to this side will arrive. */
  onRefused(side: TunnelSide): void;
}

export class TunnelSide implements ConnectingOwner {
  readonly stream: ByteStream;
  /** Follows what this side sends, where that is WebSocket. */
  readonly frames: FrameFollower | undefined;
  /** Bytes that it has sent. */
  bytes = 0;
  /** Its peer sends nothing more. */
  ended = false;
  /** Both directions are closed. */
  gone = false;
  /** It was closed without the end of its side: by a reset, mostly. */
  wasReset = false;
  /** We send it nothing more. */
  over = false;
  /** Read again when all that was written here has left. */
  drained: TunnelSide | undefined = undefined;
  /** What it sends is dropped from the end of the frame under way on. */
  cutsAtBoundary = false;
  readonly #owner: TunnelOwner;
  /** It is not read until the other one has taken what is written. */
  #waits = false;

  constructor(owner: TunnelOwner, stream: ByteStream, frames: FrameFollower | undefined) {
    this.#owner = owner;
    this.stream = stream;
    this.frames = frames;
  }

  onRead(bytes: Buffer, length: number): boolean {
    try {
      const more = this.#owner.pass(this, bytes, length);
      this.#waits = !more;
      if (!more) this.stream.pause();
    } catch (error) {
      this.#owner.onFault(error);
    }
    return true;
  }

  onEnd(): void {
    if (this.ended) return;
    this.ended = true;
    this.#owner.onSideEnded(this);
  }

  onGone(): void {
    if (this.gone) return;
    this.gone = true;
    this.wasReset = !this.ended;
    this.over = true;
    this.ended = true;
    this.#owner.onSideEnded(this);
  }

  /** All that was written has left: the other one is read again. */
  onDrain(): void {
    this.drained?.resume();
  }

  resume(): void {
    if (!this.#waits) return;
    this.#waits = false;
    this.stream.resume();
  }

  onConnected(): void {}

  /** A write has failed; what the peer has sent before may still be there to read. */
  onError(): void {
    if (this.over) return;
    this.over = true;
    this.#owner.onRefused(this);
  }

  /** Writes bytes that may change once this returns. False: more must wait until they have left. */
  write(bytes: Buffer, from: number, to: number): boolean {
    if (this.over || from === to) return true;
    if (to - from <= TEXT_BYTES) return this.writeText(latin1(bytes, from, to));
    const copy = takeCopyBlock();
    const end = Math.min(to, from + READ_BYTES);
    const more = this.stream.writeBytes(copy.subarray(0, bytes.copy(copy, 0, from, end)));
    if (this.stream.unsentBytes === 0) giveCopyBlock(copy);
    return end === to ? more : this.write(bytes, end, to) && more;
  }

  writeText(text: string): boolean {
    return this.over || this.stream.writeText(text, 'latin1');
  }

  /** We send nothing more than what is written. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.stream.end();
  }
}
