// An address that takes no connection and refuses none: a listener whose accept queue is full and whose thread sleeps for ever.
// A connect to it hangs, as one to a dead machine behind a firewall would.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { eventually } from './eventually.ts';
import { open } from './open.ts';

const LISTENER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

export interface Blackhole {
  /** `127.0.0.1:PORT`, for the config. */
  readonly address: string;
  close(): Promise<void>;
}

export async function startBlackhole(): Promise<Blackhole> {
  const worker = new Worker(LISTENER, { eval: true });
  const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const fillers: Socket[] = [];
  let connected = 0;
  const close = async (): Promise<void> => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  };
  const hole = open({ address: `127.0.0.1:${port}`, close });
  // Linux lets one more than the backlog in. The one that does not get in any more shows that the queue is full.
  for (;;) {
    const before = connected;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => connected++);
    socket.on('error', () => undefined);
    fillers.push(socket);
    const since = performance.now();
    await eventually('a connection to get in or not', () => connected > before || performance.now() - since > 150);
    if (connected === before) return hole;
  }
}
