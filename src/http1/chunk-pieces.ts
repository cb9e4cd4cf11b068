// Finds the data in a chunked body that `ChunkedScanner` has already found well formed, piece by piece and in place, for clients that frame it
// otherwise.

const SIZE = 0;
const SIZE_REST = 1;
const DATA = 2;
const DATA_END = 3;
const LAST = 4;

const CR = 0x0d;
const LF = 0x0a;

export class ChunkPieces {
  /** The piece that was found last. */
  from = 0;
  to = 0;
  #state = SIZE;
  #size = 0;

  /** Starts a new message. */
  reset(): void {
    this.#state = SIZE;
    this.#size = 0;
  }

  /** Looks for the next piece of data from `at` on; what lies before it is read once. False: there is none before `end`. */
  find(bytes: Buffer, at: number, end: number): boolean {
    let next = at;
    while (next < end && this.#state !== LAST) {
      if (this.#state !== DATA) this.#framing(bytes[next++]!);
      else {
        this.from = next;
        this.to = Math.min(end, next + this.#size);
        this.#size -= this.to - next;
        if (this.#size === 0) this.#state = DATA_END;
        return true;
      }
    }
    return false;
  }

  #framing(byte: number): void {
    if (byte === LF) {
      if (this.#state === DATA_END) this.#state = SIZE;
      else this.#state = this.#size === 0 ? LAST : DATA;
    } else if (this.#state === SIZE) {
      const digit = digitOf(byte);
      if (digit >= 0) this.#size = this.#size * 16 + digit;
      else if (byte !== CR) this.#state = SIZE_REST;
    }
  }
}

/** Of a hexadecimal digit; -1: it is none. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
