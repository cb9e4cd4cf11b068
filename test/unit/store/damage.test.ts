// Whatever lies in the state directory, a start either has every acknowledged revision or moves the lot aside and says so. It never
// throws, and it never meets the same damage twice.

import { chmodSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { scaled } from '../../flow/scaffold/full.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll } from '../../flow/scaffold/open.ts';
import { append, entryOf, grow, heldBy, revisionOf } from './sample.ts';
import type { Held } from './sample.ts';

afterEach(closeAll);

interface Files {
  readonly 'sluice.db': Buffer;
  readonly 'sluice.db-wal'?: Buffer;
}

interface Kept {
  readonly files: Files;
  readonly held: Held;
}

interface Found extends Held {
  readonly moved: readonly string[];
}

const REVISIONS = 24;
const PAGE = 4096;
const FRAME = PAGE + 24;

/** As after a clean end, or as after a kill: the latter leaves a log. */
async function makeFiles(end: 'closed' | 'killed', records = 0): Promise<Kept> {
  const { path } = makeFolder();
  const store = openStore({ dir: path, onMoved: () => expect.unreachable() });
  await grow(store, REVISIONS);
  for (let count = 0; count < records; count++) await store.record(entryOf('noise'));
  const held = await heldBy(store);
  const read = (name: string): Buffer => readFileSync(join(path, name));
  if (end === 'killed') {
    const files = { 'sluice.db': read('sluice.db'), 'sluice.db-wal': read('sluice.db-wal') };
    await store.close();
    return { files, held };
  }
  await store.close();
  expect(readdirSync(path).sort()).toEqual(['changes.txt', 'sluice.db', 'sluice.lock']);
  return { files: { 'sluice.db': read('sluice.db') }, held };
}

async function open(dir: string): Promise<Found> {
  const moved: string[] = [];
  const store = openStore({ dir, onMoved: (path, reason) => moved.push(`${path}: ${reason}`) });
  const held = await heldBy(store);
  // It can be written, too.
  const next = ((await store.latest())?.number ?? 0) + 1;
  await append(store, revisionOf(next), entryOf('after'));
  await store.close();
  return { ...held, moved };
}

async function openFiles(files: Files): Promise<Found & { readonly again: Found }> {
  const folder = makeFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(folder.file(name), content as Buffer);
  const found = await open(folder.path);
  return { ...found, again: await open(folder.path) };
}

/** All revisions, or none of them and a warning. Returns which. */
async function expectAllOrAside(files: Files, { held }: Kept, note: string): Promise<'all' | 'aside'> {
  const found = await openFiles(files);
  expect(found.again.moved, note).toEqual([]);
  expect(found.again.revisions, note).toHaveLength(found.revisions.length + 1);
  if (found.moved.length > 0) {
    expect([found.moved.length, found.revisions, found.entries], note).toEqual([1, [], []]);
    return 'aside';
  }
  expect(found.revisions, note).toEqual(held.revisions);
  // Entries that came after the last revision may end early, but are never others.
  expect(found.entries, note).toEqual(held.entries.slice(0, found.entries.length));
  expect(found.entries.length, note).toBeGreaterThanOrEqual(REVISIONS);
  return 'all';
}

let closed: Kept;
let killed: Kept;
let recorded: Kept;
beforeAll(async () => {
  closed = await makeFiles('closed');
  killed = await makeFiles('killed');
  recorded = await makeFiles('killed', 6);
  await closeAll();
});

describe('damaged bytes', { timeout: scaled(30_000, 300_000) }, () => {
  it.each(['closed', 'killed', 'recorded'] as const)('as random bytes in a %s database', async (which) => {
    const kept = { closed, killed, recorded }[which];
    const random = seededRandom(41);
    const pick = (below: number): number => Math.floor(random() * below);
    const ends = { all: 0, aside: 0 };
    for (let round = 0; round < scaled(60, 1_500); round++) {
      const content = Buffer.from(kept.files['sluice.db']);
      const at = pick(content.length);
      const length = 1 + pick(round % 2 === 0 ? 1 : 64);
      for (let index = at; index < Math.min(at + length, content.length); index++) content[index] = pick(256);
      ends[await expectAllOrAside({ ...kept.files, 'sluice.db': content }, kept, `round ${round}: ${length} bytes at ${at}`)]++;
    }
    expect(ends.aside).toBeGreaterThan(5);
  });

  it('in each byte of the header', async () => {
    const ends = { all: 0, aside: 0 };
    for (let at = 0; at < 108; at++) {
      const content = Buffer.from(closed.files['sluice.db']);
      content[at] = (content[at] ?? 0) ^ 0xff;
      ends[await expectAllOrAside({ 'sluice.db': content }, closed, `header byte ${at}`)]++;
    }
    expect(ends.aside).toBeGreaterThan(20);
  });

  it.each(['killed', 'recorded'] as const)('as random bytes in the log of a %s database', async (which) => {
    const kept = { killed, recorded }[which];
    const random = seededRandom(43);
    const whole = kept.files['sluice.db-wal'] ?? Buffer.alloc(0);
    expect(whole.length).toBeGreaterThan(FRAME);
    for (let round = 0; round < scaled(60, 1_500); round++) {
      const content = Buffer.from(whole);
      const at = Math.floor(random() * (round % 3 === 0 ? 100 : content.length));
      content[at] = (content[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      await expectAllOrAside({ ...kept.files, 'sluice.db-wal': content }, kept, `round ${round}: log byte ${at}`);
    }
  });
});

describe('cut files', () => {
  it('at every page of the database', async () => {
    const { length } = closed.files['sluice.db'];
    expect(length).toBeGreaterThan(10 * PAGE);
    for (const files of [closed, killed]) {
      for (let end = 0; end < length; end += PAGE) {
        const cut = { ...files.files, 'sluice.db': files.files['sluice.db'].subarray(0, end) };
        const kept = await expectAllOrAside(cut, files, `cut at ${end}`);
        if (files === closed) expect(kept, `cut at ${end}`).toBe('aside');
      }
    }
  });

  it('at every frame of the log, and within', async () => {
    for (const kept of [killed, recorded]) {
      const log = kept.files['sluice.db-wal'] ?? Buffer.alloc(0);
      const cuts = [0, 1, 31, ...Array.from({ length: Math.floor(log.length / FRAME) }, (_, count) => 32 + count * FRAME)];
      for (const end of cuts.slice(0, 60)) {
        await expectAllOrAside({ ...kept.files, 'sluice.db-wal': log.subarray(0, end) }, kept, `log cut at ${end}`);
      }
    }
  });

  it('a log that is gone costs no revision', async () => {
    expect(await expectAllOrAside({ 'sluice.db': recorded.files['sluice.db'] }, recorded, 'no log')).toBe('all');
  });

  it('an untouched pair of files is kept, with every entry', async () => {
    const found = await openFiles(recorded.files);
    expect(found).toMatchObject({ moved: [], revisions: recorded.held.revisions, entries: recorded.held.entries });
  });
});

describe('strange files', () => {
  const aside = async (prepare: (dir: string) => void, reason: RegExp): Promise<string> => {
    const folder = makeFolder();
    prepare(folder.path);
    const found = await open(folder.path);
    expect(found.revisions).toEqual([]);
    expect(found.moved).toEqual([expect.stringMatching(reason)]);
    expect(await open(folder.path)).toMatchObject({ moved: [], revisions: [{ number: 1 }] });
    return readdirSync(folder.path).find((name) => name.includes('.corrupt-')) ?? '';
  };

  it('an empty file', async () => {
    const name = await aside((dir) => writeFileSync(join(dir, 'sluice.db'), ''), /: it is empty$/);
    expect(name).toMatch(/^sluice\.db\.corrupt-\d{8}T\d{6}\.\d{3}Z$/);
  });

  it('a text', async () =>
    void (await aside((dir) => writeFileSync(join(dir, 'sluice.db'), 'hello '.repeat(900)), /: file is not a database$/)));

  it('a directory', async () =>
    void (await aside((dir) => mkdirSync(join(dir, 'sluice.db', 'deep'), { recursive: true }), /: it is not a file$/)));

  it.each(['sluice.db', 'sluice.db-wal', 'sluice.lock'])('a link under the name %s is refused, and its target untouched', (name) => {
    const [folder, elsewhere] = [makeFolder(), makeFolder()];
    const target = elsewhere.write('precious', 'precious');
    for (const link of [symlinkSync, linkSync]) {
      link(target, folder.file(name));
      expect(() => openStore({ dir: folder.path, onMoved: () => expect.unreachable() })).toThrow(/(a link|a second name).*; remove it, or/);
      rmSync(folder.file(name));
    }
    symlinkSync(elsewhere.file('nowhere'), folder.file(name));
    expect(() => openStore({ dir: folder.path, onMoved: () => expect.unreachable() })).toThrow(/a link.*; remove it, or/);
    expect([readFileSync(target, 'utf8'), readdirSync(elsewhere.path)]).toEqual(['precious', ['precious']]);
  });

  it.each([0o777, 0o1777, 0o757, 0o707])('a folder of mode %o, where others may write, is refused with the fix', (mode) => {
    const { path } = makeFolder();
    chmodSync(path, mode);
    const attempt = (): unknown => openStore({ dir: path, onMoved: () => expect.unreachable() });
    expect(attempt).toThrow(
      `others may write there (mode ${mode.toString(8).padStart(4, '0')}); take that right away (chmod go-w ${path})`,
    );
    expect(readdirSync(path)).toEqual([]);
    chmodSync(path, 0o700);
    expect(attempt).not.toThrow();
  });

  it('a directory for a log', async () => {
    await aside((dir) => {
      writeFileSync(join(dir, 'sluice.db'), closed.files['sluice.db']);
      mkdirSync(join(dir, 'sluice.db-wal'));
    }, /: its log is not a file$/);
  });

  it('a log without its database', async () => {
    await aside((dir) => writeFileSync(join(dir, 'sluice.db-wal'), killed.files['sluice.db-wal'] ?? ''), /a log without its database$/);
  });

  it('a schema of the future', async () => {
    await aside((dir) => changed(dir, 'PRAGMA user_version = 7'), /: its schema has version 7, and this Sluice knows version 2$/);
  });

  it('a file of the version before, which had no notes, goes on', async () => {
    const folder = makeFolder();
    changed(folder.path, 'DROP TABLE notes; PRAGMA user_version = 1');
    for (let start = 0; start < 2; start++) {
      const again = openStore({ dir: folder.path, onMoved: () => expect.unreachable() });
      expect((await heldBy(again)).revisions).toEqual(closed.held.revisions);
      expect(await again.notes()).toHaveLength(start);
      await again.note({ name: 'a', text: 'b' }, entryOf('note'));
      await again.close();
    }
  });

  it('a file of the version before that has other tables', async () => {
    await aside((dir) => changed(dir, 'DROP TABLE notes; DROP TABLE entries; PRAGMA user_version = 1'), /: its schema has version 1, and/);
  });

  it.each([
    'CREATE TABLE more (a)',
    'DROP TABLE notes',
    'DROP TABLE entries',
    'CREATE TRIGGER t AFTER INSERT ON revisions BEGIN DELETE FROM revisions; END',
    'CREATE INDEX i ON entries (kind)',
  ])('other tables: %s', async (sql) => void (await aside((dir) => changed(dir, sql), /: its tables are not those of a Sluice$/)));

  it.each([
    [`UPDATE revisions SET reason = 'none' WHERE number = 3`, /checksum of revision 3 is wrong$/],
    [`UPDATE revisions SET author = 'annst', reason = 'ep 3' WHERE number = 3`, /checksum of revision 3 is wrong$/],
    [`INSERT INTO notes VALUES ('x', 2, 7, 'y')`, /checksum of a note is wrong$/],
    [`UPDATE entries SET at_ms = 5 WHERE seq = 24`, /checksum of journal entry 24 is wrong$/],
    ['DELETE FROM revisions WHERE number = 3', /revision 3 should be there and 4 is$/],
    ['DELETE FROM revisions WHERE number = 24', /revision 24 is missing$/],
    ['DELETE FROM revisions', /revision 1 is missing$/],
    ['DELETE FROM extent', /does not say how many/],
    ['DELETE FROM identity', /has no identity$/],
    [`UPDATE identity SET id = 'another'`, /checksum of revision 1 is wrong$/],
    ['UPDATE extent SET first_revision = 5', /revision 5 should be there and 1 is$/],
    ['UPDATE extent SET revisions_size = 5', /size of every revision together is wrong$/],
  ])('edited by hand: %s', async (sql, reason) => void (await aside((dir) => changed(dir, sql), reason)));

  it('the log of another store', async () => {
    const other = await makeFiles('killed', 3);
    await expectAllOrAside({ ...closed.files, 'sluice.db-wal': other.files['sluice.db-wal'] ?? Buffer.alloc(0) }, closed, 'log of another');
    const early = makeFolder();
    const store = openStore({ dir: early.path, onMoved: () => expect.unreachable() });
    await grow(store, 2);
    const log = readFileSync(early.file('sluice.db-wal'));
    await store.close();
    await expectAllOrAside({ ...closed.files, 'sluice.db-wal': log }, closed, 'log of a young one');
  });

  it('a rollback journal is moved aside alone', async () => {
    const folder = makeFolder();
    writeFileSync(folder.file('sluice.db'), closed.files['sluice.db']);
    writeFileSync(folder.file('sluice.db-journal'), Buffer.concat([Buffer.from('d9d505f920a163d7', 'hex'), Buffer.alloc(600, 1)]));
    const found = await open(folder.path);
    expect(found).toMatchObject({ moved: [expect.stringMatching(/rollback journal/)], revisions: closed.held.revisions });
    expect((await open(folder.path)).moved).toEqual([]);
  });

  it('what a creation left that was cut short', async () => {
    const folder = makeFolder();
    folder.write('sluice.db.new', 'half');
    folder.write('sluice.db.new-wal', 'half');
    expect(await open(folder.path)).toMatchObject({ moved: [], revisions: [] });
    expect(readdirSync(folder.path).sort()).toEqual(['changes.txt', 'sluice.db', 'sluice.lock']);
  });

  it('a lock file that somebody wrote into', async () => {
    const folder = makeFolder();
    folder.write('sluice.lock', 'pid 12\n'.repeat(100));
    expect((await open(folder.path)).moved).toEqual([]);
    expect(statSync(folder.file('sluice.lock')).size).toBe(0);
  });

  it('keeps what it moves, with its log: the five oldest and the five newest', async () => {
    const folder = makeFolder();
    for (let day = 10; day < 23; day++) {
      folder.write(`sluice.db.corrupt-202001${day}T000000.000Z`, 'x');
      folder.write(`sluice.db.corrupt-202001${day}T000000.000Z-wal`, 'x');
    }
    folder.write('sluice.db', 'no database');
    folder.write('sluice.db-wal', 'no log');
    expect((await open(folder.path)).moved).toHaveLength(1);
    const kept = readdirSync(folder.path).filter((name) => name.includes('.corrupt-'));
    expect(kept.filter((name) => !name.endsWith('-wal')).map((name) => name.slice(18, 26))).toEqual([
      ...['20200110', '20200111', '20200112', '20200113', '20200114'],
      ...['20200119', '20200120', '20200121', '20200122'],
      expect.stringMatching(/^\d{8}$/),
    ]);
    expect(kept.filter((name) => name.endsWith('-wal'))).toHaveLength(10);
    const newest = kept.filter((name) => !name.endsWith('-wal')).at(-1) ?? '';
    expect(readFileSync(folder.file(newest), 'utf8')).toBe('no database');
    expect(readFileSync(folder.file(`${newest}-wal`), 'utf8')).toBe('no log');
  });

  it('keeps its files from other eyes', async () => {
    const dir = join(makeFolder().path, 'deep', 'state');
    const modes = (): readonly number[] =>
      ['', 'sluice.db', 'sluice.db-wal', 'sluice.lock'].map((name) => statSync(join(dir, name)).mode & 0o777);
    const store = openStore({ dir, onMoved: () => expect.unreachable() });
    await grow(store, 1);
    expect(modes()).toEqual([0o700, 0o600, 0o600, 0o600]);
    await store.close();
    chmodSync(join(dir, 'sluice.db'), 0o644);
    const again = openStore({ dir, onMoved: () => expect.unreachable() });
    await grow(again, 2);
    expect(modes()).toEqual([0o700, 0o600, 0o600, 0o600]);
    await again.close();
  });
});

function changed(dir: string, sql: string): void {
  writeFileSync(join(dir, 'sluice.db'), closed.files['sluice.db']);
  const db = new DatabaseSync(join(dir, 'sluice.db'));
  db.exec(sql);
  db.close();
}
