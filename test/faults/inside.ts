// A door into a Sluice under test. It is loaded from outside (`node --import`), in the main thread and in each worker, so that the
// product itself needs none. Through it a test weighs every thread, and makes threads die, stall, leak or be wrong about the time.
//
//   const inside = makeInside();   startSluice(config, { workers: 2, ...inside.options })   await inside.weigh(3)   await inside.obey(...)

import { createServer, connect } from 'node:net';
import { isMainThread, workerData } from 'node:worker_threads';
import { within } from '../flow/scaffold/eventually.ts';
import { makeFolder } from '../flow/scaffold/folder.ts';

export type Submission =
  | { readonly kind: 'weigh' }
  /** Ends a worker: by an uncaught exception, an unheard rejection, an exit, or by running out of memory. `abort` is for the main thread. */
  | { readonly kind: 'throw' | 'reject' | 'exit' | 'exhaust' | 'abort'; readonly worker: number }
  /** Keeps a thread busy. */
  | { readonly kind: 'stall'; readonly worker: number; readonly ms: number }
  /** Moves the wall clock of all threads. */
  | { readonly kind: 'shift'; readonly ms: number }
  /** Holds on to some MiB of memory or to a timer, as a leak would. */
  | { readonly kind: 'leak-memory' | 'leak-timer'; readonly worker: number };

/** The main thread, where an order names a worker; and the one that compares. */
export const MAIN = -1;
const COMPARISON = -2;

export interface Weight {
  readonly thread: number;
  /** Live objects after garbage collections. */
  readonly heapBytes: number;
  /** Buffers and the like. */
  readonly externalBytes: number;
  /** `process.getActiveResourcesInfo()`, counted by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

export interface Inside {
  readonly options: { readonly env: Record<string, string>; readonly nodeArguments: string[] };
  /** Resolves when the order is on its way to its thread. */
  obey(order: Submission): Promise<void>;
  /** What each of that many threads holds, the main one included. */
  weigh(threads: number): Promise<Weight[]>;
}

export function makeInside(...nodeArguments: string[]): Inside {
  const path = makeFolder().file('inside');
  return {
    options: { env: { INSIDE_SOCKET: path }, nodeArguments: ['--expose-gc', ...nodeArguments, '--import', import.meta.url] },
    obey: async (order) => void (await send(path, order, 0)),
    weigh: (threads) => within('all threads weighed', send(path, { kind: 'weigh' }, threads), 15_000),
  };
}

function send(path: string, order: Submission, replies: number): Promise<Weight[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let text = '';
    socket.once('error', reject).setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
      const lines = text.split('\n').slice(0, -1);
      // Besides the replies there is a first line that says that the order was passed on.
      if (lines.length <= replies) return;
      socket.destroy();
      resolve(lines.slice(1).map((line) => JSON.parse(line) as Weight));
    });
    socket.write(`${JSON.stringify(order)}\n`);
  });
}

const path = process.env['INSIDE_SOCKET'];
if (path !== undefined) openDoor(path);

function openDoor(socketPath: string): void {
  const thread = isMainThread ? MAIN : ((workerData as { index?: number }).index ?? COMPARISON);
  const orders = new BroadcastChannel('inside orders');
  const replies = new BroadcastChannel('inside replies');
  const listeners = new Set<(weight: Weight) => void>();
  const reply = (weight: Weight): void => (isMainThread ? listeners.forEach((tell) => tell(weight)) : replies.postMessage(weight));
  orders.onmessage = (event) => obey((event as unknown as { data: Submission }).data, thread, reply);
  if (isMainThread) {
    replies.onmessage = (event) => listeners.forEach((tell) => tell((event as unknown as { data: Weight }).data));
    listen(socketPath, listeners, (order) => {
      orders.postMessage(order);
      // A channel does not hear itself.
      setImmediate(() => obey(order, thread, reply));
    });
  }
  // A thread that is to end must not wait for orders.
  for (const channel of [orders, replies]) (channel as unknown as { unref(): void }).unref();
}

function listen(socketPath: string, listeners: Set<(weight: Weight) => void>, pass: (order: Submission) => void): void {
  const server = createServer((socket) => {
    const tell = (weight: Weight): void => void socket.write(`${JSON.stringify(weight)}\n`);
    listeners.add(tell);
    socket.on('error', () => undefined).on('close', () => listeners.delete(tell));
    socket.setEncoding('utf8').on('data', (text: string) => {
      pass(JSON.parse(text) as Submission);
      socket.write('"passed on"\n');
    });
  });
  server.listen(socketPath).unref();
}

const held: unknown[] = [];
let shiftMs = 0;

function obey(order: Submission, thread: number, reply: (weight: Weight) => void): void {
  if (order.kind === 'weigh') void weighHere(thread).then(reply);
  else if (order.kind === 'shift') shift(order.ms);
  else if (order.worker === thread) suffer(order);
}

function suffer(order: Exclude<Submission, { kind: 'weigh' | 'shift' }>): void {
  switch (order.kind) {
    case 'throw':
      setImmediate(() => {
        throw new Error('struck: a fault outside of every exchange');
      });
      break;
    case 'reject':
      void Promise.reject(new Error('struck: a rejection without a listener'));
      break;
    case 'exit':
      process.exit(7);
      break;
    case 'abort':
      process.abort();
      break;
    case 'exhaust':
      for (;;) held.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
    case 'stall':
      for (const end = performance.now() + order.ms; performance.now() < end;);
      break;
    case 'leak-memory':
      // Twice the share of a heap that may come and go between two looks.
      held.push(Array.from({ length: 2_500_000 }, (_, index) => index + 0.5));
      break;
    case 'leak-timer':
      held.push(setInterval(() => undefined, 1000));
  }
}

/** Garbage is collected until nothing more is found; finalizers and closed handles need turns of the loop between. */
async function weighHere(thread: number): Promise<Weight> {
  const collect = (globalThis as unknown as { gc: () => void }).gc;
  for (let round = 0; round < 3; round++) {
    collect();
    await new Promise((resolve) => void setTimeout(resolve, 5).unref());
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { thread, heapBytes: heapUsed, externalBytes: external, resources };
}

/** `Date` alone: what counts time by `performance.now()` or by timers must not notice. */
function shift(ms: number): void {
  shiftMs += ms;
  if (Date.name === 'ShiftedDate') return;
  const System = Date;
  class ShiftedDate extends System {
    constructor(...given: [] | [number]) {
      if (given.length === 0) super(System.now() + shiftMs);
      else super(...given);
    }
    static override now(): number {
      return System.now() + shiftMs;
    }
  }
  globalThis.Date = ShiftedDate as unknown as DateConstructor;
}
