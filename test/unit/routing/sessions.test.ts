import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SessionReader } from '../../../src/routing/session-reader.ts';
import { COPY_CELLS, createSessionMemory, Sessions } from '../../../src/routing/sessions.ts';

const NOW = 1_800_000_000;
const QUIET = 60;
const [V1, V2] = [0x1111_1111, -0x2222_2222];

const make = (users = 1000) => new Sessions(createSessionMemory(users, [7, 8]));

function put(sessions: Sessions, key: string, version = V1, nowS = NOW): void {
  sessions.name(key);
  sessions.add(version, nowS, QUIET);
}

/** What a user has, or undefined. */
function read(sessions: Sessions, key: string, nowS = NOW): number | undefined {
  const at = sessions.find(key, nowS, QUIET);
  return at < 0 ? undefined : sessions.version;
}

/** Keys of one set: as many as asked for. */
function neighbours(sessions: Sessions, count: number): string[] {
  const sets = new Map<number, string[]>();
  for (let i = 0; ; i++) {
    const key = `n${i}`;
    const probe = new Sessions(createSessionMemory(sessions.sets * 4, sessions.seeds));
    put(probe, key);
    const set = Math.floor((probe.find(key, NOW, QUIET) - 16) / 64);
    const keys = sets.get(set) ?? [];
    keys.push(key);
    sets.set(set, keys);
    if (keys.length === count) return keys;
  }
}

const tiny = () => make(8);

describe('a user', () => {
  it('has the version that was written, in every view of the memory', () => {
    const sessions = make();
    put(sessions, 'a');
    put(sessions, 'b', V2);
    const other = new Sessions(sessions.memory);
    expect([read(other, 'a'), read(other, 'b'), read(other, 'c')]).toEqual([V1, V2, undefined]);
  });

  it('is forgotten when it was not seen for longer than the quiet time, and stays as long as it comes', () => {
    const sessions = make();
    put(sessions, 'a');
    expect([read(sessions, 'a', NOW + QUIET), read(sessions, 'a', NOW + QUIET + 1)]).toEqual([V1, undefined]);
    sessions.see(sessions.find('a', NOW + QUIET, QUIET), NOW + QUIET);
    expect([read(sessions, 'a', NOW + 2 * QUIET), read(sessions, 'a', NOW + 2 * QUIET + 1)]).toEqual([V1, undefined]);
  });

  it('is kept by a clock that is set back, and past the end of 32 bits', () => {
    const sessions = make();
    put(sessions, 'a');
    expect(read(sessions, 'a', NOW - 5000)).toBe(V1);
    const late = 2 ** 31 - 10;
    put(sessions, 'b', V2, late);
    expect([read(sessions, 'b', (late + 20) | 0), read(sessions, 'b', (late + QUIET + 1) | 0)]).toEqual([V2, undefined]);
  });

  it('diverges from the first time on until the weights agree again', () => {
    const sessions = make();
    put(sessions, 'a');
    const at = sessions.find('a', NOW, QUIET);
    expect([sessions.diverge(at, NOW + 5), sessions.diverge(at, NOW + 9)]).toEqual([0, 4]);
    sessions.agree(at, NOW + 10);
    expect(sessions.diverge(at, NOW + 20)).toBe(0);
    sessions.move(at, V2, NOW + 30);
    expect([read(sessions, 'a', NOW + 30), sessions.diverge(at, NOW + 40)]).toEqual([V2, 0]);
  });

  it('is forgotten with all others at once, and may come anew', () => {
    const sessions = make();
    put(sessions, 'a');
    const other = new Sessions(sessions.memory);
    sessions.forget();
    expect([read(other, 'a'), other.generation]).toEqual([undefined, 2]);
    put(other, 'a', V2);
    expect(read(sessions, 'a')).toBe(V2);
  });

  it('is not found while another worker writes it, nor as a mixture of two', () => {
    const sessions = make();
    put(sessions, 'a');
    const at = sessions.find('a', NOW, QUIET);
    const cells = new Int32Array(sessions.memory);
    const whole = cells.slice(at, at + 8);
    for (const cell of [0, 1, 2, 3, 4]) {
      cells[at + cell] = whole[cell]! ^ 0x40;
      expect(read(sessions, 'a')).toBeUndefined();
      cells.set(whole, at);
    }
    expect(read(sessions, 'a')).toBe(V1);
  });
});

