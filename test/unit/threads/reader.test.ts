// Which thread reads a text, and what is left of it afterwards.

import { afterEach, expect, test } from 'vitest';
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
