// What the control thread and the workers tell each other about one rollout without a message: the bounds of what is slow, the halt, whether
// there is news, and whether the table of users is full. The control thread alone writes bounds; the halt is in `evidence-trips.ts`.

import { GATE, TripReader, TRIPS_AT, TRIPS_CELLS, TripWriter } from './evidence-trips.ts';
import { latencyCeiling } from './latency-buckets.ts';

/** What workers read at each request, as GATE is; what they write at times lies on other cache lines. */
const GENERATION = 1;
const WINDOW = 2;
const NEWS = 16;
const SATURATED = 32;
/** Windows are told apart by so many numbers. */
const WINDOWS = 255;
/** Two sets of bounds, in doubles: readers have the one of the generation while the other is written. */
const BOUNDS = 24;
const SET_CELLS = 4;
const CELLS = TRIPS_AT + TRIPS_CELLS;

/** Of times until the head of a response, in milliseconds; Infinity where nothing is slow yet. */
export interface SlowBounds {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** A request without a head is taken for slow after this: p99, rounded up so that few durations are in use at a time. */
  readonly hangMs: number;
}

export function createSignals(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
}

/** The control thread's side. */
export class SignalsWriter {
  readonly #cells: Int32Array;
  readonly #doubles: Float64Array;
  readonly trips: TripWriter;

  /** @param hangMs while there are no bounds */
  constructor(memory: SharedArrayBuffer, hangMs: number) {
    this.#cells = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.trips = new TripWriter(memory);
    this.publish({ p50: Infinity, p90: Infinity, p99: Infinity, hangMs });
  }

  /** Of the baseline; from here on new requests are held against them. */
  publish(bounds: SlowBounds): void {
    const generation = this.#cells[GENERATION]! + 1;
    const at = BOUNDS + (generation & 1) * SET_CELLS;
    this.#doubles[at] = bounds.p50;
    this.#doubles[at + 1] = bounds.p90;
    this.#doubles[at + 2] = bounds.p99;
    this.#doubles[at + 3] = bounds.hangMs;
    Atomics.store(this.#cells, GENERATION, generation);
  }

  /** Another window of the guards begins: users count anew in it. */
  nextWindow(): void {
    Atomics.store(this.#cells, WINDOW, (this.#cells[WINDOW]! + 1) % WINDOWS);
  }

  /** Before the counts are read: what comes meanwhile is news again. */
  clearNews(): void {
    Atomics.store(this.#cells, NEWS, 0);
  }

  /** Whether users were left out because the table was full. */
  get saturated(): boolean {
    return Atomics.load(this.#cells, SATURATED) === 1;
  }
}

/** A worker's side. */
export class SignalsReader {
  readonly #cells: Int32Array;
  readonly #doubles: Float64Array;
  readonly #ratio: number;
  readonly pool: string;
  readonly trips: TripReader;
  #generation = -1;
  #baseline: SlowBounds = NEVER_SLOW;
  #canary: SlowBounds = NEVER_SLOW;

  /** @param ratio the canary may take so many times as long; @param pool whose rollout it is */
  constructor(memory: SharedArrayBuffer, ratio: number, pool = '') {
    this.#cells = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#ratio = ratio;
    this.pool = pool;
    this.trips = new TripReader(memory);
  }

  get halted(): boolean {
    return this.#cells[GATE]! < 0;
  }

  /** The window of the guards, from 1. */
  get window(): number {
    return this.#cells[WINDOW]! + 1;
  }

  /** Of this moment; an object per generation, which an exchange holds to its end. */
  get baselineBounds(): SlowBounds {
    if (this.#cells[GENERATION] !== this.#generation) this.#read();
    return this.#baseline;
  }

  get canaryBounds(): SlowBounds {
    if (this.#cells[GENERATION] !== this.#generation) this.#read();
    return this.#canary;
  }

  get hasNews(): boolean {
    return this.#cells[NEWS] === 1;
  }

  /** True: there was none before, so that somebody has to be told. */
  raiseNews(): boolean {
    return Atomics.exchange(this.#cells, NEWS, 1) === 0;
  }

  saturate(): void {
    if (this.#cells[SATURATED] === 0) Atomics.store(this.#cells, SATURATED, 1);
  }

  #read(): void {
    let generation: number;
    do {
      generation = Atomics.load(this.#cells, GENERATION);
      this.#baseline = this.#scaled(generation, 1);
      this.#canary = this.#scaled(generation, this.#ratio);
    } while (Atomics.load(this.#cells, GENERATION) !== generation);
    this.#generation = generation;
  }

  #scaled(generation: number, ratio: number): SlowBounds {
    const at = BOUNDS + (generation & 1) * SET_CELLS;
    const p99 = this.#doubles[at + 2]! * ratio;
    return {
      p50: this.#doubles[at]! * ratio,
      p90: this.#doubles[at + 1]! * ratio,
      p99,
      hangMs: p99 === Infinity ? this.#doubles[at + 3]! : Math.max(p99, latencyCeiling(p99)),
    };
  }
}

const NEVER_SLOW: SlowBounds = { p50: Infinity, p90: Infinity, p99: Infinity, hangMs: 0 };
