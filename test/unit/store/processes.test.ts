// What only other processes can show: kills, two at once, a disk of their own.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { seededRandom } from '../../scaffold/seeded-random.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { StoreInUse, StoreUnusable } from '../../../src/store/store-errors.ts';
import { eventually, within } from '../../flow/scaffold/eventually.ts';
import { makeFolder } from '../../flow/scaffold/folder.ts';
import { scaled } from '../../flow/scaffold/full.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { grow } from './sample.ts';

afterEach(closeAll);

const PROGRAM = new URL('../../flow/scaffold/store-process.ts', import.meta.url).pathname;
const onMoved = (path: string, reason: string): void => expect.unreachable(`${path}: ${reason}`);

class Owner {
  readonly child: ChildProcess;
  output = '';

  constructor(order: string, dir: string, before: readonly string[] = []) {
    const [program = '', ...rest] = [...before, process.execPath, PROGRAM, order, dir];
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** Whole lines. */
  get lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1);
  }

  async end(signal?: NodeJS.Signals): Promise<void> {
    const closed = this.child.exitCode === null && this.child.signalCode === null ? once(this.child, 'close') : undefined;
    if (signal !== undefined) this.child.kill(signal);
    if (closed !== undefined) await within('the process ended', closed, 20_000);
  }

  close(): Promise<void> {
    return this.end('SIGKILL');
  }
}

it('SIGKILL at any moment costs nothing that was acknowledged', { timeout: 120_000 }, async () => {
  const dir = makeFolder().path;
  const random = seededRandom(11);
  let last = 0;
  for (let round = 0; round < scaled(20, 200); round++) {
    const owner = open(new Owner('append', dir));
    const goal = Math.floor(random() * 40);
    // Some are killed while they open, some within an append.
    if (goal > 4) await eventually('some appends', () => owner.lines.length >= goal - 4, 20_000);
    else if (goal > 2) await once(owner.child, 'spawn');
    await owner.end('SIGKILL');
    expect(owner.lines.filter((line) => !/^\d+$/.test(line))).toEqual([]);
    const acknowledged = Number(owner.lines.at(-1) ?? last);
    const store = openStore({ dir, onMoved });
    const found = (await store.list({ limit: 1_000 })).map(({ number }) => number);
    await store.close();
    // One more may have been written and not yet acknowledged.
    expect([acknowledged, acknowledged + 1]).toContain(found[0] ?? 0);
    last = found[0] ?? 0;
    expect(found).toEqual(Array.from({ length: Math.min(last, 1_000) }, (_, index) => last - index));
  }
  expect(last).toBeGreaterThan(50);
});

it('one process owns the directory, until it dies', async () => {
  const dir = makeFolder().path;
  const owner = open(new Owner('hold', dir));
  await eventually('it is open', () => owner.lines.includes('open'), 20_000);
  expect(() => openStore({ dir, onMoved })).toThrow(StoreInUse);
  expect(() => openStore({ dir, onMoved })).toThrow(`the state directory is in use by another Sluice: ${dir}; stop that one, or`);
  await owner.end('SIGKILL');
  const store = openStore({ dir, onMoved });
  await grow(store, 1);
  // The same from the other side, and within one process.
  const second = open(new Owner('hold', dir));
  await second.end();
  expect(second.lines).toEqual([expect.stringMatching(/^refused: StoreInUse: the state directory is in use by another Sluice: /)]);
  expect(() => openStore({ dir, onMoved })).toThrow(StoreInUse);
  await grow(store, 2);
  await store.close();
  const again = openStore({ dir, onMoved });
  expect((await again.latest())?.number).toBe(2);
  await again.close();
});

it('damage does not make two starts at once lose what the first of them writes', async () => {
  const folder = makeFolder();
  folder.write('sluice.db', 'no database');
  const starts = [1, 2, 3].map(() => open(new Owner('hold', folder.path)));
  await eventually('all have said something', () => starts.every(({ lines }) => /^(open|refused)/.test(lines.at(-1) ?? '')), 20_000);
  expect(starts.filter(({ lines }) => lines.includes('open'))).toHaveLength(1);
  expect(starts.filter(({ output }) => output.includes('moved: '))).toHaveLength(1);
});

it.each([
  ['a file in its place', (path: string) => writeFileSync(path, ''), /; a file is in its place: remove that, or set another state\.dir$/],
  [
    'a directory for a lock',
    (path: string) => void mkdirSync(`${path}/sluice.lock`, { recursive: true }),
    /sluice\.lock is no file; remove it, or set another state\.dir$/,
  ],
])('a directory that cannot be used is refused with the fix: %s', (_, prepare, message) => {
  const path = makeFolder().file('state');
  prepare(path);
  const attempt = (): unknown => openStore({ dir: path, onMoved });
  expect(attempt).toThrow(StoreUnusable);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(`the state directory cannot be used: ${path}: `);
});

const mounted = (options: string): readonly string[] => [
  'unshare',
  '-rm',
  'sh',
  '-c',
  `mount -t tmpfs -o ${options} none "$0" && exec "$@"`,
];
const hasMounts = spawnSync('unshare', [...mounted('size=64k').slice(1), '/mnt', 'true']).status === 0;

it.skipIf(!hasMounts)('a read-only disk is refused with the fix', async () => {
  const dir = makeFolder().path;
  const owner = open(new Owner('hold', dir, [...mounted('mode=700,ro'), dir]));
  await owner.end();
  expect(owner.lines).toEqual([
    expect.stringMatching(
      /^refused: StoreUnusable: the state directory cannot be used: .*EROFS.*; set state\.dir to a place that can be written/,
    ),
  ]);
});

it.skipIf(!hasMounts)('a real disk that fills up: nothing half-written, a start on it works, and with room it goes on', async () => {
  const dir = makeFolder().path;
  const owner = open(new Owner('fill', dir, [...mounted('mode=700,size=512k'), dir]));
  await owner.end();
  const last = Number(/^full (\d+) /m.exec(owner.output)?.[1]);
  expect(last).toBeGreaterThan(3);
  expect(owner.lines).toEqual([
    expect.stringMatching(/^failed: the state was not written to .*; nothing was changed$/),
    `full ${last} ${last}`,
    `reopened ${last} ${last}`,
    `again ${last + 1}`,
  ]);
});

it.skipIf(!hasMounts)('a disk that is full from the start is refused with the fix', async () => {
  const dir = makeFolder().path;
  const owner = open(new Owner('hold', dir, [...mounted('mode=700,size=8k'), dir]));
  await owner.end();
  expect(owner.lines).toEqual([
    expect.stringMatching(
      /^refused: StoreUnusable: the state directory cannot be used: .*; free some space there, or set another state\.dir$/,
    ),
  ]);
});
