// Waiting for something to become true, with a deadline and the last thing seen in the error. Never a fixed sleep.

import { setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 6_000;
const LOOK_MS = 4;
/** A look often costs Sluice a scrape: the longer it takes already, the rarer they are, and what is waited for is seen this much later. */
const LATER = 0.05;
const RAREST_MS = 50;

/** Resolves with the first value of `look` that is neither false nor undefined. Rejects after `deadlineMs`, naming `what`. */
export async function eventually<T>(
  what: string,
  look: () => T | false | undefined | Promise<T | false | undefined>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const began = performance.now();
  const end = began + deadlineMs;
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== undefined) return seen;
    const now = performance.now();
    if (now > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(Math.min(RAREST_MS, Math.max(LOOK_MS, (now - began) * LATER)));
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
