// Many timeouts on one shared timer. A duration has one list; arming appends to it, so a list is sorted by
// expiry and a tick looks at heads alone: O(1) to arm, to disarm, and to find what is due.
// While nothing is armed the timer rests until the first deadline is due: an idle thread must not wake fifty times a second.

import { after, every, nowMs, soon } from './clock.ts';
import type { Timer } from './clock.ts';

/** How often due deadlines are looked for, in milliseconds. */
export const TICK_MS = 20;
/** Ticks without a sign of life, after which the timer rests. */
const QUIET_TICKS = 25;
/** A tick later than this finds a thread that was busy or stopped. */
const STALL_MS = 5 * TICK_MS;

export interface DeadlineOwner {
  /** Called once when the deadline has passed; it is disarmed by then. */
  onDeadline(deadline: Deadline): void;
}

/** One timeout of one owner: at most one armed expiry at a time. */
export class Deadline {
  readonly owner: DeadlineOwner;
  list: DeadlineList | undefined = undefined;
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  dueMs = 0;

  constructor(owner: DeadlineOwner) {
    this.owner = owner;
  }

  disarm(): void {
    this.list?.remove(this);
  }
}

class DeadlineList {
  readonly durationMs: number;
  head: Deadline | undefined = undefined;
  tail: Deadline | undefined = undefined;

  constructor(durationMs: number) {
    this.durationMs = durationMs;
  }

  append(deadline: Deadline, dueMs: number): void {
    deadline.list = this;
    deadline.dueMs = dueMs;
    deadline.previous = this.tail;
    deadline.next = undefined;
    if (this.tail === undefined) this.head = deadline;
    else this.tail.next = deadline;
    this.tail = deadline;
  }

  /** Those at the end that are due at `fromMs` become due at `toMs`, which is later. */
  postpone(fromMs: number, toMs: number): void {
    for (let last = this.tail; last !== undefined && last.dueMs === fromMs; last = last.previous) last.dueMs = toMs;
  }

  remove(deadline: Deadline): void {
    if (deadline.previous === undefined) this.head = deadline.next;
    else deadline.previous.next = deadline.next;
    if (deadline.next === undefined) this.tail = deadline.previous;
    else deadline.next.previous = deadline.previous;
    deadline.list = undefined;
    deadline.previous = undefined;
    deadline.next = undefined;
  }
}

/** All deadlines of one thread. `close` stops its timer. */
export class Deadlines {
  readonly #lists = new Map<number, DeadlineList>();
  /** Ticks while it is awake; else waits for the first deadline, if there is one. */
  #timer: Timer | undefined;
  #atMs = nowMs();
  /** When the next tick should come. */
  #expectedMs = this.#atMs + TICK_MS;
  #latenessMs = 0;
  #awake = true;
  #quietTicks = 0;
  #closed = false;
  /** How late the latest tick was, in milliseconds: what fires in it may do so because this thread was busy. */
  lateMs = 0;
  /** Hears when the thread has something to do again, and when it has had nothing to do for a while. */
  onPace: (awake: boolean) => void = () => undefined;

  constructor() {
    this.#timer = every(TICK_MS, () => this.#onTimer());
  }

  /** The last look at the clock, at most a tick ago: monotonic milliseconds. */
  get atMs(): number {
    return this.#atMs;
  }

  /** Looks at the clock; what is armed from here on counts from this moment. Returns it: monotonic milliseconds. */
  refresh(): number {
    this.#atMs = nowMs();
    this.#quietTicks = 0;
    if (!this.#awake) this.#wake();
    return this.#atMs;
  }

  /**
   * (Re)arms `deadline` to fire `durationMs` from now, at most two ticks late; a duration of 0 or less means never.
   * "Now" is the last look at the clock, at most a tick ago: reading it for every deadline would cost more than all else here.
   */
  arm(deadline: Deadline, durationMs: number): void {
    if (deadline.list !== undefined) deadline.list.remove(deadline);
    if (durationMs <= 0) return;
    this.#quietTicks = 0;
    if (!this.#awake) this.refresh();
    this.armQuietly(deadline, durationMs);
  }

  /** The same for a deadline that is armed again and again: it is no sign that the thread has work. */
  armQuietly(deadline: Deadline, durationMs: number): void {
    if (deadline.list !== undefined) deadline.list.remove(deadline);
    let list = this.#lists.get(durationMs);
    if (list === undefined) {
      list = new DeadlineList(durationMs);
      this.#lists.set(durationMs, list);
    }
    list.append(deadline, this.#atMs + TICK_MS + durationMs);
  }

  /** Fires what is due at `atMs`. Lists that ran empty are dropped, so that reloads cannot pile them up. */
  tick(atMs: number): void {
    this.lateMs = atMs - this.#expectedMs;
    this.#latenessMs = Math.max(this.#latenessMs, this.lateMs);
    this.#expectedMs = atMs + TICK_MS;
    this.#atMs = atMs;
    for (const [durationMs, list] of this.#lists) {
      let first = list.head;
      while (first !== undefined && first.dueMs <= atMs) {
        list.remove(first);
        first.owner.onDeadline(first);
        first = list.head;
      }
      if (list.head === undefined) this.#lists.delete(durationMs);
    }
    if (++this.#quietTicks > QUIET_TICKS && !this.#closed) this.#rest();
  }

  /** How late the latest tick was since this was last asked, in milliseconds: the longest the thread was busy with one thing. */
  takeLateness(): number {
    const latenessMs = this.#latenessMs;
    this.#latenessMs = 0;
    return latenessMs;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.stop();
  }

  /** Timers come before sockets: after a stall, what arrived meanwhile is read before anyone is told that it came too late. */
  #onTimer(): void {
    const atMs = nowMs();
    const lateMs = atMs - this.#expectedMs;
    if (this.#awake && lateMs > TICK_MS) this.#catchUp(atMs);
    if (lateMs + TICK_MS < STALL_MS) return this.tick(atMs);
    soon(() => {
      if (!this.#closed) this.tick(nowMs());
    });
  }

  /** What was armed since the last look at the clock counts from now: it may have been armed at the end of the stall, and must not fire early. */
  #catchUp(atMs: number): void {
    const staleMs = this.#atMs + TICK_MS;
    this.#atMs = atMs;
    for (const list of this.#lists.values()) list.postpone(staleMs + list.durationMs, atMs + TICK_MS + list.durationMs);
  }

  #wake(): void {
    if (this.#closed) return;
    this.#awake = true;
    this.lateMs = 0;
    this.#timer?.stop();
    this.#timer = every(TICK_MS, () => this.#onTimer());
    // A timer that is overdue already says that this thread has stalled: what comes late now is its own doing.
    this.#expectedMs = Math.min(this.#expectedMs, this.#atMs + TICK_MS);
    this.onPace(true);
  }

  /** Until the first deadline; it stays at rest when that has fired, unless another is armed. */
  #rest(): void {
    if (this.#awake) {
      this.#awake = false;
      this.onPace(false);
    }
    // A thread that found something to do meanwhile is awake again.
    if (this.#quietTicks <= QUIET_TICKS) return;
    let dueMs = Infinity;
    for (const { head } of this.#lists.values()) if (head !== undefined) dueMs = Math.min(dueMs, head.dueMs);
    const waitMs = Math.max(dueMs - this.#atMs, TICK_MS);
    this.#expectedMs = this.#atMs + waitMs;
    this.#timer?.stop();
    this.#timer = dueMs === Infinity ? undefined : after(waitMs, () => this.#onTimer());
  }
}
