// Takes the data out of a chunked body that `ChunkedScanner` has already found well formed, for those that know no chunks: clients of HTTP/1.0, and
// HTTP/2.

import { latin1 } from '../lib/latin1.ts';

const SIZE = 0;
const SIZE_REST = 1;
const DATA = 2;
const DATA_END = 3;
const LAST = 4;
const DONE = 5;

const CR = 0x0d;
const LF = 0x0a;

export class ChunkedDecoder {
  #state = SIZE;
  #size = 0;
  /** What has come behind the last chunk: trailer lines, and the empty line. */
  #behind = '';

  /** Whether the body is over. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** Trailer lines of a body that is over. */
  get trailers(): string {
    return this.#behind.slice(0, -2);
  }

  /** Starts a new message. */
  reset(): void {
    this.#state = SIZE;
    this.#size = 0;
    this.#behind = '';
  }

  /** The data in `bytes` from `from` to `to`, together; of one chunk it lies where it lay. */
  take(bytes: Buffer, from: number, to: number): Buffer {
    const pieces: Buffer[] = [];
    let at = from;
    while (at < to && this.#state < LAST) {
      if (this.#state === DATA) {
        const end = Math.min(to, at + this.#size);
        pieces.push(bytes.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#state = DATA_END;
      } else this.#framing(bytes[at++]!);
    }
    if (at < to && this.#state === LAST) this.#takeEnd(latin1(bytes, at, to));
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }

  #takeEnd(text: string): void {
    this.#behind += text;
    if (this.#behind === '\r\n' || this.#behind.endsWith('\r\n\r\n')) this.#state = DONE;
  }

  #framing(byte: number): void {
    if (byte === LF) {
      if (this.#state === DATA_END) this.#state = SIZE;
      else this.#state = this.#size === 0 ? LAST : DATA;
    } else if (this.#state === SIZE) {
      const digit = Number.parseInt(String.fromCharCode(byte), 16);
      if (digit >= 0) this.#size = this.#size * 16 + digit;
      else if (byte !== CR) this.#state = SIZE_REST;
    }
  }
}
