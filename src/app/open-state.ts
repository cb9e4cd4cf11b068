// Opens the state of an instance. Where nothing was said about it, a folder that cannot be written is no reason not to serve.

import type { StateConfig } from '../config/model.ts';
import type { Log } from '../lib/log.ts';
import { openStore } from '../store/open-store.ts';
import { StoreUnusable } from '../store/store-errors.ts';
import type { Store } from '../store/store.ts';

export interface OpenStateOptions {
  /** Whether the config names the folder, or it is the default. */
  readonly explicit: boolean;
  readonly log: Log;
}

/** Throws, with a message for operators, when the folder is in use, or cannot be used although the config names it. */
export function openState({ dir }: StateConfig, { explicit, log }: OpenStateOptions): Store {
  const onMoved = (path: string, reason: string): void => {
    log.warn({ path, reason }, 'the state could not be read: it was moved aside, and begins anew');
  };
  try {
    return openStore({ dir, onMoved });
  } catch (error) {
    if (explicit || !(error instanceof StoreUnusable)) throw error;
    log.warn({ dir, reason: error.message }, 'nothing is kept on disk: name a folder (state: { dir: … }), or say state: memory');
    return openStore({ dir: undefined, onMoved });
  }
}
