// Values that workers see in responses, on their way to the control thread, which adds them up by user: a ring in shared memory for each worker,
// written by it alone and read by the control thread at its looks. What comes while a ring is full is lost, and counted as lost.

/** Values of each worker that may wait for a look. */
const ROOM = 4096;
const ENTRY_CELLS = 3;
/** In 32 bits, each on a cache line of its own: values written, values read, values lost. */
const WRITTEN = 0;
const READ = 16;
const LOST = 32;
const HEADER = 48;
const HEADER_BYTES = HEADER * Int32Array.BYTES_PER_ELEMENT;
const PART_BYTES = HEADER_BYTES + ROOM * ENTRY_CELLS * Float64Array.BYTES_PER_ELEMENT;

/** A value of a unit that chance drew. */
export interface SentValue {
  /** Slot of the user; below 0 for a request without a key, which is a unit by itself. */
  readonly user: number;
  /** Number of the segment that counts, and the arm. Of a user they are those of its first draw, whatever is said here. */
  readonly segment: number;
  readonly arm: number;
  /** Position among the checks of values. */
  readonly position: number;
  /** At least 0; NaN for one that could not be read. */
  readonly value: number;
}

const MAX_POSITIONS = 16;

export function createValues(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(workers * PART_BYTES);
}

/** A worker's side; one that takes the place of another goes on where that stopped. */
export class ValueSender {
  readonly #header: Int32Array;
  readonly #entries: Float64Array;

  constructor(memory: SharedArrayBuffer, worker: number) {
    ({ header: this.#header, entries: this.#entries } = partOf(memory, worker));
  }

  send({ user, segment, arm, position, value }: SentValue): void {
    const written = this.#header[WRITTEN]!;
    if (((written - Atomics.load(this.#header, READ)) | 0) >= ROOM) {
      Atomics.add(this.#header, LOST, 1);
      return;
    }
    const at = (written & (ROOM - 1)) * ENTRY_CELLS;
    this.#entries[at] = user;
    this.#entries[at + 1] = (segment * 2 + arm) * MAX_POSITIONS + position;
    this.#entries[at + 2] = value;
    Atomics.store(this.#header, WRITTEN, (written + 1) | 0);
  }
}

/** The control thread's side of all workers. */
export class ValueReceiver {
  readonly #parts: readonly Part[];

  constructor(memory: SharedArrayBuffer, workers: number) {
    this.#parts = Array.from({ length: workers }, (_, worker) => partOf(memory, worker));
  }

  /** Values that found no room. */
  get lost(): number {
    return this.#parts.reduce((sum, { header }) => sum + Atomics.load(header, LOST), 0);
  }

  /** Takes what has come since the call before. */
  drain(take: (sent: SentValue) => void): void {
    for (const { header, entries } of this.#parts) {
      const written = Atomics.load(header, WRITTEN);
      for (let read = header[READ]!; read !== written; read = (read + 1) | 0) {
        const at = (read & (ROOM - 1)) * ENTRY_CELLS;
        const place = entries[at + 1]!;
        const row = Math.floor(place / MAX_POSITIONS);
        take({
          user: entries[at]!,
          segment: Math.floor(row / 2),
          arm: row % 2,
          position: place % MAX_POSITIONS,
          value: entries[at + 2]!,
        });
      }
      Atomics.store(header, READ, written);
    }
  }
}

interface Part {
  readonly header: Int32Array;
  readonly entries: Float64Array;
}

function partOf(memory: SharedArrayBuffer, worker: number): Part {
  const begin = worker * PART_BYTES;
  return {
    header: new Int32Array(memory, begin, HEADER),
    entries: new Float64Array(memory, begin + HEADER_BYTES, ROOM * ENTRY_CELLS),
  };
}

const AMOUNT = /^[0-9]{1,15}(?:\.[0-9]{1,15})?$/;

/** A plain decimal number of at least 0, such as `19.90`; NaN for any other text. */
export function readAmount(text: string): number {
  return AMOUNT.test(text) ? Number(text) : NaN;
}