/** Visits users at random in a table that is far too small, and forgets all now and then; returns how often one had a version of another. */
const HAMMER = `
  const { workerData, parentPort } = require('node:worker_threads');
  import(workerData.module).then(({ Sessions }) => {
    const sessions = new Sessions(workerData.memory);
    let [wrong, found] = [0, 0];
    for (let i = 0; i < 400_000; i++) {
      const user = Math.floor(Math.random() * 40);
      const at = sessions.find('user-' + user, 1_000, 60);
      if (at < 0) sessions.add(user + 1, 1_000, 60);
      else {
        found++;
        if (sessions.version !== user + 1) wrong++;
        if (i % 3 === 0) sessions.move(at, user + 1, 1_000);
      }
      if (i % 50_000 === 0) sessions.forget();
    }
    parentPort.postMessage({ wrong, found });
  });`;

describe('two threads at once', () => {
  it('never give a user the version of another', async () => {
    const memory = createSessionMemory(8, [3, 4]);
    const module = new URL('../../../src/routing/sessions.ts', import.meta.url).href;
    const responses = await Promise.all(
      [0, 1].map(() => {
        const worker = new Worker(HAMMER, { eval: true, workerData: { memory, module } });
        return new Promise<{ wrong: number; found: number }>((resolve, reject) => worker.on('message', resolve).on('error', reject));
      }),
    );
    for (const { wrong, found } of responses) {
      expect(wrong).toBe(0);
      expect(found).toBeGreaterThan(1000);
    }
  });
});

describe('a full set', () => {
  const KEYS = 9;

  it('gives up a user that is quiet before any other', () => {
    const sessions = tiny();
    const [first, second, ...others] = neighbours(sessions, KEYS);
    put(sessions, first!, V1, NOW);
    for (const key of [second!, ...others.slice(0, -1)]) put(sessions, key, V1, NOW + QUIET);
    sessions.see(sessions.find(first!, NOW, QUIET), NOW);
    put(sessions, others.at(-1)!, V2, NOW + QUIET + 1);
    expect(read(sessions, first!, NOW)).toBeUndefined();
    expect([second!, ...others].filter((key) => read(sessions, key, NOW + QUIET + 1) === undefined)).toEqual([]);
  });

  it('gives up a user that came once before one that came again, though longer ago', () => {
    const sessions = tiny();
    const keys = neighbours(sessions, KEYS);
    const [once, ...regulars] = keys.slice(0, 8);
    for (const key of regulars) put(sessions, key, V1, NOW);
    for (const key of regulars) sessions.see(sessions.find(key, NOW, QUIET), NOW);
    put(sessions, once!, V1, NOW + 10);
    put(sessions, keys[8]!, V1, NOW + 11);
    expect(keys.filter((key) => read(sessions, key, NOW + 11) === undefined)).toEqual([once]);
  });

  it('else gives up the one not seen for longest', () => {
    const sessions = tiny();
    const keys = neighbours(sessions, KEYS);
    keys.slice(0, 8).forEach((key, index) => {
      put(sessions, key, V1, NOW);
      sessions.see(sessions.find(key, NOW, QUIET), NOW + (index === 3 ? 1 : 2 + index));
    });
    put(sessions, keys[8]!, V1, NOW + 20);
    expect(keys.filter((key) => read(sessions, key, NOW + 20) === undefined)).toEqual([keys[3]]);
  });

  it('a flood of keys that never come back pushes out hardly any user that does', () => {
    const sessions = make(1000);
    const regulars = Array.from({ length: 500 }, (_, index) => `regular-${index}`);
    for (const key of regulars) put(sessions, key);
    for (const key of regulars) sessions.see(sessions.find(key, NOW, QUIET), NOW + 1);
    for (let i = 0; i < 100_000; i++) put(sessions, `flood-${i}`, V2, NOW + 2);
    // With two users on average in a set of eight, one set in a thousand is full of them.
    expect(regulars.filter((key) => read(sessions, key, NOW + 2) === V1).length).toBeGreaterThanOrEqual(499);
  });
});

