// A Clock that stands still until a test moves it.

import type { Clock, Timer } from '../../src/lib/clock.ts';

interface Alarm {
  readonly fn: () => void;
  /** 0 for a single shot. */
  readonly periodMs: number;
  /** Breaks ties: what was set first fires first. */
  readonly order: number;
  dueMs: number;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #wallMs: number;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  /** @param wallMs what the wall shows at the beginning, milliseconds since the epoch */
  constructor(wallMs = 0) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(ms: number, fn: () => void): Timer {
    return this.#set(Math.max(ms, 0), 0, fn);
  }

  every(ms: number, fn: () => void): Timer {
    const periodMs = Math.max(ms, 1);
    return this.#set(periodMs, periodMs, fn);
  }

  /** Timers that still wait. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Moves both times on and fires what falls due, in order of time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let alarm = this.#next(endMs); alarm !== undefined; alarm = this.#next(endMs)) {
      this.#moveTo(Math.max(alarm.dueMs, this.#nowMs));
      if (alarm.periodMs === 0) this.#alarms.delete(alarm);
      else alarm.dueMs += alarm.periodMs;
      alarm.fn();
    }
    this.#moveTo(endMs);
  }

  /** Sets the wall alone, as a clock step does. */
  jumpWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  #set(ms: number, periodMs: number, fn: () => void): Timer {
    const alarm: Alarm = { fn, periodMs, order: this.#order++, dueMs: this.#nowMs + ms };
    this.#alarms.add(alarm);
    return { stop: () => void this.#alarms.delete(alarm) };
  }

  #next(endMs: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.dueMs > endMs) continue;
      if (first === undefined || alarm.dueMs < first.dueMs || (alarm.dueMs === first.dueMs && alarm.order < first.order)) first = alarm;
    }
    return first;
  }

  #moveTo(ms: number): void {
    this.#wallMs += ms - this.#nowMs;
    this.#nowMs = ms;
  }
}
