// Requests that wait while no endpoint of a version takes them, instead of failing: a deploy that stops the old before it starts the new
// loses none. One at a time goes ahead as a scout; when a connection opens, the others follow in steps, so that a fresh endpoint is not
// met by all at once. How long each may wait is its own business.

import { Deadline } from '../lib/deadlines.ts';
import type { DeadlineOwner, Deadlines } from '../lib/deadlines.ts';

/** From one scout to the next. */
const SCOUT_MS = 100;
/** Requests that follow in one step, and the time between steps. */
const STEP = 64;
const STEP_MS = 20;

export class HeldRequests<Held extends object> implements DeadlineOwner {
  readonly #held: Held[] = [];
  readonly #deadlines: Deadlines;
  readonly #release: (held: Held) => void;
  readonly #room: () => number;
  readonly #counted: (held: number) => void;
  readonly #deadline: Deadline;
  #flowing = false;
  #releasing = false;

  /**
   * @param release lets one go on; it may be added again
   * @param room how many may go at present, beside a scout
   * @param counted hears how many are held; who goes ahead and comes back at once never shows as gone
   */
  constructor(deadlines: Deadlines, release: (held: Held) => void, room: () => number, counted: (held: number) => void) {
    this.#deadlines = deadlines;
    this.#release = release;
    this.#room = room;
    this.#counted = counted;
    this.#deadline = new Deadline(this);
  }

  get size(): number {
    return this.#held.length;
  }

  add(held: Held): void {
    this.#held.push(held);
    this.#count();
    this.#flowing = false;
    if (this.#deadline.list === undefined) this.#deadlines.arm(this.#deadline, SCOUT_MS);
  }

  /** False: it was not held. */
  withdraw(held: Held): boolean {
    const at = this.#held.indexOf(held);
    if (at === -1) return false;
    this.#held.splice(at, 1);
    this.#count();
    if (this.#held.length === 0) this.#deadline.disarm();
    return true;
  }

  /** An endpoint may be ready: one request goes ahead. */
  scout(): void {
    this.#let(1, SCOUT_MS);
  }

  /** A connection has opened: all go on. */
  flow(): void {
    if (this.#held.length === 0) return;
    this.#flowing = true;
    this.#step();
  }

  /** Those who went ahead found another place: the others need not wait for a scout each. */
  hasten(): void {
    if (this.#held.length === 0 || this.#flowing) return;
    this.#flowing = true;
    this.#deadlines.arm(this.#deadline, STEP_MS);
  }

  onDeadline(): void {
    if (this.#flowing) this.#step();
    else this.scout();
  }

  #step(): void {
    this.#let(Math.max(0, Math.min(STEP, this.#room())), STEP_MS);
  }

  #let(count: number, nextMs: number): void {
    const going = this.#held.splice(0, count);
    // First: those who go may come back, and then there is a scout again.
    if (this.#held.length > 0) this.#deadlines.arm(this.#deadline, nextMs);
    else this.#deadline.disarm();
    // Another thread reads the count at any moment.
    this.#releasing = true;
    for (const held of going) this.#release(held);
    this.#releasing = false;
    this.#count();
  }

  #count(): void {
    if (!this.#releasing) this.#counted(this.#held.length);
  }
}
