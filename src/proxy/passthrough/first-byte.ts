// Stands before the upstream's side of a tunnel until a first byte has come, or its end without any: how an endpoint takes a connection up is
// what there is to judge it by. After that it hears of nothing, and no byte costs anything for it.

import type { ByteStream, ConnectingOwner } from '../../net/byte-stream.ts';
import type { TunnelSide } from '../tunnel/tunnel-side.ts';

export class FirstByte implements ConnectingOwner {
  readonly #side: TunnelSide;
  readonly #onFirst: (came: boolean) => void;

  /** @param onFirst told once, before the side hears of it; false: the upstream has ended without a byte */
  constructor(side: TunnelSide, onFirst: (came: boolean) => void) {
    this.#side = side;
    this.#onFirst = onFirst;
  }

  /** From here on it hears of the stream. */
  watch(stream: ByteStream): void {
    stream.owner = this;
  }

  onRead(bytes: Buffer, length: number): boolean {
    this.#tell(true);
    return this.#side.onRead(bytes, length);
  }

  onEnd(): void {
    this.#tell(false);
    this.#side.onEnd();
  }

  onGone(): void {
    this.#tell(false);
    this.#side.onGone();
  }

  onDrain(): void {
    this.#side.onDrain();
  }

  onConnected(): void {}

  /** What was sent before may still be there to read. */
  onError(): void {
    this.#side.onError();
  }

  #tell(came: boolean): void {
    this.#side.stream.owner = this.#side;
    this.#onFirst(came);
  }
}
