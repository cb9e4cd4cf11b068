// The config on disk as a source of what is desired: read when its turn comes, told when it may have changed. It judges nothing.

import type { Log } from '../../lib/log.ts';
import type { Loaded } from '../submission.ts';
import { FileWatch } from './file-watch.ts';
import type { ChangeCause } from './file-watch.ts';

export interface FileSourceDeps {
  /** What is watched for changes; undefined = nothing. */
  readonly path: string | undefined;
  /** Reads the config. */
  readonly load: () => Loaded | Promise<Loaded>;
  /** What to begin with: already judged. */
  readonly first: Loaded;
  /** Fingerprint of the config on disk from before `first` was read. */
  readonly firstDigest: string | undefined;
  /** Whether `first` stands for the file because that has Problems. */
  readonly isLastGood: boolean;
  /** There may be another config. */
  readonly onChange: (cause: ChangeCause) => void;
  /** The config is no longer where it was. */
  readonly onGone?: () => void;
  /** It is back, as it was. */
  readonly onBack?: () => void;
  readonly log: Log;
}

export class FileSource {
  readonly #deps: FileSourceDeps;
  readonly #watch: FileWatch | undefined;
  #isBegun = false;

  constructor(deps: FileSourceDeps) {
    this.#deps = deps;
    const { path, log, onChange, onGone, onBack } = deps;
    const onMissing = (): void => {
      log.warn({ path }, 'the config is gone; what was served is served on');
      onGone?.();
    };
    const onReturned = (): void => onBack?.();
    this.#watch = path === undefined ? undefined : new FileWatch(path, onChange, { onMissing, onReturned });
  }

  /** Resolves when every later change will be told. */
  get ready(): Promise<void> {
    return this.#watch?.ready ?? Promise.resolve();
  }

  /** What is on disk; the first time what was read at first, unless that has changed before the watch began. */
  async read(): Promise<Loaded> {
    const { first, isLastGood, load } = this.#deps;
    const isFirst = !this.#isBegun;
    this.#isBegun = true;
    return isFirst && (isLastGood || !this.hasChanged) ? first : load();
  }

  /** Whether what is on disk is no longer what was there at first. */
  get hasChanged(): boolean {
    return this.#watch !== undefined && this.#watch.digest !== this.#deps.firstDigest;
  }

  /** After it resolves nothing is told any more. */
  async close(): Promise<void> {
    await this.#watch?.close();
  }
}
