// Answers that wait in our socket for a slow client are owed to it: neither its half-close nor our own end may cut them.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { closeAll } from '../flow/scaffold/open.ts';
import { configFor, startSluice } from '../flow/scaffold/sluice.ts';
import type { Sluice } from '../flow/scaffold/sluice.ts';
import type { Message, Wire } from '../flow/scaffold/wire.ts';

/** Just below what a socket queues before it asks its writer to stop. */
const BYTES = 60_000;
const BODY = 'x'.repeat(BYTES);

let sluice: Sluice;

beforeEach(async () => {
  const routes = [{ name: 'large', match: [{ path: { exact: '/large' } }], respond: { status: 200, body: BODY } }];
  sluice = await startSluice(configFor({ endpoints: ['127.0.0.1:1'], routes }));
});
afterEach(closeAll);

/** A client that has sent `count` requests and reads no answers. */
async function startSlow(count: number): Promise<Wire> {
  const wire = await connectTo(sluice);
  wire.pause();
  await wire.write(get('/large').repeat(count));
  return wire;
}

/** Every whole answer up to the end of the connection; throws when the last one is cut. */
async function readAnswers(wire: Wire): Promise<Message[]> {
  const answers: Message[] = [];
  for (;;) {
    await eventually('more or the end', () => wire.ended || wire.unread !== '');
    if (wire.unread === '') return answers;
    answers.push(await wire.readMessage());
  }
}

test('a client that ends its side before it reads gets every answer, wherever the queue happens to stand', async () => {
  // What the kernel holds is not known: one of these counts leaves exactly one answer in our own queue.
  const counts = Array.from({ length: 100 }, (_, index) => index + 1);
  while (counts.length > 0) {
    const group = counts.splice(0, 10);
    const wires = await Promise.all(group.map((count) => startSlow(count)));
    for (const wire of wires) wire.end();
    await sluice.turn();
    await sluice.turn();
    for (const [index, wire] of wires.entries()) {
      wire.resume();
      const answers = await readAnswers(wire);
      expect([group[index], answers.length]).toEqual([group[index], group[index]]);
    }
  }
});

test('requests that were read before SIGTERM are answered, or the last answer says that there are no more', async () => {
  const wire = await startSlow(300);
  const unused = await connectTo(sluice);
  await sluice.turn();
  await sluice.turn();
  sluice.signal('SIGTERM');
  // Connections that nothing is owed to are closed by now.
  await eventually('the end of the unused connection', () => unused.ended);
  wire.resume();
  const answers = await readAnswers(wire);
  for (const answer of answers) expect([answer.status, answer.body === BODY]).toEqual([200, true]);
  if (answers.length < 300) expect(answers.at(-1)?.field('connection')).toBe('close');
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});
