// What keeps sessions over a restart, and where. Where nothing is kept on disk, they are not either.

import type { Config } from '../config/model.ts';
import { SessionKeeper } from '../control/session-keeper.ts';
import type { SessionTables } from '../control/session-tables.ts';
import { systemClock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';

export interface Keeping {
  readonly config: Pick<Config, 'state'>;
  readonly store: Store;
  readonly sessions: SessionTables;
  readonly log: Log;
}

export function createKeeper({ config, store, sessions, log }: Keeping): SessionKeeper | undefined {
  const dir = stateDirOf(config, store);
  if (dir === undefined) return undefined;
  return new SessionKeeper({ dir, tables: () => sessions.all, wallSeconds: () => sessions.wallSeconds(), clock: systemClock, log });
}

/** The folder of what outlives the process; undefined: nothing does. */
export function stateDirOf({ state }: Pick<Config, 'state'>, store: Store): string | undefined {
  return store instanceof MemoryStore ? undefined : state.dir;
}
