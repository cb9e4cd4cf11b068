import { describe, expect, it } from 'vitest';
import { Journal } from '../../../src/control/journal.ts';
import type { NewRevision } from '../../../src/control/journal.ts';
import type { JournalLine } from '../../../src/api/journal.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { DEFAULT_RETENTION } from '../../../src/store/retention.ts';
import { RevisionConflict, StoreFailed } from '../../../src/store/store-errors.ts';

const revision = (number: number, rest: Partial<NewRevision> = {}): NewRevision => ({
  number,
  cause: 'api',
  author: 'ci',
  reason: 'canary',
  amendments: [{ path: ['pools', 'shop', 'split'], value: { v1: number } }],
  written: () => [JSON.stringify({ workers: number })],
  differences: [{ path: 'workers', before: `${number - 1}`, after: `${number}` }],
  facts: {},
  ...rest,
});

async function open(store = new MemoryStore()) {
  const clock = { nowMs: 1000 };
  const { journal, left } = await Journal.open(store, () => clock.nowMs++);
  const told: JournalLine[] = [];
  const leave = journal.follow((line) => void told.push(line));
  return { store, clock, journal, left, told, leave };
}

const all = (journal: Journal) => journal.lines({ after: 0, limit: 1000 });

describe('Journal', () => {
  it('has nothing at first', async () => {
    const { journal, left } = await open();
    expect([journal.number, left, await journal.find(1), await all(journal)]).toEqual([0, { latest: undefined, notes: [] }, undefined, []]);
    expect(await journal.revisions({ before: undefined, limit: 10 })).toEqual([]);
  });

  it('gives back a revision as it was kept', async () => {
    const { store, journal } = await open();
    const given = revision(1);
    await journal.keep(given);
    const { number, written, amendments, cause, author, reason, differences } = given;
    expect(journal.number).toBe(1);
    const kept = {
      summary: { revision: number, atMs: 1000, author, reason, cause, differences },
      written: JSON.parse([...written()].join('')) as unknown,
      amendments,
    };
    expect(await journal.find(1)).toEqual(kept);
    expect((await open(store)).left.latest).toEqual(kept);
  });

  it('numbers revisions and lines apart, the newest revision and the oldest line first', async () => {
    const { journal } = await open();
    await journal.keep(revision(1));
    await journal.record('refused', { author: 'eve', revision: 1 }, { path: '/v1/config' });
    await journal.keep(revision(2));
    expect((await all(journal)).map(({ seq, kind, revision: of, author, atMs }) => [seq, kind, of, author, atMs])).toEqual([
      [1, 'revision', 1, 'ci', 1000],
      [2, 'refused', 1, 'eve', 1001],
      [3, 'revision', 2, 'ci', 1002],
    ]);
    expect((await journal.lines({ after: 1, limit: 1 })).map(({ seq }) => seq)).toEqual([2]);
    expect((await journal.revisions({ before: undefined, limit: 10 })).map((each) => each.revision)).toEqual([2, 1]);
    expect((await journal.revisions({ before: 2, limit: 10 })).map((each) => each.revision)).toEqual([1]);
  });

  it('goes on where the store stands', async () => {
    const { store, journal } = await open();
    await journal.keep(revision(1));
    const next = (await open(store)).journal;
    expect(next.number).toBe(1);
    await next.keep(revision(2));
    expect((await all(next)).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('says of a revision why and what, and at most fifty changes of it', async () => {
    const { journal } = await open();
    const differences = Array.from({ length: 80 }, (_, n) => ({ path: `pools.p${n}`, before: '1', after: '2' }));
    await journal.keep(revision(1, { differences, facts: { overtaken: ['the file changed it'] } }));
    const [line] = await all(journal);
    expect(line?.detail).toMatchObject({ cause: 'api', reason: 'canary', changeCount: 80, overtaken: ['the file changed it'] });
    expect(line?.detail['changes']).toEqual(differences.slice(0, 50).map(({ path }) => `${path}: 1 -> 2`));
    expect((await journal.find(1))?.summary.differences).toEqual(differences);
  });

  it('tells each follower the line that is kept, until it leaves', async () => {
    const { journal, told, leave } = await open();
    const other: number[] = [];
    journal.follow(({ seq }) => void other.push(seq));
    await journal.keep(revision(1));
    await journal.record('refused', { author: '', revision: 1 }, { deep: { list: [1] } });
    expect(told).toEqual(await all(journal));
    leave();
    leave();
    await journal.keep(revision(2));
    expect([told.length, other]).toEqual([2, [1, 2, 3]]);
  });

  it('a follower may leave while it is told', async () => {
    const { journal, told } = await open();
    const leave = journal.follow(() => void leave());
    await journal.keep(revision(1));
    await journal.keep(revision(2));
    expect(told.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('tells nobody of a revision that was not kept, and counts none', async () => {
    const { store, journal, told } = await open();
    await journal.keep(revision(1));
    await expect(journal.keep(revision(3))).rejects.toThrow(RevisionConflict);
    expect([journal.number, told.length, (await all(journal)).length]).toEqual([1, 1, 1]);
    await store.close();
    await expect(journal.keep(revision(2))).rejects.toThrow(StoreFailed);
    expect([journal.number, told.length]).toEqual([1, 1]);
  });

  it('tells what else happened though it cannot be kept, under the number of the last line that was', async () => {
    const { store, journal, told } = await open();
    await journal.keep(revision(1));
    await store.close();
    await journal.record('refused', { author: 'eve', revision: 1 }, { path: '/' });
    expect(told.at(-1)).toEqual({ seq: 1, atMs: 1001, kind: 'refused', author: 'eve', revision: 1, detail: { path: '/' } });
  });

  it('a pruned revision is not found, and its number is not given again', async () => {
    const retention = { ...DEFAULT_RETENTION, revisions: { count: 2, size: 1_000_000 } };
    const { journal } = await open(new MemoryStore(retention));
    for (let number = 1; number <= 5; number++) await journal.keep(revision(number));
    expect(await journal.find(1)).toBeUndefined();
    expect(await journal.find(5)).toBeDefined();
    expect(journal.number).toBe(5);
  });
});
