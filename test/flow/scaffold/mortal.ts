// Makes worker threads of a Sluice under test die on request. It is loaded from outside (`node --import`), in the main thread and
// in each worker, so that the product itself needs no such door.
//
//   startSluice(config, { workers: 2, ...mortal(socketPath) });    await strike(socketPath, 0, 'throw');

import { createServer, connect } from 'node:net';
import { isMainThread, workerData } from 'node:worker_threads';

export type Death = 'throw' | 'reject' | 'exit' | 'stall' | 'stall-exit';

/** Number of a worker, or the thread that compares. */
type Victim = number | 'comparison';

interface Strike {
  readonly worker: Victim;
  readonly death: Death;
}

const STALL_MS = 1500;

export function mortal(socketPath: string): { env: Record<string, string>; nodeArguments: string[] } {
  return { env: { MORTAL_SOCKET: socketPath }, nodeArguments: ['--import', import.meta.url] };
}

/** Resolves when the order is on its way to the worker. */
export function strike(socketPath: string, worker: Victim, death: Death): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    socket.once('error', reject).once('close', () => resolve());
    socket.resume().end(JSON.stringify({ worker, death } satisfies Strike));
  });
}

const path = process.env['MORTAL_SOCKET'];
if (path !== undefined) {
  const channel = new BroadcastChannel('mortal');
  if (isMainThread) listen(path, channel);
  else channel.onmessage = (event) => obey((event as unknown as { data: Strike }).data);
  // A thread that is to end must not wait for orders.
  (channel as unknown as { unref(): void }).unref();
}

function listen(socketPath: string, channel: BroadcastChannel): void {
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (text: string) => channel.postMessage(JSON.parse(text)));
  });
  server.listen(socketPath).unref();
}

function obey({ worker, death }: Strike): void {
  if (((workerData as { index?: number }).index ?? 'comparison') !== worker) return;
  if (death === 'exit') process.exit(7);
  if (death === 'reject') void Promise.reject(new Error('struck: a rejection without a listener'));
  if (death === 'throw')
    setImmediate(() => {
      throw new Error('struck: a fault outside of every exchange');
    });
  if (death !== 'stall' && death !== 'stall-exit') return;
  for (const end = performance.now() + STALL_MS; performance.now() < end;);
  if (death === 'stall-exit') process.exit(7);
}
