// Opens the state of an instance. Where nothing was said about it, a folder that cannot be written is no reason not to serve.

import type { StateConfig } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { MovingStore } from '../store/moving-store.ts';
import { openStore } from '../store/open-store.ts';
import type { LastChanges } from '../store/sealed-changes.ts';
import { SqliteStore } from '../store/sqlite-store.ts';
import { StoreUnusable } from '../store/store-errors.ts';
import type { Store } from '../store/store.ts';

export interface OpenStateOptions {
  /** Whether the config names the folder, or it is the default. */
  readonly explicit: boolean;
  readonly log: Log;
}

/** What a start could not find any more. */
export interface LostState {
  /** What the API had changed over the file, from the copy beside the database; undefined = lost as well. */
  readonly changes: LastChanges | undefined;
}

export interface OpenedState {
  readonly store: Store;
  /** Undefined when nothing was lost. */
  readonly lost: LostState | undefined;
}

/** Throws, with a message for operators, when the folder is in use, or cannot be used although the config names it. */
export function openState({ dir }: Pick<StateConfig, 'dir'>, { explicit, log }: OpenStateOptions): OpenedState {
  let lost: LostState | undefined;
  const onMoved = (path: string, reason: string): void => {
    log.warn({ path, reason }, 'the state could not be read: it was moved aside, and begins anew');
  };
  const onLost = (changes: LastChanges | string): void => {
    lost = { changes: typeof changes === 'string' ? undefined : changes };
    tellLost(changes, log);
  };
  try {
    const store = openStore({ dir, onMoved, onLost });
    return { store: store instanceof SqliteStore && dir !== undefined ? new MovingStore(store, { dir, onMoved }) : store, lost };
  } catch (error) {
    if (explicit || !(error instanceof StoreUnusable)) throw error;
    log.warn({ dir, reason: error.message }, 'nothing is kept on disk: name a folder (state: { dir: … }), or say state: memory');
    return { store: openStore({ dir: undefined, onMoved }), lost };
  }
}

function tellLost(changes: LastChanges | string, log: Log): void {
  if (typeof changes === 'string') {
    log.error(
      { reason: changes },
      'the state was lost, with what the API had changed: traffic goes where the file sends it; look at the split',
    );
    return;
  }
  const { number: revision, atMs } = changes;
  const facts = { revision, at: new Date(atMs).toISOString() };
  log.error(facts, 'revisions and journal were lost; what the API had changed is in force again, from its copy beside the database');
}
