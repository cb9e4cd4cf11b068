// The three small applications of the demo: they say which version they are, and nothing else.

import { createServer } from 'node:http';
import type { Server } from 'node:http';

export class DemoUpstream {
  readonly version: string;
  readonly #server: Server;

  constructor(version: string) {
    this.version = version;
    this.#server = createServer((request, response) => {
      request.resume();
      response.setHeader('x-version', version);
      if (request.url === '/healthz') response.end('ok\n');
      else response.end(`hello from ${version}: ${request.method ?? ''} ${request.url ?? ''}\n`);
    });
    this.#server.keepAliveTimeout = 120_000;
  }

  /** Port it listens on. Rejects when `port` is taken; 0 lets the kernel choose. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
