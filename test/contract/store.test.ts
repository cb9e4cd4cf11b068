// The promises that every store keeps, no matter where it keeps things.

import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import type { Retention } from '../../src/store/retention.ts';
import { RevisionConflict, StoreFailed } from '../../src/store/store-errors.ts';
import type { EntryQuery, JournalEntry, Store } from '../../src/store/store.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { append, entryOf, grow, heldBy, revisionOf } from '../unit/store/sample.ts';

afterEach(closeAll);

const MANY = { count: 1_000, size: 1e9 };

describe.each(['memory', 'sqlite'])('a store in %s', (kind) => {
  const opened: Store[] = [];
  afterEach(async () => void (await Promise.all(opened.splice(0).map((store) => store.close()))));

  function openIn(dir: string | undefined, retention: Partial<Retention> = {}): Store {
    const whole = { revisions: MANY, entries: MANY, ...retention };
    const onMoved = (path: string, reason: string): void => expect.unreachable(`moved to ${path}: ${reason}`);
    const store = openStore({ dir, retention: whole, onMoved });
    opened.push(store);
    return store;
  }
  const make = (retention?: Partial<Retention>): Store => openIn(kind === 'memory' ? undefined : makeFolder().path, retention);

  it('is empty at first', async () => {
    const store = make();
    expect([await store.latest(), await store.find(0), await store.find(1), store.lastSeq]).toEqual([undefined, undefined, undefined, 0]);
    expect(await heldBy(store)).toEqual({ revisions: [], entries: [] });
    expect(store.id).not.toBe(make().id);
  });

  it('gives back what was appended', async () => {
    const store = make();
    const first = revisionOf(1, { atMs: 0.5, author: '', reason: 'quotes \' " ; -- \0 \n é 😀', written: '' });
    expect(await append(store, first, entryOf('start'))).toEqual({ seq: 1, ...entryOf('start') });
    const second = revisionOf(2, { written: 'y'.repeat(200_000) });
    expect((await append(store, second, entryOf('split', { detail: '{"😀":"\\u0000"}' }))).seq).toBe(2);
    expect(await store.latest()).toEqual(second);
    expect(await store.find(1)).toEqual(first);
    expect(await store.find(3)).toBeUndefined();
    expect((await heldBy(store)).entries).toEqual([
      { seq: 1, ...entryOf('start') },
      { seq: 2, ...entryOf('split', { detail: '{"😀":"\\u0000"}' }) },
    ]);
  });

  it('replaces halves of surrogate pairs, in what it returns, too', async () => {
    const store = make();
    const entry = await append(store, revisionOf(1, { reason: 'a\ud800b' }), entryOf('x', { author: '\udc00' }));
    expect(entry.author).toBe('\ufffd');
    expect((await store.latest())?.reason).toBe('a\ufffdb');
    expect((await heldBy(store)).entries).toEqual([entry]);
  });

  it.each([0, 1, 2, 4, -1, 2.5, Number.NaN, Infinity])('refuses revision %d after revision 2', async (number) => {
    const store = make();
    await grow(store, 2);
    const before = await heldBy(store);
    await expect(append(store, revisionOf(number), entryOf('late'))).rejects.toThrow(RevisionConflict);
    await expect(append(store, revisionOf(number), entryOf('late'))).rejects.toThrow(expect.objectContaining({ latest: 2 }));
    expect(await heldBy(store)).toEqual(before);
    await grow(store, 3);
    expect((await store.latest())?.number).toBe(3);
  });

  it('refuses a first revision that is not 1', async () => {
    await expect(append(make(), revisionOf(2), entryOf('late'))).rejects.toThrow(new RevisionConflict(2, 0));
  });

  it('lists revisions newest first, page by page', async () => {
    const store = make();
    await grow(store, 7);
    const numbers = async (before: number | undefined, limit: number): Promise<readonly number[]> =>
      (await store.list(before === undefined ? { limit } : { before, limit })).map(({ number }) => number);
    expect(await numbers(undefined, 3)).toEqual([7, 6, 5]);
    expect(await numbers(5, 3)).toEqual([4, 3, 2]);
    expect(await numbers(2, 3)).toEqual([1]);
    expect(await numbers(1, 3)).toEqual([]);
    expect(await numbers(-4, 3)).toEqual([]);
    expect(await numbers(99, 2)).toEqual([7, 6]);
    expect(await numbers(5.5, 1)).toEqual([5]);
    expect(await numbers(Number.NaN, 3)).toEqual([]);
    for (const limit of [0, -1, Number.NaN]) expect(await numbers(undefined, limit)).toEqual([]);
    expect(await numbers(undefined, Infinity)).toHaveLength(7);
    expect(await numbers(undefined, 2.9)).toEqual([7, 6]);
  });

  it('numbers entries, with and without a revision, and lists them oldest first', async () => {
    const store = make();
    await grow(store, 2);
    expect(await store.record(entryOf('health'))).toEqual({ seq: 3, ...entryOf('health') });
    await grow(store, 3);
    expect(store.lastSeq).toBe(4);
    const seqs = async (after: number, limit: number): Promise<readonly number[]> =>
      (await store.entries({ after, limit })).map(({ seq }) => seq);
    expect(await seqs(0, 2)).toEqual([1, 2]);
    expect(await seqs(2, 9)).toEqual([3, 4]);
    expect(await seqs(4, 9)).toEqual([]);
    expect(await seqs(-7, 9)).toEqual([1, 2, 3, 4]);
    expect(await seqs(1.5, 9)).toEqual([2, 3, 4]);
    for (const limit of [0, -1, Number.NaN]) expect(await seqs(0, limit)).toEqual([]);
    expect([await seqs(Number.NaN, 9), await seqs(Infinity, 9)]).toEqual([[], []]);
  });

  it('finds entries by kind and time, the oldest or the newest, always oldest first', async () => {
    const store = make();
    for (let seq = 1; seq <= 9; seq++) await store.record(entryOf(seq % 3 === 0 ? 'third' : 'other', { atMs: seq * 10 }));
    const seqs = async (query: Partial<EntryQuery>): Promise<readonly number[]> =>
      (await store.entries({ after: 0, limit: 9, ...query })).map(({ seq }) => seq);
    expect(await seqs({ kind: 'third' })).toEqual([3, 6, 9]);
    expect(await seqs({ kind: 'third', after: 3, limit: 1 })).toEqual([6]);
    expect(await seqs({ kind: 'third', limit: 2, from: 'newest' })).toEqual([6, 9]);
    expect(await seqs({ limit: 2, from: 'newest' })).toEqual([8, 9]);
    expect(await seqs({ after: 8, limit: 2, from: 'newest' })).toEqual([9]);
    expect(await seqs({ after: 9, from: 'newest' })).toEqual([]);
    expect(await seqs({ sinceMs: 70 })).toEqual([7, 8, 9]);
    expect(await seqs({ sinceMs: 70, kind: 'third' })).toEqual([9]);
    expect([await seqs({ kind: 'none' }), await seqs({ kind: '%' }), await seqs({ sinceMs: 91 })]).toEqual([[], [], []]);
    expect([store.firstSeq, store.lastSeq]).toEqual([1, 9]);
  });

  it('keeps notes by name, each with its entry, whatever becomes of the journal', async () => {
    const store = make({ entries: { count: 3, size: 1e9 } });
    expect(await store.notes()).toEqual([]);
    expect((await store.note({ name: 'b', text: 'one 😀' }, entryOf('note'))).seq).toBe(1);
    await store.note({ name: 'a', text: '' }, entryOf('note'));
    await store.note({ name: 'b', text: 'two' }, entryOf('note', { detail: '2' }));
    await store.note({ name: '\u{10000}', text: 'x' }, entryOf('note'));
    await store.note({ name: '\uffff', text: 'a\ud800' }, entryOf('note'));
    const kept = [
      { name: 'a', text: '' },
      { name: 'b', text: 'two' },
      { name: '\uffff', text: 'a\ufffd' },
      { name: '\u{10000}', text: 'x' },
    ];
    expect(await store.notes()).toEqual(kept);
    for (let count = 0; count < 9; count++) await store.record(entryOf('noise'));
    expect([store.firstSeq, store.lastSeq]).toEqual([12, 14]);
    expect(await store.notes()).toEqual(kept);
    await store.dropNotes(['b', 'nothing', '\u{10000}', '\uffff']);
    await store.dropNotes([]);
    expect(await store.notes()).toEqual([{ name: 'a', text: '' }]);
    expect(store.lastSeq).toBe(14);
  });

  it('keeps a note that is set often without an entry', async () => {
    const store = make();
    await store.keepNote({ name: 'a', text: 'one' });
    await store.keepNote({ name: 'a', text: 'two \ud800' });
    expect(await store.notes()).toEqual([{ name: 'a', text: 'two \ufffd' }]);
    expect(store.lastSeq).toBe(0);
    await store.note({ name: 'a', text: 'three' }, entryOf('note'));
    await store.keepNote({ name: 'a', text: 'four' });
    expect([await store.notes(), store.lastSeq]).toEqual([[{ name: 'a', text: 'four' }], 1]);
  });

  it('gives no page of more than 1,000', async () => {
    const store = make();
    for (let count = 0; count < 1_001; count++) await store.record(entryOf('noise'));
    expect(await store.entries({ after: 0, limit: 5_000 })).toHaveLength(1_000);
  });

  it('keeps as many of each as it may, the newest', async () => {
    const store = make({ revisions: { count: 3, size: 1e9 }, entries: { count: 5, size: 1e9 } });
    await grow(store, 10);
    for (let count = 0; count < 4; count++) await store.record(entryOf('noise'));
    const { revisions, entries } = await heldBy(store);
    expect(revisions.map(({ number }) => number)).toEqual([10, 9, 8]);
    expect(entries.map(({ seq }) => seq)).toEqual([10, 11, 12, 13, 14]);
    expect([await store.find(7), (await store.find(8))?.number]).toEqual([undefined, 8]);
  });

  it('keeps less of what is large, but always the latest', async () => {
    const store = make({ revisions: { count: 100, size: 10_000 } });
    for (let number = 1; number <= 5; number++) await append(store, revisionOf(number, { written: 'x'.repeat(3_000) }), entryOf('a'));
    expect((await heldBy(store)).revisions.map(({ number }) => number)).toEqual([5, 4, 3]);
    const large = revisionOf(6, { written: 'x'.repeat(50_000) });
    await append(store, large, entryOf('a'));
    expect((await heldBy(store)).revisions).toEqual([large]);
    await grow(store, 7);
    expect((await heldBy(store)).revisions.map(({ number }) => number)).toEqual([7]);
  });

  it('returns objects that cannot be changed', async () => {
    const store = make();
    const given = revisionOf(1);
    await append(store, given, entryOf('a'));
    (given as { author: string }).author = 'mallory';
    expect((await store.latest())?.author).toBe('ann');
    expect(Object.isFrozen(await store.latest())).toBe(true);
  });

  it('refuses everything once it is closed', async () => {
    const store = make();
    await grow(store, 1);
    await store.close();
    await store.close();
    for (const call of [
      () => store.latest(),
      () => store.find(1),
      () => store.list({ limit: 1 }),
      () => store.entries({ after: 0, limit: 1 }),
      () => append(store, revisionOf(2), entryOf('a')),
      () => store.record(entryOf('a')),
      () => store.note({ name: 'a', text: '' }, entryOf('a')),
      () => store.keepNote({ name: 'a', text: '' }),
      () => store.notes(),
      () => store.dropNotes(['a']),
    ]) {
      await expect(call()).rejects.toThrow(StoreFailed);
    }
  });

  it('of several that append after the same revision at once exactly one wins', async () => {
    const store = make();
    await grow(store, 2);
    const settled = await Promise.allSettled(
      ['ann', 'bob', 'eve'].map((author) => store.compareAndAppend(2, revisionOf(3, { author }), entryOf('a', { author }))),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(settled.slice(1)).toEqual(Array(2).fill({ status: 'rejected', reason: expect.any(RevisionConflict) }));
    expect((await store.latest())?.author).toBe('ann');
    expect((await heldBy(store)).entries.map(({ author }) => author)).toEqual(['ann', 'ann', 'ann']);
    await expect(store.compareAndAppend(2, revisionOf(4), entryOf('a'))).rejects.toThrow(expect.objectContaining({ latest: 3 }));
    await store.compareAndAppend(3, revisionOf(4), entryOf('a'));
  });

  it('makes calls in their order, also those that nobody waits for', async () => {
    const store = make();
    const seqs: number[] = [];
    const calls = [
      append(store, revisionOf(1), entryOf('one')),
      store.record(entryOf('two')),
      store.note({ name: 'n', text: '' }, entryOf('three')),
      append(store, revisionOf(2), entryOf('four')),
    ];
    for (const call of calls) void call.then(({ seq }) => seqs.push(seq));
    expect((await heldBy(store)).entries.map(({ kind: what }) => what)).toEqual(['one', 'two', 'three', 'four']);
    expect(seqs).toEqual([1, 2, 3, 4]);
  });

  describe('watch', () => {
    async function collect(entries: AsyncIterable<JournalEntry>, seen: number[]): Promise<void> {
      for await (const { seq } of entries) seen.push(seq);
    }

    it('has what is there from a number on, then what comes, in order, and ends when the store is closed', async () => {
      const store = make();
      await grow(store, 4);
      const [some, all, later]: [number[], number[], number[]] = [[], [], []];
      const ends = [collect(store.watch(3), some), collect(store.watch(0), all), collect(store.watch(6), later)];
      await store.record(entryOf('noise'));
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      expect([some, all, later]).toEqual([[3, 4, 5], [1, 2, 3, 4, 5], []]);
      for (let count = 0; count < 3; count++) await store.record(entryOf('noise'));
      await grow(store, 5);
      await new Promise(setImmediate);
      expect([some, all, later]).toEqual([
        [3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
        [6, 7, 8, 9],
      ]);
      await store.close();
      await Promise.all(ends);
      expect(some.at(-1)).toBe(9);
    });

    it('leaves out what was pruned before it was read, and ends at once on a closed store', async () => {
      const store = make({ entries: { count: 3, size: 1e9 } });
      for (let count = 0; count < 9; count++) await store.record(entryOf('noise'));
      const seen: number[] = [];
      const end = collect(store.watch(1), seen);
      await new Promise(setImmediate);
      expect(seen).toEqual([7, 8, 9]);
      await store.close();
      await end;
      await collect(store.watch(1), seen);
      expect(seen).toHaveLength(3);
    });

    it('gives more than a page, and a reader may leave', async () => {
      const store = make({ entries: { count: 3_000, size: 1e9 } });
      for (let count = 0; count < 2_100; count++) await store.record(entryOf('noise'));
      let last = 0;
      for await (const { seq } of store.watch(1)) {
        expect(seq).toBe(last + 1);
        last = seq;
        if (seq === 2_100) break;
      }
      expect(last).toBe(2_100);
    });
  });

  it.runIf(kind !== 'memory')('has it all after it was closed and opened, and goes on counting', async () => {
    const dir = makeFolder().path;
    const store = openIn(dir);
    await grow(store, 20);
    await store.note({ name: 'n', text: 'kept' }, entryOf('noise'));
    const before = await heldBy(store);
    await store.close();
    const again = openIn(dir);
    expect(await heldBy(again)).toEqual(before);
    expect([again.id, again.lastSeq, await again.notes()]).toEqual([store.id, 21, [{ name: 'n', text: 'kept' }]]);
    await expect(append(again, revisionOf(20), entryOf('late'))).rejects.toThrow(RevisionConflict);
    await grow(again, 21);
    expect(again.lastSeq).toBe(22);
  });

  it.runIf(kind !== 'memory')('comes down to a lower bound step by step', async () => {
    const dir = makeFolder().path;
    const store = openIn(dir);
    await grow(store, 40);
    await store.close();
    const again = openIn(dir, { revisions: { count: 5, size: 1e9 }, entries: { count: 5, size: 1e9 } });
    await grow(again, 41);
    expect((await heldBy(again)).revisions).toHaveLength(33);
    await grow(again, 46);
    expect((await heldBy(again)).revisions.map(({ number }) => number)).toEqual([46, 45, 44, 43, 42]);
    expect((await heldBy(again)).entries).toHaveLength(5);
  });
});
