// Any order of calls, closings and kills, compared with a list; and a disk that fails in the middle.

import { copyFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { configure, connect, createDatabase } from '../../../src/store/database.ts';
import { inspectRows } from '../../../src/store/inspect.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { DEFAULT_RETENTION } from '../../../src/store/retention.ts';
import { prepareAll } from '../../../src/store/schema.ts';
import type { Statements } from '../../../src/store/schema.ts';
import { SealedChanges } from '../../../src/store/sealed-changes.ts';
import { SqliteStore } from '../../../src/store/sqlite-store.ts';
import { RevisionConflict, StoreFailed } from '../../../src/store/store-errors.ts';
import type { JournalEntry, Store, StoredRevision } from '../../../src/store/store.ts';
import { figure } from '../../flow/scaffold/full.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll } from '../../flow/scaffold/open.ts';
import { append, entryOf, grow, heldBy, revisionOf } from './sample.ts';

afterEach(closeAll);

const unmoved = (path: string, reason: string): void => expect.unreachable(`${path}: ${reason}`);

/** A copy as a kill would leave it: the files as they are, with the store still open. */
function copyOf(dir: string): string {
  const copy = makeFolder().path;
  for (const name of ['sluice.db', 'sluice.db-wal']) {
    if (existsSync(join(dir, name))) copyFileSync(join(dir, name), join(copy, name));
  }
  return copy;
}

/** A store whose database the test can reach. */
function openBare(): { readonly db: DatabaseSync; readonly statements: Statements; readonly store: Store } {
  const folder = makeFolder();
  const path = folder.file('sluice.db');
  const sealed = new SealedChanges(folder.path);
  createDatabase(path);
  const db = connect(path);
  configure(db);
  const statements = prepareAll(db);
  const inspected = inspectRows(db, statements);
  const store = new SqliteStore({ ...inspected, db, statements, path, retention: DEFAULT_RETENTION, sealed, onClosed: () => undefined });
  return { db, statements, store };
}

interface Model {
  readonly revisions: StoredRevision[];
  readonly entries: JournalEntry[];
}

async function expectModel(store: Store, model: Model, bound: number): Promise<void> {
  expect(await store.list({ limit: 1_000 })).toEqual(model.revisions.slice(-bound).reverse());
  expect(await store.entries({ after: 0, limit: 1_000 })).toEqual(model.entries.slice(-bound));
  expect(store.lastSeq).toBe(model.entries.length);
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      texts: fc.array(fc.string({ unit: 'binary' }), { minLength: 7, maxLength: 7 }),
      length: fc.nat(9_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('record' as const), text: fc.string() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('late' as const), off: fc.integer({ min: -3, max: 3 }).filter((off) => off !== 1) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'kill' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

it('does what a list would do, whatever the order of calls', () => {
  const retention = { revisions: { count: 6, size: 1e9 }, entries: { count: 6, size: 1e9 } };
  const open = (dir: string | undefined): Store => openStore({ dir, retention, onMoved: unmoved });
  const run = async (steps: readonly Step[], kind: 'memory' | 'sqlite'): Promise<void> => {
    let dir = kind === 'memory' ? undefined : makeFolder().path;
    let store = open(dir);
    const model: Model = { revisions: [], entries: [] };
    for (const each of steps) {
      const number = model.revisions.length + 1;
      if (each.do === 'append') {
        const [author = '', reason = '', cause = '', amendments = '', written = '', differences = '', kindText = ''] = each.texts;
        const revision = {
          number,
          atMs: each.length,
          author,
          reason,
          cause,
          amendments,
          written: written.padEnd(each.length),
          differences,
        };
        model.entries.push(await append(store, revision, entryOf(kindText)));
        model.revisions.push(revision);
      } else if (each.do === 'record') {
        model.entries.push(await store.record(entryOf(each.text)));
      } else if (each.do === 'late') {
        await expect(append(store, revisionOf(model.revisions.length + each.off), entryOf('late'))).rejects.toThrow(RevisionConflict);
      } else if (dir !== undefined) {
        const next = each.do === 'kill' ? copyOf(dir) : dir;
        await store.close();
        dir = next;
        store = open(dir);
      }
      await expectModel(store, model, 6);
    }
    await store.close();
  };
  return fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom('memory' as const, 'sqlite' as const), run), {
    numRuns: 60,
  });
});

it('a disk that is full fails the append and changes nothing; with room it goes on', async () => {
  const { db, store } = openBare();
  await grow(store, 5);
  db.exec('PRAGMA max_page_count = 30');
  const more = async (): Promise<JournalEntry> => {
    const [newest] = await store.list({ limit: 1 });
    return append(store, revisionOf(newest!.number + 1, { written: 'x'.repeat(9_000) }), entryOf('a'));
  };
  const fill = async (): Promise<never> => {
    for (;;) await more();
  };
  await expect(fill()).rejects.toThrow(/^the state was not written to .*sluice\.db: database or disk is full; nothing was changed$/);
  const before = await heldBy(store);
  expect(before.revisions.length).toBeGreaterThan(5);
  await expect(more()).rejects.toThrow(StoreFailed);
  expect(await heldBy(store)).toEqual(before);
  // What is small may still find room.
  await store.record(entryOf('full'));
  db.exec('PRAGMA max_page_count = 3000');
  await more();
  expect((await store.latest())?.number).toBe((before.revisions[0]?.number ?? 0) + 1);
  expect(store.lastSeq).toBe((before.entries.at(-1)?.seq ?? 0) + 2);
  await store.close();
});

it('says so when a row has rotted since the start', async () => {
  const { db, store } = openBare();
  await grow(store, 3);
  db.exec(`UPDATE revisions SET reason = 'rot' WHERE number = 2`);
  await expect(store.find(2)).rejects.toThrow(/^the state cannot be read from .*: the checksum of revision 2 is wrong$/);
  expect((await store.find(3))?.number).toBe(3);
  await store.close();
});

it('reads the end of a file that is too long to be read whole', async () => {
  const { db, statements, store } = openBare();
  await grow(store, 30);
  db.exec(`UPDATE revisions SET reason = 'rot' WHERE number = 12`);
  expect(inspectRows(db, statements, 0).extent.revisions.last).toBe(30);
  expect(() => inspectRows(db, statements)).toThrow(/checksum of revision 12/);
  db.exec(`UPDATE revisions SET reason = 'rot' WHERE number = 22`);
  expect(() => inspectRows(db, statements, 0)).toThrow(/checksum of revision 22/);
  await store.close();
});

it('does not acknowledge what goes to a file that was removed', async () => {
  const folder = makeFolder();
  const store = openStore({ dir: folder.path, onMoved: unmoved });
  await grow(store, 2);
  rmSync(folder.file('sluice.db'));
  await expect(grow(store, 3)).rejects.toThrow(/not written to .*: somebody removed or replaced the file .*; restart Sluice/);
  expect((await store.latest())?.number).toBe(2);
  await store.close();
});

it('an append waits for the disk, a record does not, in any order', async () => {
  const { db, store } = openBare();
  const synchronous = (): unknown => db.prepare('PRAGMA synchronous').get()?.['synchronous'];
  for (let number = 1; number <= 2; number++) {
    await grow(store, number);
    expect(synchronous()).toBe(2);
    await store.record(entryOf('noise'));
    expect(synchronous()).toBe(1);
  }
  await store.close();
});

it('appends soon, and keeps its log short', async () => {
  const folder = makeFolder();
  const store = openStore({ dir: folder.path, onMoved: unmoved });
  const times: number[] = [];
  for (let number = 1; number <= 200; number++) {
    const revision = revisionOf(number, { written: 'x'.repeat(5_000) });
    const begun = performance.now();
    await append(store, revision, entryOf('a'));
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  figure('append to the store', { 'p50 ms': times[100] ?? 0, 'p99 ms': times[198] ?? 0 });
  expect(statSync(folder.file('sluice.db-wal')).size).toBeLessThan(200_000);
  const begun = performance.now();
  for (let count = 0; count < 1_000; count++) await store.record(entryOf('noise'));
  figure('record in the journal', { 'mean ms': (performance.now() - begun) / 1_000 });
  expect(statSync(folder.file('sluice.db-wal')).size).toBeLessThan(8_000_000);
  await store.close();
});
