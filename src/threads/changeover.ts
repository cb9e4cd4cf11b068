// The moment in which all workers go over to another Table: a user whose requests meet several of them must not go back and forth. Each worker
// prepares it, and the one that is ready last opens the gate in shared memory for all; they look at it as requests begin. Who waits longer than a
// bound opens it without the others, so that a worker that is late or dead holds up nobody.

const OPENED = 0;
const READY = 1;
/** A worker compiles within this, but for a config of tens of thousands of routes. */
const MAX_WAIT_MS = 50;

export interface Changeover {
  /** From 1; that of one change is greater than that of the one before. */
  readonly generation: number;
  /** So many take part. */
  readonly workers: number;
}

function createMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** The control thread's side. */
export class Changeovers {
  readonly memory = createMemory();
  readonly #cells = new Int32Array(this.memory);
  #generation = 0;

  /** No other one is under way. */
  next(workers: number): Changeover {
    Atomics.store(this.#cells, READY, 0);
    return { generation: ++this.#generation, workers };
  }
}

/** A worker's side. */
export class ChangeoverGate {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  isOpen({ generation }: Pick<Changeover, 'generation'>): boolean {
    return Atomics.load(this.#cells, OPENED) >= generation;
  }

  /** This worker is ready. Resolves when the gate is open. */
  async pass({ generation, workers }: Changeover): Promise<void> {
    const opened = Atomics.load(this.#cells, OPENED);
    if (opened >= generation) return;
    if (Atomics.add(this.#cells, READY, 1) + 1 < workers) await Atomics.waitAsync(this.#cells, OPENED, opened, MAX_WAIT_MS).value;
    if (Atomics.compareExchange(this.#cells, OPENED, opened, generation) === opened) Atomics.notify(this.#cells, OPENED);
  }
}
