// A Unix socket under a path that another process may still have: it is bound under a draft's name and takes the path over by a rename, so
// that no client meets a moment without it. Node removes the name that was bound when it is closed, which is the draft's and long gone:
// the path of the one that took over stays.

import { chmodSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Longer ones cannot be bound: `sun_path` has 108 bytes with the zero at the end. */
const MAX_PATH_BYTES = 107;

/** What `server.listen` is to bind for `path`: a draft beside it, or the path itself where a longer name does not fit. */
export function draftOf(path: string): string {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  if (Buffer.byteLength(draft) > MAX_PATH_BYTES) return path;
  // Left by a process that had the same number.
  if (statSync(draft, { throwIfNoEntry: false })?.isSocket() === true) rmSync(draft);
  return draft;
}

/** A path that is ours. */
export class OwnPath {
  readonly #path: string;
  readonly #inode: bigint | undefined;

  /** Takes the path over. @param draft that was bound @param mode undefined: as the umask has it */
  constructor(path: string, draft: string, mode?: number) {
    if (mode !== undefined) chmodSync(draft, mode);
    if (draft !== path) renameSync(draft, path);
    this.#path = path;
    this.#inode = inodeOf(path);
  }

  /** Removes it, unless another process has taken it over. */
  remove(): void {
    if (this.#inode !== undefined && inodeOf(this.#path) === this.#inode) rmSync(this.#path, { force: true });
  }
}

/** A second name for a path while another process takes it over: with it the path is had back when that comes to nothing. */
export class KeptPath {
  readonly #path: string;
  readonly #second: string;
  readonly #inode: bigint | undefined;

  /** Throws when it cannot have one. */
  constructor(path: string) {
    this.#path = path;
    this.#second = draftOf(path);
    if (this.#second === path) throw new Error(`unix:${path} is too long a path to be taken over: restart instead`);
    this.#inode = inodeOf(path);
    // Its file may have been removed by hand; then nobody can connect anyway.
    if (this.#inode !== undefined) linkSync(path, this.#second);
  }

  /** The other process is gone. */
  restore(): void {
    if (this.#inode !== undefined && this.#inode !== inodeOf(this.#path)) renameSync(this.#second, this.#path);
    this.drop();
  }

  drop(): void {
    rmSync(this.#second, { force: true });
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
