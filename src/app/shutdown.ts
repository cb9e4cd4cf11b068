// How a process that serves ends: the first TERM, INT or QUIT drains, the second ends it at once.

import { constants } from 'node:os';
import { every, nowMs } from '../lib/clock.ts';
import type { Timer } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { onStop } from './signals.js';

/** Ctrl-C reaches the whole process group, and npm passes it on again: the echo is not a second wish. */
const ECHO_MS = 100;

interface Stoppable {
  /** Drains; resolves with how many connections had to be cut. */
  drain(): Promise<number>;
  /** Requests that are in flight. */
  readonly left: number;
  /** Resolves when another process serves in its place: it ends then, too. */
  readonly takenOver: Promise<void>;
}

const TELL_MS = 1000;

/** Resolves with the exit code when the process may end: 0 after a drain. */
export type UntilStopped = (instance: Stoppable) => Promise<number>;

/** Call before the instance starts: a signal that comes while it does is obeyed when it has, since clients may be connected by then. */
export function awaitStop(log: Log, tellLeft: (requests: number) => void): UntilStopped {
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
    await Promise.race([asked, instance.takenOver]);
    const telling = tellWhile(instance, tellLeft);
    const cut = await instance.drain();
    telling.stop();
    if (cut > 0) log.warn({ cut }, 'connections were cut at the drain deadline');
    log.info({}, 'stopped');
    return 0;
  };
}

/** What a drain waits for, as often as it changes; nothing while it waits for nothing. */
function tellWhile(instance: Pick<Stoppable, 'left'>, tellLeft: (requests: number) => void): Timer {
  let told = 0;
  const tell = (): void => {
    const { left } = instance;
    if (left !== told && left > 0) tellLeft(left);
    told = left;
  };
  tell();
  return every(TELL_MS, tell);
}
