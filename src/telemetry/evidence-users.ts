// The users of one rollout, shared by all threads: what has been counted of each, so that one who comes back a thousand times counts once.
// A bounded table of hashed keys; a user never leaves it. Two whose hashes are equal count as one: about 9 pairs of 196,608 users.

import { hashString } from '../lib/hash.ts';
import { ERRORS, EVENT_CELLS } from './evidence-layout.ts';
import type { Arm } from './evidence-layout.ts';

export const SLOTS = 2 ** 18;
const MASK = SLOTS - 1;
/** Users that it has room for: beyond three quarters lookups get long. */
export const MAX_USERS = (SLOTS / 4) * 3;
/**
 * The last quarter of it is for users who fail when the rest is full: keys come from outside, and a client that invents them must not hide how
 * others fare.
 */
export const MAX_DRAWN_USERS = (MAX_USERS / 4) * 3;
/** Users whose key was made for the request may take so much of it: most of them may be clients that keep no cookie and never come back. */
export const MAX_NEW_USERS = MAX_USERS / 2;

/** What stands in place of a user. */
export const NO_USER = -1;
export const NO_ROOM = -2;

/**
 * The 32 bits of a user: a mark for each cell of an event, whether it was drawn, and for which arm and in which segment first, the place of the
 * segment in which it finished last, from 1, and whether it met the canary.
 */
const MARK_ASSIGNED = 1 << EVENT_CELLS;
const ARM_SHIFT = EVENT_CELLS + 1;
const SEGMENT_SHIFT = ARM_SHIFT + 1;
const SEGMENT_MASK = 0xff;
const FINISHED_SHIFT = SEGMENT_SHIFT + 8;
const FINISHED_MASK = 0x7f;
export const MARK_MET = 1 << 31;
const MARK_FAILED = 1 << ERRORS;
const MARK_OTHERS = ((1 << EVENT_CELLS) - 1) & ~MARK_FAILED;

/** In front of the slots: the number of users, and on a cache line of its own the seed. */
const HEADER = 32;
const SEED = 16;
/** Behind hashes and marks, a byte for each user: the window of the guards in which it counted last. */
const WINDOWS_AT = (HEADER + SLOTS * 2) * Int32Array.BYTES_PER_ELEMENT;
/** Keys come from outside: however they are chosen, a lookup has an end. */
const MAX_STEPS = 512;

/** @param seed of the hashes: 32 bits that nobody can guess */
export function createUsers(seed: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(WINDOWS_AT + SLOTS);
  new Int32Array(memory)[SEED] = seed;
  return memory;
}

export class EvidenceUsers {
  readonly #cells: Int32Array;
  readonly #windows: Uint8Array;

