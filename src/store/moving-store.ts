// A store that can give its folder up to another process, and take it back. Meanwhile, and for ever when it does not take it back, what it
// holds goes on in a copy: those who read and write here meet no gap. What the other process wrote is undone when the folder is taken back.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { configure, connect } from './database.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './open-store.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { EntryQuery, JournalEntry, NewEntry, Note, Store, StoredRevision } from './store.ts';

/** Names of folders below that of the state, each of one process: nobody but its owner may look in. */
const PREFIX = 'takeover-';

export class MovingStore implements Store {
  readonly #dir: string;
  readonly #onMoved: StoreOptions['onMoved'];
  #inner: SqliteStore;
  #isAway = false;
  #closed = false;

  constructor(inner: SqliteStore, { dir, onMoved }: { readonly dir: string; readonly onMoved: StoreOptions['onMoved'] }) {
    this.#inner = inner;
    this.#dir = dir;
    this.#onMoved = onMoved;
  }

  /** Whether another process may have the folder. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** When it returns, another process may claim the folder. Throws when there can be no copy; then nothing was given up. */
  giveUp(): void {
    if (this.#isAway || this.#closed) throw new Error('the state was given up already');
    const folder = this.#copyFolder;
    dropLeft(this.#dir);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'sluice.db');
    // Made before SQLite writes into it: nobody else may read what operators write.
    closeSync(openSync(path, 'wx', 0o600));
    this.#inner.copyTo(path);
    const copy = openSqlite({ dir: folder, onMoved: this.#onMoved });
    const given = this.#inner;
    this.#inner = copy;
    this.#isAway = true;
    // All of it is done when the call returns.
    void given.close();
  }

  /** Throws, with nothing changed, while another process has the folder or the disk fails. */
  takeBack(): void {
    if (!this.#isAway || this.#closed) return;
    const path = join(this.#dir, 'sluice.db');
    const beforeOpen = (): void => {
      void this.#inner.close();
      const copy = join(this.#copyFolder, 'sluice.db');
      // It is in its place already where only opening it failed.
      if (!existsSync(copy)) return;
      sync(copy);
      // Its log would be replayed into the copy. Closed it is whole without one, whenever this process dies.
      foldLog(path);
      renameSync(copy, path);
      sync(this.#dir);
    };
    this.#inner = openSqlite({ dir: this.#dir, onMoved: this.#onMoved, beforeOpen });
    this.#isAway = false;
    rmSync(this.#copyFolder, { recursive: true, force: true });
  }

  /** Entries after that number. Never throws. */
  async entriesAfter(seq: number, limit: number): Promise<readonly JournalEntry[]> {
    return this.#inner.entries({ after: seq, limit }).catch(() => []);
  }

  get id(): string {
    return this.#inner.id;
  }

  get lastSeq(): number {
    return this.#inner.lastSeq;
  }

  get firstSeq(): number {
    return this.#inner.firstSeq;
  }

  get lastRevision(): number {
    return this.#inner.lastRevision;
  }

  latest(): Promise<StoredRevision | undefined> {
    return this.#inner.latest();
  }

  find(number: number): Promise<StoredRevision | undefined> {
    return this.#inner.find(number);
  }

  list(options: { readonly before?: number; readonly limit: number }): Promise<readonly StoredRevision[]> {
    return this.#inner.list(options);
  }

  compareAndAppend(expected: number, revision: StoredRevision, entry: NewEntry): Promise<JournalEntry> {
    return this.#inner.compareAndAppend(expected, revision, entry);
  }

  record(entry: NewEntry): Promise<JournalEntry> {
    return this.#inner.record(entry);
  }

  note(note: Note, entry: NewEntry): Promise<JournalEntry> {
    return this.#inner.note(note, entry);
  }

  keepNote(note: Note): Promise<void> {
    return this.#inner.keepNote(note);
  }

  notes(): Promise<readonly Note[]> {
    return this.#inner.notes();
  }

  dropNotes(names: readonly string[]): Promise<void> {
    return this.#inner.dropNotes(names);
  }

  entries(query: EntryQuery): Promise<readonly JournalEntry[]> {
    return this.#inner.entries(query);
  }

  /** Goes on in the copy, and back. */
  async *watch(from: number): AsyncGenerator<JournalEntry> {
    let next = from;
    for (;;) {
      const watched = this.#inner;
      for await (const entry of watched.watch(next)) {
        yield entry;
        next = entry.seq + 1;
      }
      if (this.#closed || watched === this.#inner) return;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#inner.close();
    // Of a copy nobody will take anything back.
    if (this.#isAway) rmSync(this.#copyFolder, { recursive: true, force: true });
  }

  get #copyFolder(): string {
    return takeoverFolder(this.#dir);
  }
}

/** Where this process keeps what it needs while another one takes over from it. */
export function takeoverFolder(dir: string): string {
  return join(dir, `${PREFIX}${process.pid}`);
}

/** What processes have left that died meanwhile. */
function dropLeft(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : NaN;
    if (pid === process.pid || (Number.isSafeInteger(pid) && pid > 0 && !isAlive(pid)))
      rmSync(join(dir, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function openSqlite(options: StoreOptions): SqliteStore {
  const store = openStore(options);
  if (store instanceof SqliteStore) return store;
  throw new Error('a store without a folder is none of a database');
}

/** Writes the log of a database into it. What cannot be read is of no use, and must not stand in the way. */
function foldLog(path: string): void {
  try {
    const db = connect(path);
    try {
      configure(db);
    } finally {
      db.close();
    }
  } catch {
    // Below it goes.
  }
  rmSync(`${path}-wal`, { force: true });
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
