import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeSessions, encodeSessions } from '../../../src/control/session-file.ts';
import { SessionKeeper } from '../../../src/control/session-keeper.ts';
import type { SessionTable } from '../../../src/control/session-tables.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import type { Log } from '../../../src/lib/log.ts';
import { createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { closeAll } from '../../flow/scaffold/open.ts';

const NOW = 1_800_000_000;

let clock: ManualClock;
let warnings: { fields: Readonly<Record<string, unknown>>; message: string }[];
let dir: string;
let tables: SessionTable[] | undefined;
let opened: SessionKeeper[];

beforeEach(() => {
  clock = new ManualClock();
  warnings = [];
  dir = makeFolder().path;
  tables = [makeTable('shop', 100)];
  opened = [];
});

afterEach(async () => {
  tables = undefined;
  for (const keeper of opened) await keeper.close();
  await closeAll();
});

function makeTable(pool: string, users: number): SessionTable {
  const sessions = new Sessions(createSessionMemory(1000, [5, -6]));
  for (let i = 0; i < users; i++) addTo(sessions, `u${i}`);
  return { pool, keys: 'header x-user', users: 1000, versions: ['v1'], rule: { timeS: 60, quietS: 60, marks: Int32Array.of(7) }, sessions };
}

function addTo(sessions: Sessions, user: string): void {
  sessions.name(user);
  sessions.add(7, NOW, 60);
}

function open(): SessionKeeper {
  const nothing = (): void => undefined;
  const warn = (fields: Readonly<Record<string, unknown>>, message: string) => void warnings.push({ fields, message });
  const log: Log = { debug: nothing, info: nothing, warn, error: nothing, fatal: nothing };
  const keeper = new SessionKeeper({ dir, tables: () => tables, wallSeconds: () => NOW, clock, log });
  opened.push(keeper);
  return keeper;
}

const file = (name = 'shop.bin') => join(dir, 'sessions', name);
const files = () => readdirSync(join(dir, 'sessions'));
const kept = (keeper: SessionKeeper) => (keeper.load('shop')?.copied.length ?? 0) / 6;

describe('the keeper', () => {
  it('gives back what it has saved, for its owner alone', async () => {
    const keeper = open();
    expect(keeper.load('shop')).toBeUndefined();
    await keeper.save();
    expect(files()).toEqual(['shop.bin']);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const { sessions } = tables![0]!;
    expect(open().load('shop')).toEqual({
      keys: 'header x-user',
      seeds: [5, -6],
      copied: sessions.copy(0, sessions.sets, NOW, 60),
    });
    expect(warnings).toEqual([]);
  });

  it('saves every 30 seconds what has changed, and nothing else', async () => {
    const keeper = open();
    clock.advance(30_000);
    await keeper.save();
    expect(kept(keeper)).toBe(100);
    rmSync(file());
    clock.advance(30_000);
    await keeper.save();
    expect(existsSync(file())).toBe(false);
    addTo(tables![0]!.sessions, 'late');
    clock.advance(30_000);
    await keeper.save();
    expect(kept(keeper)).toBe(101);
  });

  it('saves at the end', async () => {
    const keeper = open();
    await keeper.save();
    addTo(tables![0]!.sessions, 'late');
    await keeper.close();
    expect(kept(keeper)).toBe(101);
  });

  it('leaves what it found when nothing was ever in force', async () => {
    await open().save();
    tables = undefined;
    await open().close();
    expect(files()).toEqual(['shop.bin']);
  });

  it('removes what is forgotten, and does not bring it back with a save that was under way', async () => {
    const keeper = open();
    await keeper.save();
    keeper.forget(['shop', 'none']);
    expect(files()).toEqual([]);
    addTo(tables![0]!.sessions, 'late');
    const saving = keeper.save();
    tables![0]!.sessions.forget();
    keeper.forget(['shop']);
    await saving;
    expect(files()).toEqual([]);
    await keeper.save();
    expect(kept(keeper)).toBe(0);
    expect(warnings).toEqual([]);
  });

  it('removes files of pools that have no sessions any more, and drafts that a dead process left', async () => {
    tables = [makeTable('shop', 1), makeTable('gone', 1)];
    const keeper = open();
    await keeper.save();
    writeFileSync(file('gone.bin.new'), 'half');
    writeFileSync(file('note.txt'), 'not ours');
    tables = [tables[0]!];
    await keeper.save();
    expect(files().sort()).toEqual(['note.txt', 'shop.bin']);
  });

  it('warns once of a disk that cannot be written, and once more after it could', async () => {
    writeFileSync(join(dir, 'sessions'), 'in the way');
    const keeper = open();
    await keeper.save();
    await keeper.save();
    expect(warnings.map(({ message }) => message)).toEqual(['sessions cannot be kept on disk']);
    rmSync(join(dir, 'sessions'));
    await keeper.save();
    expect(files()).toEqual(['shop.bin']);
    rmSync(join(dir, 'sessions'), { recursive: true });
    writeFileSync(join(dir, 'sessions'), 'again');
    addTo(tables![0]!.sessions, 'late');
    await keeper.save();
    expect(warnings).toHaveLength(2);
  });

  it('warns of what it cannot read, and begins anew', async () => {
    const keeper = open();
    mkdirSync(file(), { recursive: true });
    expect(keeper.load('shop')).toBeUndefined();
    rmSync(file(), { recursive: true });
    await keeper.save();
    const whole = readFileSync(file());
    writeFileSync(file('other.bin'), whole);
    expect(keeper.load('other')).toBeUndefined();
    writeFileSync(file(), whole.subarray(0, whole.length - 1));
    expect(keeper.load('shop')).toBeUndefined();
    expect(warnings.map(({ fields }) => fields['reason'])).toEqual([
      'it is not a file',
      'it is of the pool "shop"',
      'it is damaged: its checksum is wrong',
    ]);
  });
});

describe('a file', () => {
  const encoded = (): Buffer => {
    const { sessions, keys } = makeTable('shop', 20);
    return Buffer.concat(encodeSessions('shop', { keys, seeds: sessions.seeds }, [sessions.copy(0, sessions.sets, NOW, 60)]).pieces);
  };

  it('with any byte changed, or cut anywhere, is refused', () => {
    const whole = encoded();
    expect(decodeSessions('shop', whole)).toBeTypeOf('object');
    for (let at = 0; at < whole.length; at++) {
      const bad = Buffer.from(whole);
      bad[at] = bad[at]! ^ 1;
      expect(decodeSessions('shop', bad), `byte ${at}`).toBeTypeOf('string');
      expect(decodeSessions('shop', whole.subarray(0, at)), `cut at ${at}`).toBeTypeOf('string');
    }
    expect(decodeSessions('shop', Buffer.concat([whole, Buffer.alloc(24)]))).toBeTypeOf('string');
  });

  it('that somebody made with a right checksum and a wrong head is refused, too', async () => {
    const { crc32 } = await import('node:zlib');
    const forge = (head: string, body = Buffer.alloc(0), length = head.length): unknown => {
      const rest = Buffer.concat([Buffer.alloc(4), Buffer.from(head), body]);
      rest.writeUInt32LE(length);
      const sum = Buffer.alloc(4);
      sum.writeUInt32LE(crc32(rest));
      return decodeSessions('shop', Buffer.concat([encoded().subarray(0, 16), sum, rest]));
    };
    const good = { pool: 'shop', keys: 'k', seeds: [1, 2], users: 1, order: 4 };
    expect(forge(JSON.stringify(good), Buffer.alloc(24))).toMatchObject({ keys: 'k' });
    for (const bad of [
      { users: -1 },
      { users: 1e9 },
      { users: 0.5 },
      { users: '1' },
      { seeds: [1] },
      { seeds: 7 },
      { keys: 1 },
      { pool: 2 },
      { order: 1 },
    ]) {
      expect(forge(JSON.stringify({ ...good, ...bad }), Buffer.alloc(24)), JSON.stringify(bad)).toBeTypeOf('string');
    }
    for (const head of ['', '{', 'null', '[]', '7']) expect(forge(head)).toBeTypeOf('string');
    expect(forge('{}', undefined, 0xffff_ffff)).toBeTypeOf('string');
  });
});
