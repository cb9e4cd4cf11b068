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
  written: { workers: number },
  differences: [{ path: 'workers', before: `${number - 1}`, after: `${number}` }],
  facts: {},
  ...rest,
});

function open(store = new MemoryStore()) {
  const clock = { nowMs: 1000 };
  const journal = new Journal(store, () => clock.nowMs++);
  const told: JournalLine[] = [];
  const leave = journal.follow((line) => void told.push(line));
  return { store, clock, journal, told, leave };
}

const all = (journal: Journal) => journal.lines({ after: 0, limit: 1000 });

describe('Journal', () => {
  it('has nothing at first', () => {
    const { journal } = open();
    expect([journal.number, journal.latest, journal.find(1), all(journal)]).toEqual([0, undefined, undefined, []]);
    expect(journal.revisions({ before: undefined, limit: 10 })).toEqual([]);
  });

  it('gives back a revision as it was kept', () => {
    const { journal } = open();
    const given = revision(1);
    journal.keep(given);
    const { number, written, amendments, cause, author, reason, differences } = given;
    expect(journal.number).toBe(1);
    expect(journal.latest).toEqual({ number, written, amendments });
    expect(journal.find(1)).toEqual({ summary: { revision: 1, atMs: 1000, author, reason, cause, differences }, written, amendments });
  });

  it('numbers revisions and lines apart, the newest revision and the oldest line first', () => {
    const { journal } = open();
    journal.keep(revision(1));
    journal.record('refused', { author: 'eve', revision: 1 }, { path: '/v1/config' });
    journal.keep(revision(2));
    expect(all(journal).map(({ seq, kind, revision: of, author, atMs }) => [seq, kind, of, author, atMs])).toEqual([
      [1, 'revision', 1, 'ci', 1000],
      [2, 'refused', 1, 'eve', 1001],
      [3, 'revision', 2, 'ci', 1002],
    ]);
    expect(journal.lines({ after: 1, limit: 1 }).map(({ seq }) => seq)).toEqual([2]);
    expect(journal.revisions({ before: undefined, limit: 10 }).map((each) => each.revision)).toEqual([2, 1]);
    expect(journal.revisions({ before: 2, limit: 10 }).map((each) => each.revision)).toEqual([1]);
  });

  it('goes on where the store stands', () => {
    const { store, journal } = open();
    journal.keep(revision(1));
    const next = open(store).journal;
    expect(next.number).toBe(1);
    next.keep(revision(2));
    expect(all(next).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('says of a revision why and what, and at most fifty changes of it', () => {
    const { journal } = open();
    const differences = Array.from({ length: 80 }, (_, n) => ({ path: `pools.p${n}`, before: '1', after: '2' }));
    journal.keep(revision(1, { differences, facts: { overtaken: ['the file changed it'] } }));
    const [line] = all(journal);
    expect(line?.detail).toMatchObject({ cause: 'api', reason: 'canary', changeCount: 80, overtaken: ['the file changed it'] });
    expect(line?.detail['changes']).toEqual(differences.slice(0, 50).map(({ path }) => `${path}: 1 -> 2`));
    expect(journal.find(1)?.summary.differences).toEqual(differences);
  });

  it('tells each follower the line that is kept, until it leaves', () => {
    const { journal, told, leave } = open();
    const other: number[] = [];
    journal.follow(({ seq }) => void other.push(seq));
    journal.keep(revision(1));
    journal.record('refused', { author: '', revision: 1 }, { deep: { list: [1] } });
    expect(told).toEqual(all(journal));
    leave();
    leave();
    journal.keep(revision(2));
    expect([told.length, other]).toEqual([2, [1, 2, 3]]);
  });

  it('a follower may leave while it is told', () => {
    const { journal, told } = open();
    const leave = journal.follow(() => void leave());
    journal.keep(revision(1));
    journal.keep(revision(2));
    expect(told.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('tells nobody of a revision that was not kept, and counts none', () => {
    const { store, journal, told } = open();
    journal.keep(revision(1));
    expect(() => journal.keep(revision(3))).toThrow(RevisionConflict);
    expect([journal.number, told.length, all(journal).length]).toEqual([1, 1, 1]);
    store.close();
    expect(() => journal.keep(revision(2))).toThrow(StoreFailed);
    expect([journal.number, told.length]).toEqual([1, 1]);
  });

  it('tells what else happened though it cannot be kept, under the number of the last line that was', () => {
    const { store, journal, told } = open();
    journal.keep(revision(1));
    store.close();
    journal.record('refused', { author: 'eve', revision: 1 }, { path: '/' });
    expect(told.at(-1)).toEqual({ seq: 1, atMs: 1001, kind: 'refused', author: 'eve', revision: 1, detail: { path: '/' } });
  });

  it('a pruned revision is not found, and its number is not given again', () => {
    const retention = { ...DEFAULT_RETENTION, revisions: { count: 2, size: 1_000_000 } };
    const { journal } = open(new MemoryStore(retention));
    for (let number = 1; number <= 5; number++) journal.keep(revision(number));
    expect(journal.find(1)).toBeUndefined();
    expect(journal.find(5)).toBeDefined();
    expect(journal.number).toBe(5);
  });
});
