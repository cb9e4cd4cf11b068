// Keeps sessions on disk, so that a restart leaves users where they are: a file per pool, replaced as a whole, now and then and at the end.
// What goes wrong costs sessions and a warning, never a request or a start.

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../lib/clock.ts';
import { soon } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { syncFolder } from '../store/database.ts';
import { decodeSessions, encodeSessions } from './session-file.ts';
import type { KeptSessions, SessionTable } from './session-tables.ts';

export interface SessionKeeperOptions {
  /** Of the state, which nobody else uses meanwhile. */
  readonly dir: string;
  /** Those in force; undefined before anything is. */
  readonly tables: () => readonly SessionTable[] | undefined;
  readonly wallSeconds: () => number;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Log;
}

const SAVE_MS = 30_000;
/** At most so many sets are copied at once: about a millisecond. */
const SETS_AT_ONCE = 8192;
/** More than the largest table takes. */
const MAX_BYTES = 256 * 1024 * 1024;
const END = '.bin';
const DRAFT_END = '.bin.new';

export class SessionKeeper {
  readonly #options: SessionKeeperOptions;
  readonly #folder: string;
  readonly #saving: Timer;
  /** Checksum of what is on disk, by pool. */
  readonly #saved = new Map<string, number>();
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #failed = false;
  #rests = false;

  constructor(options: SessionKeeperOptions) {
    this.#options = options;
    this.#folder = join(options.dir, 'sessions');
    this.#saving = options.clock.every(SAVE_MS, () => void this.save(), { unref: true });
  }

  /** What is on disk of a pool, if it can be used. */
  load(pool: string): KeptSessions | undefined {
    const path = this.#pathOf(pool);
    const kept = readKept(pool, path);
    if (typeof kept !== 'string') return kept;
    this.#options.log.warn({ path, reason: kept }, 'sessions cannot be read: users of the pool begin anew');
    return undefined;
  }

  /** Removes what is on disk of these pools, durably: what users had may not come back with a restart. */
  forget(pools: readonly string[]): void {
    if (this.#rests) return;
    for (const pool of pools) {
      this.#saved.delete(pool);
      try {
        rmSync(this.#pathOf(pool));
        syncFolder(this.#folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#warn(error);
      }
    }
  }

  /** Writes what has changed. One call at a time works; others wait for it. Never rejects. */
  save(): Promise<void> {
    if (this.#rests) return this.#work;
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#work = this.#saveAll().finally(() => (this.#isBusy = false));
    }
    return this.#work;
  }

  /** Writes what has changed, and nothing more: another process may use the folder when it resolves. */
  async rest(): Promise<void> {
    await this.#work;
    const saved = this.save();
    this.#rests = true;
    await saved;
  }

  resume(): void {
    this.#rests = false;
    // Another process may have written there.
    this.#saved.clear();
  }

  /** Writes what is there at the end, when nobody writes sessions any more. */
  async close(): Promise<void> {
    this.#saving.stop();
    await this.#work;
    await this.save();
  }

  async #saveAll(): Promise<void> {
    const tables = this.#options.tables();
    // A start that fails leaves what it found.
    if (tables === undefined) return;
    try {
      if (tables.length > 0) mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#sweep(tables);
      for (const table of tables) await this.#saveOne(table);
      this.#failed = false;
    } catch (error) {
      this.#warn(error);
    }
  }

  async #saveOne({ pool, keys, sessions, rule }: SessionTable): Promise<void> {
    const { generation, sets, seeds } = sessions;
    const parts: Int32Array[] = [];
    for (let set = 0; set < sets; set += SETS_AT_ONCE) {
      parts.push(sessions.copy(set, Math.min(set + SETS_AT_ONCE, sets), this.#options.wallSeconds(), rule.quietS));
      if (set + SETS_AT_ONCE < sets) await new Promise<void>((resolve) => soon(resolve));
    }
    const { pieces, checksum } = encodeSessions(pool, { keys, seeds }, parts);
    if (this.#saved.get(pool) === checksum) return;
    const draft = join(this.#folder, `${pool}${DRAFT_END}`);
    await writeFile(draft, pieces, { mode: 0o600 });
    // What was moved meanwhile would come back.
    if (sessions.generation !== generation) return rmSync(draft, { force: true });
    renameSync(draft, this.#pathOf(pool));
    this.#saved.set(pool, checksum);
  }

  /** Removes files of pools that have no sessions any more, and drafts that were left behind. */
  #sweep(tables: readonly SessionTable[]): void {
    const names = new Set(tables.map(({ pool }) => `${pool}${END}`));
    for (const file of listFolder(this.#folder)) {
      if ((file.endsWith(END) && !names.has(file)) || file.endsWith(DRAFT_END)) rmSync(join(this.#folder, file), { force: true });
    }
  }

  #pathOf(pool: string): string {
    return join(this.#folder, `${pool}${END}`);
  }

  /** Once per trouble: a disk that is full stays so for a while. */
  #warn(error: unknown): void {
    if (!this.#failed) this.#options.log.warn({ err: error, path: this.#folder }, 'sessions cannot be kept on disk');
    this.#failed = true;
  }
}

function readKept(pool: string, path: string): KeptSessions | string | undefined {
  try {
    const file = statSync(path, { throwIfNoEntry: false });
    if (file === undefined) return undefined;
    if (!file.isFile()) return 'it is not a file';
    return file.size > MAX_BYTES ? 'it is larger than it may be' : decodeSessions(pool, readFileSync(path));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
