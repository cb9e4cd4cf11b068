// Which thread reads a text, and what is left of it afterwards.

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { Reader } from '../../../src/threads/reader.ts';

let reader: Reader | undefined;
afterEach(() => reader?.close());

const FILE = '/etc/sluice/config';
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

test('bytes are handed over to the thread that reads them, and read as their text', async () => {
  reader = new Reader();
  const bytes = bytesOf(`\ufefflisteners: []\nroutes: [{ nam: "é" }] # ${'x'.repeat(20_000)}\n`);
  const { problems } = await reader.text(FILE, bytes);
  expect(problems.map(({ line, message }) => [line, message])).toContainEqual([2, expect.stringContaining('nam')]);
  expect(bytes.buffer.detached).toBe(true);
});

test('what shows at the beginning of a long text is told without a thread', async () => {
  reader = new Reader();
  const bytes = bytesOf(`listeners: &a []\n${'# x\n'.repeat(500_000)}`);
  const { problems } = await reader.text(FILE, bytes);
  expect(problems).toMatchObject([{ line: 1, column: 12, message: expect.stringContaining('256 KiB') as string }]);
  expect(bytes.buffer.detached).toBe(false);
});

test('what a large file took goes with its thread, and that of a small one stays for the next', async () => {
  reader = new Reader();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-reader-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'sluice.yaml');
  for (const [length, left] of [
    [20_000, 1],
    [1_100_000, 0],
  ] as const) {
    await writeFile(path, `listeners: [{ name: web, address: 127.0.0.1:0 }]\nroutes: []\n# ${'x'.repeat(length)}\n`);
    await reader.config(path);
    await expect.poll(readingThreads).toBe(left);
  }
});

/** Of this process. */
async function readingThreads(): Promise<number> {
  const tasks = await readdir('/proc/self/task');
  const names = await Promise.all(tasks.map((task) => readFile(`/proc/self/task/${task}/comm`, 'utf8').catch(() => '')));
  return names.filter((name) => name.trim() === 'reading').length;
}
