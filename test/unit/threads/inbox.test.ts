import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { Inbox } from '../../../src/threads/inbox.ts';
import type { ToWorker } from '../../../src/threads/messages.ts';

function inbox(): { readonly box: Inbox; readonly send: (message: unknown) => void; readonly taken: unknown[] } {
  const port = new EventEmitter();
  const box = new Inbox(port as unknown as ConstructorParameters<typeof Inbox>[0]);
  return { box, send: (message) => void port.emit('message', message), taken: [] };
}

test('the first message says what the thread is, and is taken by nobody else', async () => {
  const { box, send, taken } = inbox();
  send('start');
  box.open((message: ToWorker) => taken.push(message));
  expect(await box.first).toBe('start');
  expect(taken).toEqual([]);
});

test('what comes before there is anybody to take it is kept, in order', async () => {
  const { box, send, taken } = inbox();
  for (const message of ['start', 1, 2]) send(message);
  await box.first;
  box.open((message: ToWorker) => taken.push(message));
  send(3);
  expect(taken).toEqual([1, 2, 3]);
});

test('what comes while the kept ones are taken comes after them', () => {
  const { box, send, taken } = inbox();
  for (const message of ['start', 1, 2]) send(message);
  box.open((message: ToWorker) => {
    taken.push(message);
    if (message === (1 as unknown)) send(3);
  });
  send(4);
  expect(taken).toEqual([1, 2, 3, 4]);
});
