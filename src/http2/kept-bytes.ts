// Bytes that are kept until there are enough of them. Memory grows with what has come, not with what was announced.

const FIRST_BYTES = 256;

export class KeptBytes {
  length = 0;
  #memory: Buffer | undefined = undefined;

  add(bytes: Buffer, from: number, to: number): void {
    const length = this.length + to - from;
    const memory = this.#memory;
    if (memory === undefined || memory.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 ** Math.ceil(Math.log2(length))));
      memory?.copy(larger, 0, 0, this.length);
      this.#memory = larger;
    }
    bytes.copy(this.#memory!, this.length, from, to);
    this.length = length;
  }

  /** All of them, which are not kept any longer; they lie at the start of the buffer. */
  take(): Buffer {
    const memory = this.#memory ?? EMPTY;
    this.#memory = undefined;
    this.length = 0;
    return memory;
  }
}

const EMPTY = Buffer.alloc(0);
