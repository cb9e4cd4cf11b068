// Body bytes that wait. Small pieces are put together, so that what is kept is never much more than what waits.

const PIECE_BYTES = 16384;

export class BodyQueue {
  /** That wait. */
  bytes = 0;
  /** That are kept for them. */
  queuedBytes = 0;
  #pieces: Buffer[] = [];
  /** The last piece, while more fits into it, and how far it is filled. */
  #open: Buffer | undefined = undefined;
  #filled = 0;

  /** Keeps bytes that never change. */
  keep(bytes: Buffer): void {
    this.#close();
    this.#pieces.push(bytes);
    this.bytes += bytes.length;
    this.queuedBytes += bytes.length;
  }

  /** Keeps a copy. */
  copy(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (length === 0) return;
    if (this.#open === undefined || this.#open.length - this.#filled < length) {
      this.#close();
      this.#open = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, length));
      this.queuedBytes += this.#open.length;
    }
    bytes.copy(this.#open, this.#filled, from, to);
    this.#filled += length;
    this.bytes += length;
  }

  /** All of it, in order; the queue is empty then. */
  take(): readonly Buffer[] {
    if (this.bytes === 0) return NONE;
    this.#close();
    const pieces = this.#pieces;
    this.clear();
    return pieces;
  }

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#open = undefined;
    this.#filled = 0;
    this.bytes = 0;
    this.queuedBytes = 0;
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#pieces.push(this.#open.subarray(0, this.#filled));
    this.#open = undefined;
    this.#filled = 0;
  }
}

const NONE: readonly Buffer[] = [];