describe('a table', () => {
  it('remembers nearly all of the users that it has room for', () => {
    const sessions = make(65_536);
    for (let i = 0; i < 65_536; i++) put(sessions, `u${i}`, i % 3 === 0 ? V1 : V2);
    const counts = new Float64Array(2);
    sessions.count(Int32Array.of(V1, V2), NOW, QUIET, counts);
    expect(counts[0]! + counts[1]!).toBeGreaterThan(0.985 * 65_536);
    expect(counts[0]! / (counts[0]! + counts[1]!)).toBeCloseTo(1 / 3, 2);
    expect(sessions.memory.byteLength).toBeLessThanOrEqual(65_536 * 64 + 64);
  });

  it('counts the users that are not quiet, by version, and no others', () => {
    const sessions = make();
    put(sessions, 'a', V1, NOW);
    put(sessions, 'b', V2, NOW + 30);
    put(sessions, 'c', V2, NOW + 30);
    put(sessions, 'd', 99, NOW + 30);
    put(sessions, 'c', V2, NOW + 31);
    const count = (nowS: number): number[] => {
      const counts = new Float64Array(2);
      sessions.count(Int32Array.of(V1, V2), nowS, QUIET, counts);
      return [...counts];
    };
    expect([count(NOW + 31), count(NOW + QUIET + 1), count(NOW + 200)]).toEqual([
      [1, 2],
      [0, 2],
      [0, 0],
    ]);
    sessions.forget();
    expect(count(NOW + 31)).toEqual([0, 0]);
  });

  it('goes into another one of any size as a copy, with what is known of each user', () => {
    const sessions = make(1000);
    for (let i = 0; i < 300; i++) put(sessions, `u${i}`, i % 2 === 0 ? V1 : V2, NOW + (i % 2));
    sessions.diverge(sessions.find('u1', NOW, QUIET), NOW + 3);
    const halves = [sessions.copy(0, 100, NOW + 1, QUIET), sessions.copy(100, sessions.sets, NOW + 1, QUIET)];
    expect(halves.reduce((sum, half) => sum + half.length, 0)).toBe(300 * COPY_CELLS);
    const other = new Sessions(createSessionMemory(4000, sessions.seeds));
    for (const half of halves) other.paste(half, NOW + QUIET + 1, QUIET);
    expect([read(other, 'u1', NOW + QUIET), read(other, 'u2', NOW + QUIET)]).toEqual([V2, undefined]);
    expect(other.diverge(other.find('u1', NOW + 3, QUIET), NOW + 10)).toBe(7);
  });

  it('is read by a reader that never writes', () => {
    const sessions = make();
    put(sessions, 'a');
    const before = new Int32Array(sessions.memory).slice();
    const reader: Sessions = new SessionReader(sessions.memory);
    const at = reader.find('a', NOW, QUIET);
    reader.see(at, NOW + 1);
    reader.agree(at, NOW + 1);
    reader.move(at, V2, NOW + 1);
    reader.name('b');
    reader.add(V2, NOW + 1, QUIET);
    expect(reader.diverge(at, NOW + 1)).toBe(0);
    expect(new Int32Array(sessions.memory)).toEqual(before);
    sessions.diverge(at, NOW + 1);
    expect(reader.diverge(at, NOW + 5)).toBe(4);
  });
});
