// Notices that the config on disk changed, or a file that it names: edits, rename-over, delete and recreate, and Kubernetes' swaps of
// the `..data` link.
// It watches folders, since a watch on a file goes deaf when the file is replaced; a poll each second catches what no event told.
// It says only that something changed: reading, judging and keeping the last good config are for others.

import { basename, dirname, resolve } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import { after, every, nowMs } from '../../lib/clock.ts';
import type { Timer } from '../../lib/clock.ts';
import { isConfigName, readFingerprint, readStamp } from './config-fingerprint.ts';
import type { Stamp } from './config-fingerprint.ts';

export interface ConfigWatchOptions {
  /** The config was deleted; called once per disappearance. What is served stays. */
  readonly onMissing?: () => void;
  /** It was missing and is back, with the content that it had; otherwise its return is a change. */
  readonly onReturned?: () => void;
  /** What else makes it look; default SIGHUP. */
  readonly signal?: 'SIGHUP' | 'none';
  /** Default 1000. */
  readonly pollMs?: number;
  /** How long the file must be quiet; default 100. */
  readonly quietMs?: number;
}

/** What made us look: the disk, or somebody who asked for it. */
export type ChangeCause = 'file' | 'signal';

/** A file that never comes to rest is read all the same. */
const MAX_WAIT_MS = 500;

export class FileWatch {
  readonly #path: string;
  readonly #onChange: (cause: ChangeCause) => void;
  readonly #options: ConfigWatchOptions;
  /** Undefined until the folders are known. */
  #watcher: FSWatcher | undefined = undefined;
  readonly #poll: Timer;
  /** Resolves when the state at the start is known: later changes will be told. */
  readonly ready: Promise<void>;
  #folders = new Set<string>();
  #files = new Set<string>();
  #stamp = '';
  #digest: string | undefined = undefined;
  #missing = false;
  #forced = false;
  #closed = false;
  #wait: Timer | undefined = undefined;
  #waitEndMs = 0;
  /** The check under way; checks never overlap. */
  #check: Promise<void>;

  /** Await `ready`, then load: a change in between is told, a change before is loaded. */
  constructor(path: string, onChange: (cause: ChangeCause) => void, options: ConfigWatchOptions = {}) {
    this.#path = resolve(path);
    this.#onChange = onChange;
    this.#options = options;
    this.#poll = every(options.pollMs ?? 1000, () => void this.#enqueue(() => this.#compareStamp()), { unref: true });
    if (options.signal !== 'none') process.on('SIGHUP', this.force);
    this.#check = this.#begin();
    this.ready = this.#check;
  }

  /** Of what is on disk, as far as it was looked at; see `readFingerprint`. */
  get digest(): string | undefined {
    return this.#digest;
  }

  /** Tells a change even if there is none, as SIGHUP does; storms count once. */
  readonly force = (): void => {
    this.#forced = true;
    this.#stir();
  };

  /** After it resolves nothing is told any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#poll.stop();
    this.#wait?.stop();
    process.off('SIGHUP', this.force);
    await this.#check;
    await this.#watcher?.close();
  }

  /** What changes before the watches stand is part of the start; it must not fall into a gap. */
  async #begin(): Promise<void> {
    const { folders, files } = await readStamp(this.#path);
    this.#folders = new Set(folders);
    this.#files = new Set(files);
    await this.#listen(folders);
    this.#stamp = (await readStamp(this.#path)).text;
    this.#digest = (await readFingerprint(this.#path)).digest;
    this.#missing = this.#digest === undefined;
  }

  /** Resolves when the watches stand, or after a second, when the poll must do. */
  #listen(folders: readonly string[]): Promise<void> {
    const ignored = (candidate: string): boolean => !this.#concerns(candidate);
    const watcher = watch([...folders], { ignoreInitial: true, depth: 0, followSymlinks: false, atomic: false, ignored });
    this.#watcher = watcher;
    watcher.on('all', () => this.#stir());
    // Too few inotify watches, a folder that vanished: the poll goes on.
    watcher.on('error', () => undefined);
    return new Promise((resolve) => {
      const limit = after(1000, resolve);
      watcher.once('ready', () => {
        limit.stop();
        resolve();
      });
    });
  }

  #enqueue(step: () => Promise<void>): Promise<void> {
    this.#check = this.#check.then(() => (this.#closed ? undefined : step()));
    return this.#check;
  }

  /** Something happened: wait for quiet, then read. */
  #stir(): void {
    if (this.#closed) return;
    const now = nowMs();
    if (this.#wait === undefined) this.#waitEndMs = now + MAX_WAIT_MS;
    this.#wait?.stop();
    this.#wait = after(Math.min(this.#options.quietMs ?? 100, this.#waitEndMs - now), () => {
      this.#wait = undefined;
      void this.#enqueue(() => this.#compareContent());
    });
  }

  async #compareStamp(): Promise<void> {
    const stamp = await readStamp(this.#path);
    if (stamp.text !== this.#stamp && this.#wait === undefined) this.#stir();
  }

  async #compareContent(): Promise<void> {
    const stamp = await readStamp(this.#path);
    const { digest } = await readFingerprint(this.#path);
    if (this.#closed) return;
    this.#stamp = stamp.text;
    this.#follow(stamp);
    const forced = this.#forced;
    this.#forced = false;
    if (digest === undefined && !forced) return this.#vanished();
    const returned = this.#missing && digest !== undefined;
    this.#missing = digest === undefined;
    if (digest === this.#digest && !forced) {
      if (returned) this.#options.onReturned?.();
      return;
    }
    this.#digest = digest ?? this.#digest;
    this.#onChange(forced ? 'signal' : 'file');
  }

  #vanished(): void {
    if (this.#missing) return;
    this.#missing = true;
    this.#options.onMissing?.();
  }

  /** Watches the folders of now, which a swapped link may have moved. */
  #follow(stamp: Stamp): void {
    const folders = new Set(stamp.folders);
    const added = stamp.folders.filter((folder) => !this.#folders.has(folder));
    const gone = [...this.#folders].filter((folder) => !folders.has(folder));
    this.#folders = folders;
    this.#files = new Set(stamp.files);
    if (gone.length > 0) this.#watcher?.unwatch(gone);
    if (added.length === 0) return;
    this.#watcher?.add(added);
    // Until the new watches stand nothing tells what happens there.
    this.#stir();
  }

  /** Of a crowded folder only the config's own names are looked at, and the links that carry a swap. */
  #concerns(candidate: string): boolean {
    if (this.#folders.has(candidate) || this.#files.has(candidate)) return true;
    if (!this.#folders.has(dirname(candidate))) return false;
    const name = basename(candidate);
    return name === '..data' || (this.#folders.has(this.#path) && isConfigName(name));
  }
}
