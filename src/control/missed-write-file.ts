// Missed writes on disk, a line of JSON each, so that a restart does not lose what has to be done again. Only appended to, and now and then
// written anew without what is no longer listed. What goes wrong costs the file and a warning, never a request or a start.

import { readFileSync, statSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../lib/log.ts';
import { isKept } from './kept-missed-write.ts';
import type { KeptMissedWrite } from './kept-missed-write.ts';

const NAME = 'missed-writes.jsonl';
/** More than all lists take. */
const MAX_BYTES = 256 * 1024 * 1024;
/** A file that has grown to this, and to twice what was listed when it was last written anew, is written anew. */
const RENEW_BYTES = 32 * 1024 * 1024;
/** That wait for the disk; beyond it they are not kept. */
const MAX_WAITING = 8 * 1024 * 1024;

export interface MissedWriteFileDeps {
  /** Of the state, which nobody else uses meanwhile. */
  readonly dir: string;
  readonly log: Log;
}

export class MissedWriteFile {
  readonly #path: string;
  readonly #log: Log;
  #waiting = '';
  #bytes = 0;
  #renewBytes = RENEW_BYTES;
  /** What is to replace the file; it brings all that waits. */
  #next: (() => readonly KeptMissedWrite[]) | undefined = undefined;
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #failed = false;
  #isShared = false;

  constructor({ dir, log }: MissedWriteFileDeps) {
    this.#path = join(dir, NAME);
    this.#log = log;
  }

  /** What is on disk, oldest first; lines that are none of ours, or were cut, are left out. */
  read(): readonly KeptMissedWrite[] {
    try {
      const file = statSync(this.#path, { throwIfNoEntry: false });
      if (file === undefined) return [];
      if (!file.isFile() || file.size > MAX_BYTES) throw new Error('it is no file, or larger than it may be');
      this.#bytes = file.size;
      const text = readFileSync(this.#path, 'utf8');
      // What was cut by a crash must not take the next line with it.
      if (text !== '' && !text.endsWith('\n')) this.#waiting = '\n';
      return text.split('\n').flatMap(readLine);
    } catch (error) {
      this.#warn(error, 'missed writes cannot be read: their list begins anew');
      return [];
    }
  }

  append(writes: readonly KeptMissedWrite[]): void {
    if (this.#waiting.length > MAX_WAITING) return this.#warn(new Error('the disk is too slow'));
    for (const write of writes) this.#waiting += `${JSON.stringify(write)}\n`;
    this.#begin();
  }

  /** Writes the file anew. @param all asked when it is time */
  renew(all: () => readonly KeptMissedWrite[]): void {
    if (this.#isShared) return;
    this.#next = all;
    this.#begin();
  }

  /** Another process may have it, too: it is only appended to. Resolves when it has been written. */
  async share(isShared: boolean): Promise<void> {
    this.#isShared = isShared;
    await this.#work;
  }

  /** Whether it is large enough to be worth it. */
  get isLarge(): boolean {
    return !this.#isShared && this.#bytes > this.#renewBytes;
  }

  /** When all is on disk, as far as that goes. */
  async close(): Promise<void> {
    await this.#work;
  }

  #begin(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#work = this.#write().finally(() => (this.#isBusy = false));
  }

  async #write(): Promise<void> {
    try {
      while (this.#next !== undefined || this.#waiting !== '') await this.#writeOnce();
      this.#failed = false;
    } catch (error) {
      this.#waiting = '';
      this.#next = undefined;
      this.#warn(error);
    }
  }

  async #writeOnce(): Promise<void> {
    const all = this.#next?.();
    const text = all === undefined ? this.#waiting : all.map((write) => `${JSON.stringify(write)}\n`).join('');
    this.#waiting = '';
    this.#next = undefined;
    if (all === undefined) {
      await appendFile(this.#path, text, { mode: 0o600 });
      this.#bytes += text.length;
      return;
    }
    await writeFile(`${this.#path}.new`, text, { mode: 0o600 });
    await rename(`${this.#path}.new`, this.#path);
    this.#bytes = text.length;
    this.#renewBytes = Math.max(RENEW_BYTES, 2 * text.length);
  }

  /** Once per trouble: a disk that is full stays so for a while. */
  #warn(error: unknown, message = 'missed writes cannot be kept on disk'): void {
    if (!this.#failed) this.#log.warn({ err: error, path: this.#path }, message);
    this.#failed = true;
  }
}

function readLine(line: string): readonly KeptMissedWrite[] {
  if (line === '') return [];
  try {
    const write: unknown = JSON.parse(line);
    return isKept(write) ? [write] : [];
  } catch {
    return [];
  }
}
