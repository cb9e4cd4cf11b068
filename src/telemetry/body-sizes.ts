// How large bodies usually are, of requests that are alike: learnt from the baseline of a rollout, window by window, in shared memory. Each worker counts
// in a part of its own; the control thread writes below which size a body is much smaller than usual.
//
// Requests are alike that have the same path without segments that hold a digit: those are of one thing of many. Which of the groups a request is in
// says nothing of its response, and a bound is known before the bodies that are held against it.

import { bucketOfQuantile, OCTAVE_BUCKETS, octaveBucket, startOf } from './octave-buckets.ts';

const GROUPS = 64;
/** Bodies that differ by less than this are alike: chunks alone make so much of a difference. */
const BYTES_PER_UNIT = 32;
/** Half an octave each: a bound need not be finer. */
const HALF_OCTAVE_BITS = 2;
const BUCKETS = OCTAVE_BUCKETS >> HALF_OCTAVE_BITS;
const PART_CELLS = GROUPS * BUCKETS;
const COUNTS_AT = GROUPS * Float64Array.BYTES_PER_ELEMENT;
/** A window with fewer bodies goes on: their median would be that of a few. */
const MIN_BODIES = 32;
const WINDOW_MS = 10_000;
/** What is smaller than a quarter of the usual is much smaller. */
const MUCH_SMALLER = 1 / 4;
/** Where bodies are usually smaller than this, none is much smaller. */
const LEAST_USUAL_BYTES = 128;
/** Longer paths are looked at up to here. */
const MAX_PATH_LENGTH = 256;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;

export function createSizes(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTS_AT + workers * PART_CELLS * Uint32Array.BYTES_PER_ELEMENT);
}

/** Which requests are alike: 0 to 63. @param path without its query */
export function groupOf(path: string): number {
  const length = Math.min(path.length, MAX_PATH_LENGTH);
  let hash = 0;
  let before = 0;
  let isOfOne = false;
  for (let at = 0; at <= length; at++) {
    const code = at < length ? path.charCodeAt(at) : SLASH;
    if (code >= ZERO && code <= NINE) isOfOne = true;
    else if (code === SLASH) {
      if (isOfOne) hash = before;
      before = hash;
      isOfOne = false;
    }
    // FNV-1a (Fowler, Noll, Vo).
    hash = Math.imul(hash ^ code, 0x0100_0193);
  }
  return (before ^ (before >>> 15)) & (GROUPS - 1);
}

/** A worker's side. */
export class SizeWriter {
  readonly #bounds: Float64Array;
  readonly #counts: Uint32Array;

  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#bounds = new Float64Array(memory, 0, GROUPS);
    this.#counts = new Uint32Array(memory, COUNTS_AT + worker * PART_CELLS * Uint32Array.BYTES_PER_ELEMENT, PART_CELLS);
  }

  /** A body of fewer bytes is much smaller than usual; 0: none is, or nobody knows yet. */
  boundOf(group: number): number {
    return this.#bounds[group]!;
  }

  /** A body of the baseline has come whole. */
  add(group: number, bytes: number): void {
    this.#counts[group * BUCKETS + (octaveBucket(bytes / BYTES_PER_UNIT) >> HALF_OCTAVE_BITS)]!++;
  }
}

/** The control thread's side. */
export class SizeBounds {
  readonly #bounds: Float64Array;
  readonly #counts: Uint32Array;
  /** Of each group, what had been counted when its window began, and for how long that lasts by now. */
  readonly #before = new Float64Array(PART_CELLS);
  readonly #ms = new Float64Array(GROUPS);

  constructor(memory: SharedArrayBuffer) {
    this.#bounds = new Float64Array(memory, 0, GROUPS);
    this.#counts = new Uint32Array(memory, COUNTS_AT);
  }

  /** So much time has passed: bounds of groups whose window is over are learnt anew, the first as soon as there are enough bodies. */
  pass(ms: number): void {
    for (let group = 0; group < GROUPS; group++) {
      this.#ms[group]! += ms;
      if (this.#bounds[group] === 0 || this.#ms[group]! >= WINDOW_MS) this.#learn(group);
    }
  }

  #learn(group: number): void {
    const first = group * BUCKETS;
    const window = new Float64Array(OCTAVE_BUCKETS);
    let bodies = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      let counted = 0;
      for (let cell = first + bucket; cell < this.#counts.length; cell += PART_CELLS) counted += this.#counts[cell]!;
      window[bucket << HALF_OCTAVE_BITS] = counted - this.#before[first + bucket]!;
      bodies += window[bucket << HALF_OCTAVE_BITS]!;
    }
    if (bodies < MIN_BODIES) return;
    const usual = startOf(bucketOfQuantile(window, 0.5)!) * BYTES_PER_UNIT;
    this.#bounds[group] = usual < LEAST_USUAL_BYTES ? 0 : usual * MUCH_SMALLER;
    this.#ms[group] = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#before[first + bucket]! += window[bucket << HALF_OCTAVE_BITS]!;
  }
}
