import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { openStore } from '../../../src/store/open-store.ts';
import { SealedChanges } from '../../../src/store/sealed-changes.ts';
import type { LastChanges } from '../../../src/store/sealed-changes.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll } from '../../flow/scaffold/open.ts';
import { append, entryOf, revisionOf } from './sample.ts';

afterEach(closeAll);

const CHANGES: LastChanges = { number: 7, atMs: Date.UTC(2026, 10, 29), amendments: '[{"path":["pools","ä"]}]' };

test('what was written is read, by another one too; nobody else may read the file', () => {
  const { path } = makeFolder();
  const sealed = new SealedChanges(path);
  expect(sealed.read()).toBeUndefined();
  sealed.write(CHANGES);
  expect(new SealedChanges(path).read()).toEqual(CHANGES);
  expect(statSync(sealed.path).mode & 0o777).toBe(0o600);
});

test('any damage is told: a byte more, less or another one', () => {
  const { path } = makeFolder();
  const sealed = new SealedChanges(path);
  sealed.write(CHANGES);
  const sound = readFileSync(sealed.path);
  for (let at = 0; at < sound.length; at++) {
    const bent = Buffer.from(sound);
    bent[at] = bent[at]! ^ 1;
    for (const bytes of [bent, sound.subarray(0, at)]) {
      writeFileSync(sealed.path, bytes);
      expect(typeof new SealedChanges(path).read(), `${at}`).toBe('string');
    }
  }
  writeFileSync(sealed.path, `${sound.toString()}x`);
  expect(new SealedChanges(path).read()).toBe('it is damaged: its digest is wrong');
});

test('a link is no copy, and is replaced by the next one', () => {
  const [folder, elsewhere] = [makeFolder(), makeFolder()];
  new SealedChanges(elsewhere.path).write(CHANGES);
  const sealed = new SealedChanges(folder.path);
  symlinkSync(new SealedChanges(elsewhere.path).path, sealed.path);
  expect(sealed.read()).toMatch(/is a link/);
  sealed.write({ ...CHANGES, number: 8 });
  expect(sealed.read()).toMatchObject({ number: 8 });
  expect(new SealedChanges(elsewhere.path).read()).toEqual(CHANGES);
});

test('where it cannot be written, there is none rather than an old one', () => {
  const folder = makeFolder();
  const sealed = new SealedChanges(folder.path);
  sealed.write(CHANGES);
  // A folder in the place of the draft.
  writeFileSync(folder.file('changes.txt.new'), '');
  const deaf = new SealedChanges(folder.file('nowhere'));
  deaf.write(CHANGES);
  expect(deaf.read()).toBeUndefined();
  sealed.write({ ...CHANGES, amendments: '[]' });
  expect(sealed.read()).toMatchObject({ amendments: '[]' });
});

test('a store that was lost before its first revision tells of the copy at each start, until there is a revision', async () => {
  const { path } = makeFolder();
  const told: unknown[] = [];
  const open = () => openStore({ dir: path, onMoved: () => undefined, onLost: (changes) => told.push(changes) });
  const store = open();
  expect(told).toEqual([]);
  await append(store, revisionOf(1), entryOf('first'));
  const { amendments } = revisionOf(1);
  await store.close();
  for (let start = 0; start < 2; start++) {
    writeFileSync(`${path}/sluice.db`, start === 0 ? 'damage' : '');
    await open().close();
    await open().close();
  }
  expect(told).toHaveLength(4);
  expect(told[0]).toMatchObject({ number: 1, amendments });
  const last = open();
  await append(last, revisionOf(2), entryOf('after'));
  await last.close();
  told.length = 0;
  await open().close();
  expect(told).toEqual([]);
});

test('a damaged store without a copy says so', async () => {
  const folder = makeFolder();
  folder.write('sluice.db', 'damage');
  const told: unknown[] = [];
  await openStore({ dir: folder.path, onMoved: () => undefined, onLost: (changes) => told.push(changes) }).close();
  expect(told).toEqual([`there is no copy of them (${folder.file('changes.txt')})`]);
});

test('numbers go on behind those of the store that was lost, also when what the API changed stayed the same', async () => {
  const { path } = makeFolder();
  const open = () => openStore({ dir: path, onMoved: () => undefined });
  const first = open();
  await append(first, revisionOf(1), entryOf('first'));
  await append(first, { ...revisionOf(2), amendments: revisionOf(1).amendments }, entryOf('second'));
  await first.close();
  writeFileSync(`${path}/sluice.db`, 'damage');
  const second = open();
  expect([second.lastRevision, await second.latest()]).toEqual([2, undefined]);
  // Something happens before there is a revision, and the process ends.
  await second.record(entryOf('early'));
  await second.close();
  const third = open();
  expect(third.lastRevision).toBe(2);
  await expect(third.compareAndAppend(0, revisionOf(1), entryOf('again'))).rejects.toThrow();
  await append(third, revisionOf(3), entryOf('third'));
  await third.close();
  const last = open();
  expect([last.lastRevision, (await last.latest())?.number, await last.find(1)]).toEqual([3, 3, undefined]);
  await last.close();
});
