// Signals: the first SIGTERM or SIGINT drains, the second ends the process at once. SIGHUP is the config watch's.

import { nowMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';

/** Ctrl-C reaches the whole process group, and npm passes it on again: the echo is not a second wish. */
const ECHO_MS = 100;

export interface Stoppable {
  /** Drains; resolves with how many connections had to be cut. */
  drain(): Promise<number>;
}

/** Resolves with the exit code when the process may end: 0 after a drain. */
export function untilStopped(instance: Stoppable, log: Log): Promise<number> {
  return new Promise((resolve) => {
    let stoppingSinceMs = -1;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stoppingSinceMs >= 0) {
        if (nowMs() - stoppingSinceMs < ECHO_MS) return;
        log.warn({ signal }, 'stopped at once by a second signal');
        process.exit(signal === 'SIGINT' ? 130 : 143);
      }
      stoppingSinceMs = nowMs();
      log.info({ signal }, 'stopping');
      void instance.drain().then((cut) => {
        if (cut > 0) log.warn({ cut }, 'connections were cut at the drain deadline');
        log.info({}, 'stopped');
        resolve(0);
      });
    };
    // The config watch ends with the drain, its signal may still come: unheard it would end the process.
    process.on('SIGHUP', () => undefined);
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
