// Takes the data out of a chunked body that `ChunkedScanner` has already found well formed, for clients that know no chunks (HTTP/1.0).

const SIZE = 0;
const SIZE_REST = 1;
const DATA = 2;
const DATA_END = 3;
const LAST = 4;

const CR = 0x0d;
const LF = 0x0a;

export class ChunkedDecoder {
  #state = SIZE;
  #size = 0;

  /** Starts a new message. */
  reset(): void {
    this.#state = SIZE;
    this.#size = 0;
  }

  /** The data in `bytes` from `from` to `to`, copied together. */
  take(bytes: Buffer, from: number, to: number): Buffer {
    const pieces: Buffer[] = [];
    let at = from;
    while (at < to && this.#state !== LAST) {
      if (this.#state === DATA) {
        const end = Math.min(to, at + this.#size);
        pieces.push(bytes.subarray(at, end));
        this.#size -= end - at;
        at = end;
        if (this.#size === 0) this.#state = DATA_END;
      } else this.#framing(bytes[at++]!);
    }
    return Buffer.concat(pieces);
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
