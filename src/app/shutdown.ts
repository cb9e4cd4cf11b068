// How a process that serves ends: the first TERM, INT or QUIT drains, the second ends it at once.

import { constants } from 'node:os';
import { nowMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { onStop } from './signals.js';

/** Ctrl-C reaches the whole process group, and npm passes it on again: the echo is not a second wish. */
const ECHO_MS = 100;

interface Stoppable {
  /** Drains; resolves with how many connections had to be cut. */
  drain(): Promise<number>;
}

/** Resolves with the exit code when the process may end: 0 after a drain. */
export type UntilStopped = (instance: Stoppable) => Promise<number>;

/** Call before the instance starts: a signal that comes while it does is obeyed when it has, since clients may be connected by then. */
export function awaitStop(log: Log): UntilStopped {
  const asked = new Promise<void>((resolve) => {
    let stoppingSinceMs = -1;
    onStop((signal) => {
      if (stoppingSinceMs >= 0) {
        if (nowMs() - stoppingSinceMs < ECHO_MS) return;
        log.warn({ signal }, 'stopped at once by a second signal');
        process.exit(128 + constants.signals[signal]);
      }
      stoppingSinceMs = nowMs();
      log.info({ signal }, 'stopping');
      resolve();
    });
  });
  return async (instance) => {
    await asked;
    const cut = await instance.drain();
    if (cut > 0) log.warn({ cut }, 'connections were cut at the drain deadline');
    log.info({}, 'stopped');
    return 0;
  };
}
