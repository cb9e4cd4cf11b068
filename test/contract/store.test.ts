// The promises that every store keeps, no matter where it keeps things.

import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Retention } from '../../src/store/retention.ts';
import { RevisionConflict, StoreFailed } from '../../src/store/store-errors.ts';
import type { EntryQuery, Store } from '../../src/store/store.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { entryOf, grow, heldBy, revisionOf } from '../unit/store/sample.ts';

afterEach(closeAll);

const MANY = { count: 1_000, size: 1e9 };

describe.each(['memory', 'sqlite'])('a store in %s', (kind) => {
  const opened: Store[] = [];
  afterEach(() => opened.splice(0).forEach((store) => store.close()));

  function openIn(dir: string | undefined, retention: Partial<Retention> = {}): Store {
    const whole = { revisions: MANY, entries: MANY, ...retention };
    const onMoved = (path: string, reason: string): void => expect.unreachable(`moved to ${path}: ${reason}`);
    const store = openStore({ dir, retention: whole, onMoved });
    opened.push(store);
    return store;
  }
  const make = (retention?: Partial<Retention>): Store => openIn(kind === 'memory' ? undefined : makeFolder().path, retention);

  it('is empty at first', () => {
    const store = make();
    expect([store.latest(), store.find(0), store.find(1), store.lastSeq]).toEqual([undefined, undefined, undefined, 0]);
    expect(heldBy(store)).toEqual({ revisions: [], entries: [] });
    expect(store.id).not.toBe(make().id);
  });

  it('gives back what was appended', () => {
    const store = make();
    const first = revisionOf(1, { atMs: 0.5, author: '', reason: 'quotes \' " ; -- \0 \n é 😀', written: '' });
    expect(store.append(first, entryOf('start'))).toEqual({ seq: 1, ...entryOf('start') });
    const second = revisionOf(2, { written: 'y'.repeat(200_000) });
    expect(store.append(second, entryOf('split', { detail: '{"😀":"\\u0000"}' })).seq).toBe(2);
    expect(store.latest()).toEqual(second);
    expect(store.find(1)).toEqual(first);
    expect(store.find(3)).toBeUndefined();
    expect(heldBy(store).entries).toEqual([
      { seq: 1, ...entryOf('start') },
      { seq: 2, ...entryOf('split', { detail: '{"😀":"\\u0000"}' }) },
    ]);
  });

  it('replaces halves of surrogate pairs, in what it returns, too', () => {
    const store = make();
    const entry = store.append(revisionOf(1, { reason: 'a\ud800b' }), entryOf('x', { author: '\udc00' }));
    expect(entry.author).toBe('\ufffd');
    expect(store.latest()?.reason).toBe('a\ufffdb');
    expect(heldBy(store).entries).toEqual([entry]);
  });

  it.each([0, 1, 2, 4, -1, 2.5, Number.NaN, Infinity])('refuses revision %d after revision 2', (number) => {
    const store = make();
    grow(store, 2);
    const before = heldBy(store);
    expect(() => store.append(revisionOf(number), entryOf('late'))).toThrow(RevisionConflict);
    expect(() => store.append(revisionOf(number), entryOf('late'))).toThrow(expect.objectContaining({ latest: 2 }));
    expect(heldBy(store)).toEqual(before);
    grow(store, 3);
    expect(store.latest()?.number).toBe(3);
  });

  it('refuses a first revision that is not 1', () => {
    expect(() => make().append(revisionOf(2), entryOf('late'))).toThrow(new RevisionConflict(2, 0));
  });

  it('lists revisions newest first, page by page', () => {
    const store = make();
    grow(store, 7);
    const numbers = (before: number | undefined, limit: number): readonly number[] =>
      store.list(before === undefined ? { limit } : { before, limit }).map(({ number }) => number);
    expect(numbers(undefined, 3)).toEqual([7, 6, 5]);
    expect(numbers(5, 3)).toEqual([4, 3, 2]);
    expect(numbers(2, 3)).toEqual([1]);
    expect(numbers(1, 3)).toEqual([]);
    expect(numbers(-4, 3)).toEqual([]);
    expect(numbers(99, 2)).toEqual([7, 6]);
    expect(numbers(5.5, 1)).toEqual([5]);
    expect(numbers(Number.NaN, 3)).toEqual([]);
    for (const limit of [0, -1, Number.NaN]) expect(numbers(undefined, limit)).toEqual([]);
    expect(numbers(undefined, Infinity)).toHaveLength(7);
    expect(numbers(undefined, 2.9)).toEqual([7, 6]);
  });

  it('numbers entries, with and without a revision, and lists them oldest first', () => {
    const store = make();
    grow(store, 2);
    expect(store.record(entryOf('health'))).toEqual({ seq: 3, ...entryOf('health') });
    grow(store, 3);
    expect(store.lastSeq).toBe(4);
    const seqs = (after: number, limit: number): readonly number[] => store.entries({ after, limit }).map(({ seq }) => seq);
    expect(seqs(0, 2)).toEqual([1, 2]);
    expect(seqs(2, 9)).toEqual([3, 4]);
    expect(seqs(4, 9)).toEqual([]);
    expect(seqs(-7, 9)).toEqual([1, 2, 3, 4]);
    expect(seqs(1.5, 9)).toEqual([2, 3, 4]);
    for (const limit of [0, -1, Number.NaN]) expect(seqs(0, limit)).toEqual([]);
    expect([seqs(Number.NaN, 9), seqs(Infinity, 9)]).toEqual([[], []]);
  });

  it('finds entries by kind and time, the oldest or the newest, always oldest first', () => {
    const store = make();
    for (let seq = 1; seq <= 9; seq++) store.record(entryOf(seq % 3 === 0 ? 'third' : 'other', { atMs: seq * 10 }));
    const seqs = (query: Partial<EntryQuery>): readonly number[] => store.entries({ after: 0, limit: 9, ...query }).map(({ seq }) => seq);
    expect(seqs({ kind: 'third' })).toEqual([3, 6, 9]);
    expect(seqs({ kind: 'third', after: 3, limit: 1 })).toEqual([6]);
    expect(seqs({ kind: 'third', limit: 2, from: 'newest' })).toEqual([6, 9]);
    expect(seqs({ limit: 2, from: 'newest' })).toEqual([8, 9]);
    expect(seqs({ after: 8, limit: 2, from: 'newest' })).toEqual([9]);
    expect(seqs({ after: 9, from: 'newest' })).toEqual([]);
    expect(seqs({ sinceMs: 70 })).toEqual([7, 8, 9]);
    expect(seqs({ sinceMs: 70, kind: 'third' })).toEqual([9]);
    expect([seqs({ kind: 'none' }), seqs({ kind: '%' }), seqs({ sinceMs: 91 })]).toEqual([[], [], []]);
    expect([store.firstSeq, store.lastSeq]).toEqual([1, 9]);
  });

  it('keeps notes by name, each with its entry, whatever becomes of the journal', () => {
    const store = make({ entries: { count: 3, size: 1e9 } });
    expect(store.notes()).toEqual([]);
    expect(store.note({ name: 'b', text: 'one 😀' }, entryOf('note')).seq).toBe(1);
    store.note({ name: 'a', text: '' }, entryOf('note'));
    store.note({ name: 'b', text: 'two' }, entryOf('note', { detail: '2' }));
    store.note({ name: '\u{10000}', text: 'x' }, entryOf('note'));
    store.note({ name: '\uffff', text: 'a\ud800' }, entryOf('note'));
    const kept = [
      { name: 'a', text: '' },
      { name: 'b', text: 'two' },
      { name: '\uffff', text: 'a\ufffd' },
      { name: '\u{10000}', text: 'x' },
    ];
    expect(store.notes()).toEqual(kept);
    for (let count = 0; count < 9; count++) store.record(entryOf('noise'));
    expect([store.firstSeq, store.lastSeq]).toEqual([12, 14]);
    expect(store.notes()).toEqual(kept);
    store.dropNotes(['b', 'nothing', '\u{10000}', '\uffff']);
    store.dropNotes([]);
    expect(store.notes()).toEqual([{ name: 'a', text: '' }]);
    expect(store.lastSeq).toBe(14);
  });

  it('gives no page of more than 1,000', () => {
    const store = make();
    for (let count = 0; count < 1_001; count++) store.record(entryOf('noise'));
    expect(store.entries({ after: 0, limit: 5_000 })).toHaveLength(1_000);
  });

  it('keeps as many of each as it may, the newest', () => {
    const store = make({ revisions: { count: 3, size: 1e9 }, entries: { count: 5, size: 1e9 } });
    grow(store, 10);
    for (let count = 0; count < 4; count++) store.record(entryOf('noise'));
    const { revisions, entries } = heldBy(store);
    expect(revisions.map(({ number }) => number)).toEqual([10, 9, 8]);
    expect(entries.map(({ seq }) => seq)).toEqual([10, 11, 12, 13, 14]);
    expect([store.find(7), store.find(8)?.number]).toEqual([undefined, 8]);
  });

  it('keeps less of what is large, but always the latest', () => {
    const store = make({ revisions: { count: 100, size: 10_000 } });
    for (let number = 1; number <= 5; number++) store.append(revisionOf(number, { written: 'x'.repeat(3_000) }), entryOf('a'));
    expect(heldBy(store).revisions.map(({ number }) => number)).toEqual([5, 4, 3]);
    const large = revisionOf(6, { written: 'x'.repeat(50_000) });
    store.append(large, entryOf('a'));
    expect(heldBy(store).revisions).toEqual([large]);
    grow(store, 7);
    expect(heldBy(store).revisions.map(({ number }) => number)).toEqual([7]);
  });

  it('returns objects that cannot be changed', () => {
    const store = make();
    const given = revisionOf(1);
    store.append(given, entryOf('a'));
    (given as { author: string }).author = 'mallory';
    expect(store.latest()?.author).toBe('ann');
    expect(Object.isFrozen(store.latest())).toBe(true);
  });

  it('refuses everything once it is closed', () => {
    const store = make();
    grow(store, 1);
    store.close();
    store.close();
    for (const call of [
      () => store.latest(),
      () => store.find(1),
      () => store.list({ limit: 1 }),
      () => store.entries({ after: 0, limit: 1 }),
      () => store.append(revisionOf(2), entryOf('a')),
      () => store.record(entryOf('a')),
      () => store.note({ name: 'a', text: '' }, entryOf('a')),
      () => store.notes(),
      () => store.dropNotes(['a']),
    ]) {
      expect(call).toThrow(StoreFailed);
    }
  });

  it.runIf(kind !== 'memory')('has it all after it was closed and opened, and goes on counting', () => {
    const dir = makeFolder().path;
    const store = openIn(dir);
    grow(store, 20);
    store.note({ name: 'n', text: 'kept' }, entryOf('noise'));
    const before = heldBy(store);
    store.close();
    const again = openIn(dir);
    expect(heldBy(again)).toEqual(before);
    expect([again.id, again.lastSeq, again.notes()]).toEqual([store.id, 21, [{ name: 'n', text: 'kept' }]]);
    expect(() => again.append(revisionOf(20), entryOf('late'))).toThrow(RevisionConflict);
    grow(again, 21);
    expect(again.lastSeq).toBe(22);
  });

  it.runIf(kind !== 'memory')('comes down to a lower bound step by step', () => {
    const dir = makeFolder().path;
    const store = openIn(dir);
    grow(store, 40);
    store.close();
    const again = openIn(dir, { revisions: { count: 5, size: 1e9 }, entries: { count: 5, size: 1e9 } });
    grow(again, 41);
    expect(heldBy(again).revisions).toHaveLength(33);
    grow(again, 46);
    expect(heldBy(again).revisions.map(({ number }) => number)).toEqual([46, 45, 44, 43, 42]);
    expect(heldBy(again).entries).toHaveLength(5);
  });
});
