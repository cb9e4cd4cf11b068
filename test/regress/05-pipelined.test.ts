// Responses that wait in our socket for a slow client are owed to it: neither its half-close nor our own end may cut them.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectTo, get } from '../flow/scaffold/client.ts';
import { eventually } from '../flow/scaffold/eventually.ts';
import { heldByKernel } from '../flow/scaffold/held-by-kernel.ts';
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

/** A client that has sent `count` requests and reads no responses. */
async function startSlow(count: number): Promise<Wire> {
  const wire = await connectTo(sluice);
  wire.pause();
  if (count > 0) await wire.write(get('/large').repeat(count));
  return wire;
}

/** Every whole response up to the end of the connection; throws when the last one is cut. */
async function readResponses(wire: Wire): Promise<Message[]> {
  const responses: Message[] = [];
  for (;;) {
    await eventually('more or the end', () => wire.ended || wire.unread !== '');
    if (wire.unread === '') return responses;
    responses.push(await wire.readMessage());
  }
}

/** Bytes of responses that the client has not read, in its own memory and in the kernel. */
function unreadBytes({ socket }: Wire): number {
  return socket.readableLength + heldByKernel(socket.localPort);
}

test('a client that ends its side while one response waits in our queue gets it whole', async () => {
  const probe = await startSlow(1);
  probe.resume();
  const first = await probe.readMessage();
  const size = first.head.length + BYTES;
  probe.destroy();
  const wire = await startSlow(0);
  let asked = 0;
  // One after the other, until the kernel takes no more: the rest of the last response is ours to keep.
  for (let ours = 0; ours <= 0; ours = asked * size - wire.total - unreadBytes(wire)) {
    await wire.write(get('/large'));
    await sluice.turn();
    await sluice.turn();
    asked++;
  }
  wire.end();
  await sluice.turn();
  await sluice.turn();
  wire.resume();
  const responses = await readResponses(wire);
  expect(responses.length).toBe(asked);
});

test('a client that ends its side before it reads gets every response to what it has asked', async () => {
  const wire = await startSlow(300);
  wire.end();
  await sluice.turn();
  await sluice.turn();
  wire.resume();
  const responses = await readResponses(wire);
  expect(responses.length).toBe(300);
});

test('requests that were read before SIGTERM get their responses, or the last response says that there are no more', async () => {
  const wire = await startSlow(300);
  const unused = await connectTo(sluice);
  await sluice.turn();
  await sluice.turn();
  sluice.signal('SIGTERM');
  // Connections without a response to come are closed by now.
  await eventually('the end of the unused connection', () => unused.ended);
  wire.resume();
  const responses = await readResponses(wire);
  for (const response of responses) expect([response.status, response.body === BODY]).toEqual([200, true]);
  if (responses.length < 300) expect(responses.at(-1)?.field('connection')).toBe('close');
  expect(await sluice.exited).toEqual({ code: 0, signal: null });
});
