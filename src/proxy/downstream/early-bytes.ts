// Bytes of requests to come that a client has sent before their turn. They are taken from the front without being moved, so that a long row
// of small requests costs no copy for each; their memory is bounded for a connection, and for all connections of a thread.

/** Of one connection, while all together keep less than `MAX_TOTAL_BYTES`. */
export const MAX_EARLY_BYTES = 256 * 1024;
/** Of one connection, always. */
export const MIN_EARLY_BYTES = 16384;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
const FIRST_BYTES = 4096;

const NOTHING = Buffer.alloc(0);

/** Memory of all of them in this thread. */
let totalBytes = 0;

export class EarlyBytes {
  /** What is kept lies in it, from `from` to `to`. It may be another buffer after `add`. */
  bytes: Buffer = NOTHING;
  from = 0;
  to = 0;

  get length(): number {
    return this.to - this.from;
  }

  /** Whether no more is to be added. */
  get isFull(): boolean {
    const { length } = this;
    return length >= MIN_EARLY_BYTES && (length >= MAX_EARLY_BYTES || totalBytes >= MAX_TOTAL_BYTES);
  }

  /** Keeps a copy of `bytes` between `from` and `to`. */
  add(bytes: Buffer, from: number, to: number): void {
    this.#makeRoom(to - from);
    bytes.copy(this.bytes, this.to, from, to);
    this.to += to - from;
  }

  /** What lies before `from` is used. */
  advance(from: number): void {
    this.from = from;
    if (from >= this.to) this.release();
  }

  /** Nothing is kept, and no memory. */
  release(): void {
    totalBytes -= this.bytes.length;
    this.bytes = NOTHING;
    this.from = 0;
    this.to = 0;
  }

  #makeRoom(more: number): void {
    const { bytes, from, to, length } = this;
    if (to + more <= bytes.length) return;
    // What is kept moves only when as much was used or added since it was moved before.
    let size = Math.max(from >= length ? bytes.length : 2 * bytes.length, FIRST_BYTES);
    while (size < length + more) size *= 2;
    const roomy = size === bytes.length ? bytes : Buffer.allocUnsafeSlow(size);
    bytes.copy(roomy, 0, from, to);
    totalBytes += roomy.length - bytes.length;
    this.bytes = roomy;
    this.from = 0;
    this.to = length;
  }
}
