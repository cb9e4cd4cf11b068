// An application that dies and comes back at the same address, as a killed and restarted process does: its port refuses, its
// connections are gone. Bound to 127.0.0.2, from which no connection comes: a dead port cannot connect to itself.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { open } from '../flow/scaffold/open.ts';

export class MortalUpstream {
  readonly name: string;
  /** How it responds; by default with its name. */
  respond: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) => void response.end(this.name);
  requests = 0;
  /** Accepted altogether. */
  connections = 0;
  #port = 0;
  #server: Server | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  get address(): string {
    return `127.0.0.2:${this.#port}`;
  }

  async live(): Promise<this> {
    const server = createServer((request, response) => {
      this.requests++;
      const id = request.headers['x-request-id'];
      if (typeof id === 'string') response.setHeader('x-request-id', id);
      request.resume();
      this.respond(request, response);
    });
    server.keepAliveTimeout = 120_000;
    server.on('connection', () => this.connections++);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#port, '127.0.0.2', 4096, resolve));
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
    return this;
  }

  /** Connections that are open now. */
  open(): Promise<number> {
    const server = this.#server;
    return new Promise((resolve) => (server === undefined ? resolve(0) : server.getConnections((_error, count) => resolve(count))));
  }

  /** Resolves when the port refuses. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  close(): Promise<void> {
    return this.die();
  }
}

export async function startMortals(...names: string[]): Promise<MortalUpstream[]> {
  return Promise.all(names.map((name) => open(new MortalUpstream(name)).live()));
}
