// What may go wrong with a store, told apart by what the caller should do. Each message names the place and the fix.

import { OpenToOthers } from './private-folder.ts';

/** Somebody else was quicker: read the latest revision and try again. */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
  /** 0 when there is none. */
  readonly latest: number;

  constructor(given: number, latest: number) {
    super(`revision ${given} cannot follow revision ${latest}`);
    this.latest = latest;
  }
}

/** A call did not work and changed nothing; the next may work again. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
}

/** The directory of a start belongs to another process. */
export class StoreInUse extends Error {
  override readonly name = 'StoreInUse';

  constructor(dir: string) {
    super(`the state directory is in use by another Sluice: ${dir}; stop that one, or give this one a state.dir of its own`);
  }
}

/** The directory of a start cannot hold state. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';

  constructor(dir: string, cause: unknown) {
    super(`the state directory cannot be used: ${dir}: ${messageOf(cause)}; ${fixOf(cause)}`, { cause });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const SQLITE_FULL = 13;

function fixOf(cause: unknown): string {
  if (cause instanceof OpenToOthers) return cause.fix;
  const { code, errcode } = cause as { readonly code?: string; readonly errcode?: number };
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL) return 'free some space there, or set another state.dir';
  if (code === 'EACCES' || code === 'EPERM') return 'give the user of this process the right to write there, or set another state.dir';
  if (code === 'EROFS') return 'set state.dir to a place that can be written, or `state: memory` to keep nothing';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'a file is in its place: remove that, or set another state.dir';
  return 'set another state.dir, or `state: memory` to keep nothing';
}
