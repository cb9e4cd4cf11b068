// Which version each user of a pool has: a table in shared memory that all workers write without a lock. It knows no clock and no weights.
// A slot that another worker is writing at the same moment reads as a miss, never as the version of another user.

import { hashString, mix } from '../lib/hash.ts';

/** One user in a copy of the table. Seconds are those that callers give. */
export const COPY_CELLS = 6;

const WAYS = 8;
/** Twice the room that the users need: sets fill unevenly. */
const USERS_PER_SET = 4;

// The header, in cells of 32 bits.
const GENERATION = 0;
const SETS = 1;
const SEED_LOW = 2;
const SEED_HIGH = 3;
const HEADER_CELLS = 16;

// An entry; two of them fill a line of the cache.
const KEY_LOW = 0;
const KEY_HIGH = 1;
const VERSION = 2;
const ENTRY_GENERATION = 3;
/** Fits the four cells before it in a whole entry; 0 in an empty one. */
const SEAL = 4;
const SEEN = 5;
/** 0 = the weights agree. */
const DIVERGED = 6;
/** 1 = once; 2 = more often. */
const SIGHTINGS = 7;
const ENTRY_CELLS = 8;
const SET_CELLS = WAYS * ENTRY_CELLS;

/** Memory for a table that remembers so many users. Tables with the same seeds understand each other's copies. */
export function createSessionMemory(users: number, seeds: readonly [number, number]): SharedArrayBuffer {
  const sets = Math.ceil(users / USERS_PER_SET);
  const memory = new SharedArrayBuffer((HEADER_CELLS + sets * SET_CELLS) * 4);
  const cells = new Int32Array(memory);
  cells[GENERATION] = 1;
  cells[SETS] = sets;
  cells[SEED_LOW] = seeds[0];
  cells[SEED_HIGH] = seeds[1];
  return memory;
}

