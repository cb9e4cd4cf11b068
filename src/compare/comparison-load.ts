// How much waits to be compared, in memory that the workers share with the thread that compares: the bound on its queue.

import type { RecordedExchange } from './mirrored-exchange.ts';

const MAX_EXCHANGES = 1_000;
const MAX_KIB = 32 * 1024;
const EXCHANGES = 0;
const KIB = 1;

export class ComparisonLoad {
  readonly #cells: Int32Array;

  /** @param memory of `ComparisonLoad.create` */
  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  static create(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  }

  /** Exchanges that wait. */
  get waiting(): number {
    return Atomics.load(this.#cells, EXCHANGES);
  }

  /** Whether one more finds room; workers that ask at the same moment may pass the bound by one each. */
  get hasRoom(): boolean {
    return this.waiting < MAX_EXCHANGES && Atomics.load(this.#cells, KIB) < MAX_KIB;
  }

  /** It was sent to be compared. */
  add(recorded: RecordedExchange): void {
    Atomics.add(this.#cells, EXCHANGES, 1);
    Atomics.add(this.#cells, KIB, kibOf(recorded));
  }

  /** It has been compared. */
  remove(recorded: RecordedExchange): void {
    Atomics.sub(this.#cells, EXCHANGES, 1);
    Atomics.sub(this.#cells, KIB, kibOf(recorded));
  }
}

function kibOf({ exchange: { primary, candidate, secondary } }: RecordedExchange): number {
  let bytes = 1024;
  for (const attempted of [primary, candidate, secondary]) {
    if (attempted?.outcome !== 'ok') continue;
    const { body, fields } = attempted.response;
    bytes += fields.length + (body.kind === 'whole' ? body.bytes.byteLength : 0);
  }
  return Math.ceil(bytes / 1024);
}
