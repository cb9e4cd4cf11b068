// A connection of a client on its way out: what is written leaves, what still comes is thrown away, and it closes when the client has closed or
// takes nothing more.

import { Deadline } from '../../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../../lib/deadlines.ts';
import type { ByteStream, StreamOwner } from '../../net/byte-stream.ts';

/** How long a client may take none of what is on its way to it. */
const UNSENT_MS = 30_000;

export interface LeavingDeps {
  readonly deadlines: Deadlines;
  /** How long it has to close once it has all. */
  readonly lingerMs: number;
  /** Told once. */
  readonly onGone: () => void;
}

export class Leaving implements StreamOwner, DeadlineOwner {
  readonly #stream: ByteStream;
  readonly #deps: LeavingDeps;
  readonly #deadline = new Deadline(this);
  #resets = false;
  /** The client sends nothing more. */
  #ended = false;
  #gone = false;
  /** Bytes that the client had yet to take, at the last look. */
  #unsent = 0;

  constructor(stream: ByteStream, deps: LeavingDeps) {
    this.#stream = stream;
    this.#deps = deps;
  }

  /** Ends our side behind what is written. It may be over when this returns. @param how a reset tells the client that this is not all there was */
  begin(how: 'end' | 'reset', hasEnded = false): void {
    this.#resets = how === 'reset';
    this.#ended = hasEnded;
    this.#stream.owner = this;
    if (!this.#resets) this.#stream.end();
    this.#stream.resume();
    this.#watch();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#deadline.disarm();
    // A Unix socket has no reset.
    if (this.#resets && this.#stream.peer !== '') this.#stream.abort();
    this.#stream.destroy();
    this.#deps.onGone();
  }

  onDeadline(): void {
    const { unsentBytes } = this.#stream;
    if (unsentBytes > 0 && unsentBytes < this.#unsent) this.#watch();
    else this.destroy();
  }

  onRead(): boolean {
    return true;
  }

  onEnd(): void {
    this.#ended = true;
    this.#watch();
  }

  onDrain(): void {
    this.#watch();
  }

  onGone(): void {
    this.destroy();
  }

  #watch(): void {
    if (this.#gone) return;
    this.#unsent = this.#stream.unsentBytes;
    if (this.#ended && this.#unsent === 0 && !this.#resets) return this.destroy();
    this.#deps.deadlines.arm(this.#deadline, this.#unsent > 0 ? UNSENT_MS : this.#deps.lingerMs);
  }
}
