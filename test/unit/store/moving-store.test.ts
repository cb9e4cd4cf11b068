// A store that gives its folder up, goes on in a copy, and takes the folder back; another process stands for itself by a store of its own.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { MovingStore, takeoverFolder } from '../../../src/store/moving-store.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { SqliteStore } from '../../../src/store/sqlite-store.ts';
import { StoreInUse } from '../../../src/store/store-errors.ts';
import type { Store } from '../../../src/store/store.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { append, entryOf, revisionOf } from './sample.ts';

afterEach(closeAll);

const onMoved = (path: string, reason: string): void => expect.unreachable(`moved to ${path}: ${reason}`);

function openIn(dir: string): Store {
  return open(openStore({ dir, onMoved }));
}

async function place(): Promise<{ readonly dir: string; readonly store: MovingStore }> {
  const dir = makeFolder().file('state');
  const inner = openStore({ dir, onMoved });
  if (!(inner instanceof SqliteStore)) throw new Error('it has a folder');
  const store = open(new MovingStore(inner, { dir, onMoved }));
  await append(store, revisionOf(1), entryOf('start'));
  return { dir, store };
}

test('what another process wrote is undone when the folder is taken back; what was written meanwhile stays', async () => {
  const { dir, store } = await place();
  const { id } = store;
  store.giveUp();
  const other = openIn(dir);
  expect([other.id, other.lastRevision, (await other.latest())?.number]).toEqual([id, 1, 1]);
  await append(other, revisionOf(2, { reason: 'of the other' }), entryOf('other'));
  await store.record(entryOf('meanwhile'));
  await store.keepNote({ name: 'note', text: 'kept' });
  expect(() => store.takeBack()).toThrow(StoreInUse);
  expect([store.isAway, store.lastSeq]).toEqual([true, 2]);
  await other.close();
  store.takeBack();
  expect([store.isAway, store.id, store.lastRevision, store.lastSeq]).toEqual([false, id, 1, 2]);
  expect((await store.entries({ after: 0, limit: 9 })).map(({ kind }) => kind)).toEqual(['start', 'meanwhile']);
  expect(await store.notes()).toEqual([{ name: 'note', text: 'kept' }]);
  await append(store, revisionOf(2, { reason: 'of this one' }), entryOf('next'));
  await store.close();
  expect((await openIn(dir).latest())?.reason).toBe('of this one');
});

test('one that is never taken back leaves the folder as the other process has it, and nothing of its own', async () => {
  const { dir, store } = await place();
  store.giveUp();
  expect(statSync(takeoverFolder(dir)).mode & 0o777).toBe(0o700);
  expect(statSync(join(takeoverFolder(dir), 'sluice.db')).mode & 0o777).toBe(0o600);
  const other = openIn(dir);
  await append(other, revisionOf(2), entryOf('other'));
  await store.record(entryOf('late'));
  await store.close();
  expect([existsSync(takeoverFolder(dir)), other.lastRevision, other.lastSeq]).toEqual([false, 2, 2]);
});

test('who watches sees all entries, in the copy and back', async () => {
  const { store } = await place();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const { kind } of store.watch(1)) seen.push(kind);
  })();
  store.giveUp();
  await store.record(entryOf('away'));
  store.takeBack();
  await store.record(entryOf('back'));
  await expect.poll(() => seen).toEqual(['start', 'away', 'back']);
  await store.close();
  await watching;
});

test('it is given up and taken back again and again, and what dead processes left is removed', async () => {
  const { dir, store } = await place();
  openIn(join(dir, 'takeover-999999999'));
  for (let round = 0; round < 3; round++) {
    store.giveUp();
    expect(() => store.giveUp()).toThrow(/given up already/);
    store.takeBack();
    store.takeBack();
  }
  expect(readdirSync(dir).filter((name) => name.startsWith('takeover'))).toEqual([]);
  expect(store.lastRevision).toBe(1);
});
