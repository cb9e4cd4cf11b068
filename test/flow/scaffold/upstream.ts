// Scripted upstreams: a raw server whose script sees each connection as a Wire and does with it what it likes.
//
//   const upstream = await startUpstream(async (wire, index) => {      // index: 0 for the first connection
//     const request = await wire.readMessage();
//     await wire.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
//   });
//   upstream.address                             '127.0.0.1:PORT', for the config
//   upstream.wires, upstream.open, upstream.bytes    connections seen, those open now, bytes received on all of them
//   await upstream.wire(n)                       waits for connection n
//   startUpstream(responding(request => response))    responds to every request on every connection, keep-alive
//   startUpstream(scripted(() => script))        runs, for every request, the script that is current when it comes
//
// A script that meets the end of its connection just ends; any other failure of a script fails the test when it closes.

import { createServer } from 'node:net';
import type { ListenOptions, Server } from 'node:net';
import { eventually } from './eventually.ts';
import { open } from './open.ts';
import { Ended, Reset, Wire } from './wire.ts';
import type { Message } from './wire.ts';

export type Script = (wire: Wire, index: number) => Promise<void> | void;

export class Upstream {
  readonly wires: Wire[] = [];
  readonly address: string;
  readonly port: number;
  readonly #server: Server;
  readonly #faults: unknown[];

  constructor(server: Server, wires: Wire[], faults: unknown[]) {
    const bound = server.address();
    this.#server = server;
    this.#faults = faults;
    this.wires = wires;
    this.port = typeof bound === 'object' && bound !== null ? bound.port : 0;
    const host = typeof bound === 'object' && bound?.family === 'IPv6' ? '[::1]' : '127.0.0.1';
    this.address = typeof bound === 'string' ? `unix:${bound}` : `${host}:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.wires.filter((wire) => !wire.socket.destroyed && !wire.ended).length;
  }

  /** Bytes received on all connections. */
  get bytes(): number {
    return this.wires.reduce((sum, wire) => sum + wire.total, 0);
  }

  wire(index: number): Promise<Wire> {
    return eventually(`upstream connection ${index}`, () => this.wires[index]);
  }

  /** Accepts no more; what is open stays. */
  stopListening(): Promise<void> {
    return new Promise((resolve) => (this.#server.close(() => undefined), resolve()));
  }

  async close(): Promise<void> {
    for (const wire of this.wires) wire.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (this.#faults.length > 0) throw this.#faults[0];
  }
}

export async function startUpstream(script: Script, where: ListenOptions = { host: '127.0.0.1', port: 0 }): Promise<Upstream> {
  const wires: Wire[] = [];
  const faults: unknown[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const wire = new Wire(socket);
    wire.deadlineMs = Infinity;
    wires.push(wire);
    void Promise.resolve()
      .then(() => script(wire, wires.length - 1))
      .catch((fault: unknown) => {
        if (!(fault instanceof Ended) && !(fault instanceof Reset)) faults.push(fault);
      });
    // Half-open is for scripts that outlive the peer's end; a script that reads on gets `Ended`, and the socket goes with it.
    socket.on('end', () => setImmediate(() => socket.end()));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
  return open(new Upstream(server, wires, faults));
}

/** A script that responds to every request of a connection in turn. */
export function responding(respond: (request: Message, count: number) => string): Script {
  let count = 0;
  return async (wire) => {
    for (;;) await wire.write(respond(await wire.readMessage(), count++));
  };
}

/** A script that looks up what to do anew for every request: `scripted(() => current)`. */
export function scripted(current: () => (wire: Wire) => Promise<void>): Script {
  return async (wire) => {
    for (;;) {
      await wire.arrival();
      await current()(wire);
    }
  };
}

/** `HTTP/1.1 200 OK` with a length, the given fields and this body. */
export function ok(body = 'ok', ...fields: string[]): string {
  return responseText(200, 'OK', body, ...fields);
}

export function responseText(status: number, reason: string, body: string, ...fields: string[]): string {
  return [`HTTP/1.1 ${status} ${reason}`, ...fields, `content-length: ${body.length}`, '', body].join('\r\n');
}