export class Sessions {
  readonly memory: SharedArrayBuffer;
  readonly sets: number;
  readonly #cells: Int32Array;
  readonly #seedLow: number;
  readonly #seedHigh: number;
  /** The key of the last `find` or `name`. */
  #low = 0;
  #high = 0;
  #version = 0;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
    this.sets = this.#cells[SETS]!;
    this.#seedLow = this.#cells[SEED_LOW]!;
    this.#seedHigh = this.#cells[SEED_HIGH]!;
  }

  get seeds(): readonly [number, number] {
    return [this.#seedLow, this.#seedHigh];
  }

  /** Rises with each `forget`. */
  get generation(): number {
    return Atomics.load(this.#cells, GENERATION);
  }

  /** From now on no worker finds what was written before. */
  forget(): void {
    Atomics.add(this.#cells, GENERATION, 1);
  }

  /** Says whom `add` is about, without looking for it. */
  name(key: string): void {
    this.#low = hashString(key, this.#seedLow);
    this.#high = hashString(key, this.#seedHigh);
  }

  /** Where the user is that was seen at most `quietS` seconds before `nowS`, or -1; `version` then says what it has. */
  find(key: string, nowS: number, quietS: number): number {
    this.name(key);
    const cells = this.#cells;
    const generation = this.generation;
    const first = this.#firstOf(this.#low);
    for (let at = first; at < first + SET_CELLS; at += ENTRY_CELLS) {
      if (cells[at + KEY_LOW] !== this.#low || cells[at + KEY_HIGH] !== this.#high) continue;
      if (cells[at + ENTRY_GENERATION] !== generation || ((nowS - cells[at + SEEN]!) | 0) > quietS) continue;
      // Read once, and sealed together with the key that was asked for: another worker may take the place in this very moment.
      const version = cells[at + VERSION]!;
      if (cells[at + SEAL] !== sealOf(this.#low, this.#high, version, generation)) continue;
      this.#version = version;
      return at;
    }
    return -1;
  }

  /** Mark of the version that the user has whom `find` found last. */
  get version(): number {
    return this.#version;
  }

  /** The user at `at` came again, and the weights agree with what it has. */
  agree(at: number, nowS: number): void {
    const cells = this.#cells;
    if (cells[at + DIVERGED] !== 0) cells[at + DIVERGED] = 0;
    this.see(at, nowS);
  }

  /** The user at `at` came again while the weights give it another version; returns for how many seconds they have. */
  diverge(at: number, nowS: number): number {
    if (this.#cells[at + DIVERGED] === 0) this.#cells[at + DIVERGED] = nowS;
    return this.divergedFor(at, nowS);
  }

  /** For how many seconds the weights have given the user at `at` another version. */
  divergedFor(at: number, nowS: number): number {
    const since = this.#cells[at + DIVERGED]!;
    return since === 0 ? 0 : (nowS - since) | 0;
  }

  /** The user at `at` came again. Writes only what changes: a line of the cache that is written leaves all other workers. */
  see(at: number, nowS: number): void {
    const cells = this.#cells;
    if (cells[at + SEEN] !== nowS) cells[at + SEEN] = nowS;
    if (cells[at + SIGHTINGS] === 1) cells[at + SIGHTINGS] = 2;
  }

  /** The user at `at`, the one of the last `find`, has this version from now on. */
  move(at: number, version: number, nowS: number): void {
    this.#write(at, version, nowS, 0, 2);
  }

  /**
   * The user of the last `find` or `name`, which is not there, has this version. In a full set it takes the place of one that is quiet, else
   * of one that came only once, else of the one not seen for longest: requests that never bring their key back push no user out.
   */
  add(version: number, nowS: number, quietS: number): void {
    this.#write(this.#placeFor(nowS, quietS), version, nowS, 0, 1);
  }

  /** Adds to `counts`, by position in `versions`, the users that were seen at most `quietS` seconds before `nowS`. */
  count(versions: Int32Array, nowS: number, quietS: number, counts: Float64Array): void {
    const cells = this.#cells;
    const generation = this.generation;
    for (let at = HEADER_CELLS; at < cells.length; at += ENTRY_CELLS) {
      if (cells[at + ENTRY_GENERATION] !== generation || ((nowS - cells[at + SEEN]!) | 0) > quietS) continue;
      const version = cells[at + VERSION]!;
      // The loop in place of `indexOf`, which takes most of the time of a large table.
      for (let index = 0; index < versions.length; index++) if (versions[index] === version) counts[index] = counts[index]! + 1;
    }
  }

  /** The users in some of the sets that were seen at most `quietS` seconds before `nowS`, `COPY_CELLS` each. */
  copy(fromSet: number, toSet: number, nowS: number, quietS: number): Int32Array {
    const cells = this.#cells;
    const generation = this.generation;
    const end = HEADER_CELLS + Math.min(toSet, this.sets) * SET_CELLS;
    const copied = new Int32Array((toSet - fromSet) * WAYS * COPY_CELLS);
    let length = 0;
    for (let at = HEADER_CELLS + fromSet * SET_CELLS; at < end; at += ENTRY_CELLS) {
      if (!this.#isLive(at, generation, nowS, quietS)) continue;
      copied[length++] = cells[at + KEY_LOW]!;
      copied[length++] = cells[at + KEY_HIGH]!;
      copied[length++] = cells[at + VERSION]!;
      copied[length++] = cells[at + SEEN]!;
      copied[length++] = cells[at + DIVERGED]!;
      copied[length++] = cells[at + SIGHTINGS]!;
    }
    return copied.subarray(0, length);
  }

  /** Adds users of a copy that was made of a table with the same seeds, as far as they are not quiet by now. */
  paste(copied: Int32Array, nowS: number, quietS: number): void {
    for (let from = 0; from + COPY_CELLS <= copied.length; from += COPY_CELLS) {
      const seen = copied[from + 3]!;
      if (((nowS - seen) | 0) > quietS) continue;
      this.#low = copied[from]!;
      this.#high = copied[from + 1]!;
      this.#write(this.#placeFor(nowS, quietS), copied[from + 2]!, seen, copied[from + 4]!, copied[from + 5] === 1 ? 1 : 2);
    }
  }

  #firstOf(low: number): number {
    return HEADER_CELLS + Math.floor(((low >>> 0) / 0x1_0000_0000) * this.sets) * SET_CELLS;
  }

  #isLive(at: number, generation: number, nowS: number, quietS: number): boolean {
    const cells = this.#cells;
    if (cells[at + ENTRY_GENERATION] !== generation || ((nowS - cells[at + SEEN]!) | 0) > quietS) return false;
    return cells[at + SEAL] === sealOf(cells[at + KEY_LOW]!, cells[at + KEY_HIGH]!, cells[at + VERSION]!, generation);
  }

  #placeFor(nowS: number, quietS: number): number {
    const cells = this.#cells;
    const generation = this.generation;
    const first = this.#firstOf(this.#low);
    let place = first;
    let worst = -1;
    let oldest = 0;
    for (let at = first; at < first + SET_CELLS; at += ENTRY_CELLS) {
      // The same user must not be counted twice.
      if (cells[at + KEY_LOW] === this.#low && cells[at + KEY_HIGH] === this.#high) return at;
      const loss = !this.#isLive(at, generation, nowS, quietS) ? 2 : cells[at + SIGHTINGS] === 1 ? 1 : 0;
      const age = (nowS - cells[at + SEEN]!) | 0;
      if (loss < worst || (loss === worst && age <= oldest)) continue;
      place = at;
      worst = loss;
      oldest = age;
    }
    return place;
  }

  /** The seal goes first and comes last; whatever another worker writes in between, it fits no mixture of two users. */
  #write(at: number, version: number, seen: number, diverged: number, sightings: number): void {
    const cells = this.#cells;
    const generation = this.generation;
    cells[at + SEAL] = 0;
    cells[at + KEY_LOW] = this.#low;
    cells[at + KEY_HIGH] = this.#high;
    cells[at + VERSION] = version;
    cells[at + ENTRY_GENERATION] = generation;
    cells[at + SEEN] = seen;
    cells[at + DIVERGED] = diverged;
    cells[at + SIGHTINGS] = sightings;
    cells[at + SEAL] = sealOf(this.#low, this.#high, version, generation);
  }
}

function sealOf(low: number, high: number, version: number, generation: number): number {
  const sum = low ^ Math.imul(high, 0x9e3779b1) ^ Math.imul(version, 0x85ebca6b) ^ Math.imul(generation, 0xc2b2ae35);
  return mix(sum) | 1;
}
