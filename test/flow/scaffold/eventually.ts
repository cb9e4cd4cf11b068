// Waiting for something to become true, with a deadline and the last thing seen in the error. Never a fixed sleep.

import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 6_000;
const LOOK_MS = 4;

/** Resolves with the first value of `look` that is neither false nor undefined. Rejects after `deadlineMs`, naming `what`. */
export async function eventually<T>(
  what: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== undefined) return seen;
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(LOOK_MS);
  }
}

/** `promise`, or a rejection that names `what` after `deadlineMs`. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  const stop = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`not within ${deadlineMs} ms: ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}
