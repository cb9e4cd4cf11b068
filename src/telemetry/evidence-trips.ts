// How a worker halts a canary by itself: after each judgement the control thread tells how many further bad events of the canary are certain to be
// enough, and the worker that counts the last of them halts it for all. Integers alone, and only when a canary has done something bad.
//
// One cell is the gate: 0, or the generation of what is armed; below 0 the canary is halted. A worker trips by exchanging the generation that it read
// for its trip: where the control thread has judged meanwhile, that fails, and it looks again at what is armed now. So nothing trips by what is old.

import { BASELINE, CANARY, partsIn, rowAt, SEGMENTS } from './evidence-layout.ts';
import type { Arm } from './evidence-layout.ts';

/** Place of the gate in the memory of signals, where workers read it at each request. */
export const GATE = 0;
/** Further events of the baseline, from 0, for which a tripwire says how many of the canary's are enough. */
const TRIP_COLUMNS = 8;
/** Of one rollout. */
export const MAX_TRIPWIRES = 8;
/** Cells of the memory of signals, from `TRIPS_AT` on: two sets, so that one is read while the other is written. */
export const TRIPS_AT = 64;
const PLACE = 0;
const COUNT = 1;
const HEADER = 4;
const CELL = 0;
const CANARY_KNOWN = 1;
const BASELINE_KNOWN = 2;
const TABLE = 3;
const WIRE_CELLS = TABLE + TRIP_COLUMNS + 1;
const SET_CELLS = HEADER + MAX_TRIPWIRES * WIRE_CELLS;
export const TRIPS_CELLS = 2 * SET_CELLS;

/** Halted by the control thread, for good. */
const HALTED = -0x8000_0000;
const LAST_GENERATION = (1 << 22) - 1;
const WIRE_SHIFT = 3;
const GENERATION_SHIFT = 7;

export interface Wire {
  /** ERRORS to CLIENT_ERRORS. */
  readonly cell: number;
  /** What the judge knew of the canary in this segment, and of the baseline in all segments of the buffer. */
  readonly canaryKnown: number;
  readonly baselineKnown: number;
  /** For 0 to TRIP_COLUMNS - 1 further events of the baseline: so many of the canary's are enough. */
  readonly table: readonly number[];
}

/** Events of the canary in one segment, in all parts. @param place position among all segments */
export function canaryEvents(cells: Float64Array, place: number, cell: number): number {
  return events(cells, place % SEGMENTS, CANARY, cell);
}

/** Events of the baseline in the segments of this buffer: those of an earlier one still come from requests that were on their way. */
export function baselineEvents(cells: Float64Array, place: number, cell: number): number {
  let total = 0;
  for (let segment = place % SEGMENTS; segment >= 0; segment--) total += events(cells, segment, BASELINE, cell);
  return total;
}

function events(cells: Float64Array, segment: number, arm: Arm, cell: number): number {
  let total = 0;
  for (let writer = partsIn(cells) - 1; writer >= 0; writer--) total += cells[rowAt(writer, segment, arm) + cell]!;
  return total;
}

/** The control thread's side. */
export class TripWriter {
  readonly #cells: Int32Array;
  /** What the gate has unless somebody tripped. */
  #armed = 0;
  /** Of the last that was armed; the same comes again only after millions. */
  #generation = 0;

  /** @param memory of the signals */
  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  get halted(): boolean {
    return Atomics.load(this.#cells, GATE) < 0;
  }

  /** The wire that tripped and the further events of the baseline that were counted then; undefined while none of those that are armed has. */
  get tripped(): { readonly wire: number; readonly theirs: number } | undefined {
    const gate = Atomics.load(this.#cells, GATE);
    if (gate >= 0 || gate === HALTED) return undefined;
    return { wire: (-gate >> WIRE_SHIFT) & ((1 << (GENERATION_SHIFT - WIRE_SHIFT)) - 1), theirs: -gate & (TRIP_COLUMNS - 1) };
  }

  /** From here on only these can trip, and only for what counts in the segment at `place`. False: the canary is halted already. */
  arm(place: number, wires: readonly Wire[]): boolean {
    if (wires.length === 0) return this.#exchange(0);
    const generation = (this.#generation % LAST_GENERATION) + 1;
    const set = setAt(generation);
    this.#cells[set + PLACE] = place;
    this.#cells[set + COUNT] = wires.length;
    for (const [index, { cell, canaryKnown, baselineKnown, table }] of wires.entries())
      this.#cells.set([cell, canaryKnown, baselineKnown, ...table], set + HEADER + index * WIRE_CELLS);
    this.#generation = generation;
    return this.#exchange(generation);
  }

  /** For good, whatever tripped. */
  halt(): void {
    Atomics.store(this.#cells, GATE, HALTED);
  }

  /** The canary gets requests again; nothing is armed. */
  lift(): void {
    this.#armed = 0;
    Atomics.store(this.#cells, GATE, 0);
  }

  #exchange(gate: number): boolean {
    if (Atomics.compareExchange(this.#cells, GATE, this.#armed, gate) !== this.#armed) return false;
    this.#armed = gate;
    return true;
  }
}

/** A worker's side. */
export class TripReader {
  readonly #cells: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
  }

  /** After a bad event of the canary in the segment at `place` was counted: halts it where that is certain to be enough. True: it did. */
  look(counts: Float64Array, place: number, cell: number): boolean {
    for (;;) {
      const generation = Atomics.load(this.#cells, GATE);
      if (generation <= 0) return false;
      const trip = this.#tripOf(counts, place, cell, setAt(generation));
      if (trip < 0) return false;
      if (Atomics.compareExchange(this.#cells, GATE, generation, -((generation << GENERATION_SHIFT) | trip)) === generation) return true;
    }
  }

  #tripOf(counts: Float64Array, place: number, cell: number, set: number): number {
    if (this.#cells[set + PLACE] !== place) return -1;
    for (let index = this.#cells[set + COUNT]! - 1; index >= 0; index--) {
      const wire = set + HEADER + index * WIRE_CELLS;
      if (this.#cells[wire + CELL] !== cell) continue;
      const ours = canaryEvents(counts, place, cell) - this.#cells[wire + CANARY_KNOWN]!;
      const theirs = baselineEvents(counts, place, cell) - this.#cells[wire + BASELINE_KNOWN]!;
      if (theirs < TRIP_COLUMNS && theirs >= 0 && ours >= this.#cells[wire + TABLE + theirs]!) return (index << WIRE_SHIFT) | theirs;
    }
    return -1;
  }
}

function setAt(generation: number): number {
  return TRIPS_AT + (generation & 1) * SET_CELLS;
}