  /** @param memory made by `createUsers` */
  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory, 0, HEADER + SLOTS * 2);
    this.#windows = new Uint8Array(memory, WINDOWS_AT);
  }

  get size(): number {
    return Atomics.load(this.#cells, 0);
  }

  /**
   * The slot of the user with this key, who is added when it is new. NO_ROOM: the table is full, and the user is not in it. NO_USER: the key was
   * made for this request and there is no room for more of those; the request stands for itself.
   */
  find(key: string, isNewKey: boolean): number {
    return this.#findOrAdd(key, isNewKey, MAX_DRAWN_USERS);
  }

  /**
   * The slot of a user that there was no room for and who has failed now; NO_ROOM: there is none for those either. Nothing else counts of such a user:
   * of the version that fails more often there would be more who are slow, too.
   */
  findFailed(key: string): number {
    const slot = this.#findOrAdd(key, false, MAX_USERS);
    if (slot !== NO_ROOM) Atomics.or(this.#cells, HEADER + SLOTS + slot, MARK_OTHERS);
    return slot;
  }

  #findOrAdd(key: string, isNewKey: boolean, room: number): number {
    const hash = this.#hashOf(key);
    const cells = this.#cells;
    let slot = hash & MASK;
    for (let step = 0; step < MAX_STEPS; step++, slot = (slot + 1) & MASK) {
      const found = cells[HEADER + slot]!;
      if (found === hash) return slot;
      if (found !== 0) continue;
      const size = cells[0]!;
      if (size >= room) return NO_ROOM;
      if (isNewKey && size >= MAX_NEW_USERS) return NO_USER;
      const before = Atomics.compareExchange(cells, HEADER + slot, 0, hash);
      if (before === 0) Atomics.add(cells, 0, 1);
      if (before === 0 || before === hash) return slot;
    }
    return NO_ROOM;
  }

  /** The slot of a user that is known, else NO_USER. */
  lookUp(key: string): number {
    const hash = this.#hashOf(key);
    let slot = hash & MASK;
    for (let step = 0; step < MAX_STEPS; step++, slot = (slot + 1) & MASK) {
      const found = this.#cells[HEADER + slot]!;
      if (found === hash) return slot;
      if (found === 0) return NO_USER;
    }
    return NO_USER;
  }

  /** Whether nobody has marked the user so before. Atomic only then. */
  mark(slot: number, mark: number): boolean {
    const at = HEADER + SLOTS + slot;
    if ((this.#cells[at]! & mark) !== 0) return false;
    return (Atomics.or(this.#cells, at, mark) & mark) === 0;
  }

  /** Notes that the user was drawn for the arm in the segment with this number. False: it had been drawn before, wherever. */
  assign(slot: number, segment: number, arm: Arm): boolean {
    const at = HEADER + SLOTS + slot;
    const bits = MARK_ASSIGNED | ((segment & SEGMENT_MASK) << SEGMENT_SHIFT) | (arm << ARM_SHIFT);
    for (;;) {
      const marks = this.#cells[at]!;
      if ((marks & MARK_ASSIGNED) !== 0) return false;
      if (Atomics.compareExchange(this.#cells, at, marks, marks | bits) === marks) return true;
    }
  }

  /**
   * Notes that a request of the user has ended in the segment at this place. False: another one had in that segment, or the user has failed
   * before, so that it cannot fail for the first time.
   */
  finish(slot: number, place: number): boolean {
    const at = HEADER + SLOTS + slot;
    for (;;) {
      const marks = this.#cells[at]!;
      if ((marks & MARK_FAILED) !== 0 || ((marks >>> FINISHED_SHIFT) & FINISHED_MASK) === place + 1) return false;
      const others = marks & ~(FINISHED_MASK << FINISHED_SHIFT);
      if (Atomics.compareExchange(this.#cells, at, marks, others | ((place + 1) << FINISHED_SHIFT)) === marks) return true;
    }
  }

  /** Whether it was listed as it failed (`findFailed`). Rates leave such users out: of those that there was no room for, only they are known. */
  isFailedAlone(slot: number): boolean {
    return (this.#cells[HEADER + SLOTS + slot]! & MARK_OTHERS) === MARK_OTHERS;
  }

  /** Whether the user has not counted in this window of the guards, 1 to 255. */
  enter(slot: number, window: number): boolean {
    return this.#windows[slot] !== window && Atomics.exchange(this.#windows, slot, window) !== window;
  }

  /** Number of the segment in which the user was drawn for this arm, modulo 256; -1 when it was not. */
  segmentOf(slot: number, arm: Arm): number {
    const marks = this.#cells[HEADER + SLOTS + slot]!;
    const isDrawn = (marks & MARK_ASSIGNED) !== 0 && ((marks >>> ARM_SHIFT) & 1) === arm;
    return isDrawn ? (marks >>> SEGMENT_SHIFT) & SEGMENT_MASK : -1;
  }

  // 0 is an empty slot. 31 bits are an integer that costs nothing.
  #hashOf(key: string): number {
    return hashString(key, this.#cells[SEED]!) >>> 1 || 1;
  }
}
