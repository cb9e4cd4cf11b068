// The only place that knows the time. `nowMs` never goes back and is for measuring; `wallMs` may jump and is for showing.

export interface Timer {
  /** Idempotent; after it the callback never runs. */
  stop(): void;
}

export interface TimerOptions {
  /** Whether the process may end while the timer waits; default false. */
  readonly unref?: boolean;
}

/** Code that takes a Clock instead of calling the functions below can be tested with a ManualClock. */
export interface Clock {
  nowMs(): number;
  wallMs(): number;
  after(ms: number, fn: () => void, options?: TimerOptions): Timer;
  every(ms: number, fn: () => void, options?: TimerOptions): Timer;
}

/** Milliseconds since the thread began, with fractions; monotonic. */
export function nowMs(): number {
  return performance.now();
}

/** Milliseconds, with fractions, since a moment that is the same for all threads of the process; monotonic. */
export function processMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Milliseconds since the epoch. */
export function wallMs(): number {
  return Date.now();
}

/** Milliseconds of CPU that this thread has used; other threads and processes do not count. Some systems count in steps of 4 ms. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** A meter of how busy this thread is: each call returns the busy share of the time since the call before, 0 to 1. */
export function loopMeter(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/** Calls `fn` once, not before `ms` milliseconds have passed. */
export function after(ms: number, fn: () => void, options?: TimerOptions): Timer {
  return new SystemTimer(setTimeout(fn, boundedMs(ms)), options);
}

/** Calls `fn` once, after the events that wait by then. */
export function soon(fn: () => void): void {
  setImmediate(() => setImmediate(fn));
}

/** Calls `fn` once, in the next turn of the event loop: after what has arrived by then is read. */
export function nextTurn(fn: () => void): void {
  setImmediate(fn);
}

/** Calls `fn` every `ms` milliseconds until stopped. */
export function every(ms: number, fn: () => void, options?: TimerOptions): Timer {
  return new SystemTimer(setInterval(fn, boundedMs(ms)), options);
}

export const systemClock: Clock = { nowMs, wallMs, after, every };

// Node turns a longer delay into 1 ms: a 30-day timer would fire at once.
const MAX_TIMER_MS = 2 ** 31 - 1;

function boundedMs(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_TIMER_MS);
}

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout, options: TimerOptions | undefined) {
    this.#timeout = timeout;
    if (options?.unref === true) timeout.unref();
  }

  stop(): void {
    clearTimeout(this.#timeout);
  }
}
