// The child of overload.ts: an upstream with a known capacity, and callers that do not care whether it keeps up.
// The upstream works on one queue in order, on what its callers have given up as well; slots are counted in time, not in timers, so that
// its capacity is exact on a busy machine.

import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { SLICE_MS } from './overload-order.ts';
import type { OverloadResponse, OverloadOrder } from './overload-order.ts';

const TICK_MS = 2;

let port = 0;
let byStatus: Record<number, number[]> = {};
let slices: number[] = [];
let lost = 0;

process.on('message', (order: OverloadOrder) => {
  obey(order).then(
    () => process.send?.({ port, byStatus, slices, lost } satisfies OverloadResponse),
    (error: unknown) => {
      process.stderr.write(`overload: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());

function obey(order: OverloadOrder): Promise<void> {
  return order.kind === 'serve' ? serve(order.slots, order.serviceMs) : new Callers(order).run();
}

function serve(slots: number, serviceMs: number): Promise<void> {
  const freeAtMs = new Array<number>(slots).fill(0);
  const server = createServer((request, response) => {
    request.resume();
    const slot = freeAtMs.indexOf(Math.min(...freeAtMs));
    const doneAtMs = Math.max(performance.now(), freeAtMs[slot]!) + serviceMs;
    freeAtMs[slot] = doneAtMs;
    setTimeout(() => response.end('ok'), doneAtMs - performance.now());
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
      const bound = server.address();
      port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      resolve();
    });
  });
}

class Callers {
  readonly #order: OverloadOrder & { readonly kind: 'load' };
  readonly #idle: Caller[] = [];
  readonly #all = new Set<Caller>();
  readonly #beganMs = performance.now();
  #sent = 0;
  #open = 0;

  constructor(order: OverloadOrder & { readonly kind: 'load' }) {
    this.#order = order;
    byStatus = {};
    slices = new Array<number>(Math.floor(order.measureMs / SLICE_MS)).fill(0);
    lost = 0;
  }

  run(): Promise<void> {
    const { perSecond, settleMs, measureMs } = this.#order;
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const sinceMs = performance.now() - this.#beganMs;
        const over = sinceMs >= settleMs + measureMs;
        if (!over) for (const due = (sinceMs / 1000) * perSecond; this.#sent < due; this.#sent++) this.#send();
        if (!over || this.#open > 0) return;
        clearInterval(timer);
        for (const caller of this.#all) caller.socket.destroy();
        for (const latencies of Object.values(byStatus)) latencies.sort((a, b) => a - b);
        resolve();
      }, TICK_MS);
    });
  }

  #send(): void {
    const caller = this.#idle.pop() ?? this.#connect();
    this.#open++;
    caller.sentMs = performance.now();
    caller.socket.write('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n');
  }

  #connect(): Caller {
    const caller = new Caller(connect({ host: '127.0.0.1', port: this.#order.port, noDelay: true }));
    this.#all.add(caller);
    caller.socket.on('data', (bytes: Buffer) => {
      caller.received += bytes.toString('latin1');
      const length = /\r\ncontent-length: (\d+)\r\n/i.exec(caller.received);
      const headEnd = caller.received.indexOf('\r\n\r\n');
      if (headEnd === -1 || caller.received.length < headEnd + 4 + Number(length?.[1] ?? 0)) return;
      this.#responded(caller, Number(caller.received.slice(9, 12)));
    });
    caller.socket.on('error', () => undefined);
    caller.socket.on('close', () => this.#closed(caller));
    return caller;
  }

  #responded(caller: Caller, status: number): void {
    const atMs = performance.now();
    const tookMs = atMs - caller.sentMs;
    const slice = Math.floor((atMs - this.#beganMs - this.#order.settleMs) / SLICE_MS);
    if (status === 200 && slices[slice] !== undefined) slices[slice]++;
    if (caller.sentMs - this.#beganMs >= this.#order.settleMs) (byStatus[status] ??= []).push(tookMs);
    const stays = !/\r\nconnection: close\r\n/i.test(caller.received);
    caller.received = '';
    caller.sentMs = 0;
    this.#open--;
    if (stays) this.#idle.push(caller);
    else caller.socket.end();
  }

  #closed(caller: Caller): void {
    this.#all.delete(caller);
    const at = this.#idle.indexOf(caller);
    if (at !== -1) this.#idle.splice(at, 1);
    if (caller.sentMs === 0) return;
    this.#open--;
    lost++;
  }
}

class Caller {
  readonly socket: Socket;
  received = '';
  /** 0 = nothing is under way. */
  sentMs = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }
}
