// Waits for what was asked for the first time, but not for long: neither a start nor a reload may hang on a dead DNS server.

import type { Clock } from '../../lib/clock.ts';

const PATIENCE_MS = 2000;

/** Resolves when all have, or when the time is over; at once when there is nothing to wait for. */
export async function firstResolutions(asked: readonly Promise<void>[], clock: Clock): Promise<void> {
  if (asked.length === 0) return;
  await new Promise<void>((resolve) => {
    const late = clock.after(PATIENCE_MS, resolve);
    void Promise.all(asked).then(() => {
      late.stop();
      resolve();
    });
  });
}
