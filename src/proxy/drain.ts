// Ends a worker's service without failing a request: no new connections, `Connection: close` on every response,
// unused connections closed after a moment in which a request already on its way may still arrive, tunnels told to come again one after the
// other, a deadline for the rest.

import { after, every } from '../lib/clock.ts';
import type { ProxyContext } from './context.ts';
import type { Listener } from './listener.ts';

const LOOK_MS = 10;

export interface DrainTimes {
  readonly timeoutMs: number;
  /** As long a connection without a request may have one on its way. */
  readonly graceMs: number;
}

/** Resolves when no connection is left, or at the deadline, with how many had to be cut. */
export function drain(context: ProxyContext, listeners: readonly Listener[], { timeoutMs, graceMs }: DrainTimes): Promise<number> {
  context.drain(timeoutMs);
  for (const listener of listeners) void listener.retire(Math.min(graceMs, timeoutMs / 2));
  for (const listener of listeners) listener.leaveTunnels(timeoutMs);
  return new Promise((resolve) => {
    const finish = (): void => {
      deadline.stop();
      looking.stop();
      const cut = count(listeners);
      for (const listener of listeners) listener.destroyAll();
      resolve(cut);
    };
    const deadline = after(timeoutMs, finish);
    const looking = every(LOOK_MS, () => {
      if (count(listeners) === 0) finish();
    });
  });
}

function count(listeners: readonly Listener[]): number {
  let connections = 0;
  for (const listener of listeners) connections += listener.size;
  return connections;
}
