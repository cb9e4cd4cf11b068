import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { FileWatch } from '../../../src/control/sources/file-watch.ts';

// As on a network file system, or without inotify watches left: no event ever comes.
vi.mock('chokidar', () => {
  const deaf = {
    on: () => deaf,
    once: (_: string, ready: () => void) => (ready(), deaf),
    add: () => deaf,
    unwatch: () => deaf,
    close: () => Promise.resolve(),
  };
  return { watch: () => deaf };
});

it('the poll alone sees edits, rename-over and link swaps', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-poll-'));
  const file = join(dir, 'sluice.yaml');
  writeFileSync(file, 'one');
  let told: (() => void) | undefined;
  const watch = new FileWatch(file, () => told?.(), { pollMs: 10 });
  await watch.ready;
  const steps = [
    () => writeFileSync(file, 'two'),
    () => (writeFileSync(`${file}.tmp`, 'three'), renameSync(`${file}.tmp`, file)),
    () => (
      mkdirSync(join(dir, 'd1')),
      writeFileSync(join(dir, 'd1', 'x'), 'four'),
      symlinkSync('d1/x', `${file}.tmp`),
      renameSync(`${file}.tmp`, file)
    ),
    () => writeFileSync(join(dir, 'd1', 'x'), 'five'),
  ];
  const seen: string[] = [];
  for (const step of steps) {
    const change = new Promise<void>((resolve) => (told = resolve));
    step();
    await change;
    seen.push(readFileSync(file, 'utf8'));
  }
  await watch.close();
  rmSync(dir, { recursive: true });
  expect(seen).toEqual(['two', 'three', 'four', 'five']);
});
