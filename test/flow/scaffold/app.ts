// An application that can be asked for its health, and that dies and comes back at the same address.
//
//   const app = await startApp('a');             responds with its name and the request's id, to probes with `ok`
//   app.probe = (response) => response.writeHead(503).end();
//   await app.close(); await app.start();        as a killed process: the port refuses; then it is back
//   app.probes, app.requests, app.connections, app.accepted

import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { open } from './open.ts';

/** Connections leave from 127.0.0.1, so none can hold this port while the application is down, nor meet itself there. */
const HOST = '127.0.0.2';

export class App {
  readonly name: string;
  probe: (response: ServerResponse) => void = (response) => void response.end('ok');
  probes = 0;
  /** Others than probes. */
  requests = 0;
  /** Open now. */
  connections = 0;
  /** All that ever were. */
  accepted = 0;
  port = 0;
  #server: Server | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  get address(): string {
    return `${HOST}:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      if (request.url !== '/healthz') {
        this.requests++;
        response.setHeader('x-request-id', request.headers['x-request-id'] ?? '');
        return void response.end(this.name);
      }
      this.probes++;
      this.probe(response);
    });
    server.keepAliveTimeout = 120_000;
    server.on('connection', (socket) => {
      this.connections++;
      this.accepted++;
      socket.on('close', () => this.connections--);
    });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.port, HOST, resolve));
    this.port = (server.address() as { port: number }).port;
    this.#server = server;
    return this;
  }

  /** As a killed process: the port refuses, connections are gone. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }
}

export function startApp(name: string): Promise<App> {
  return open(new App(name)).start();
}

export function startApps(...names: string[]): Promise<App[]> {
  return Promise.all(names.map(startApp));
}
