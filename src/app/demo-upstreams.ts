// The small applications of the demo: they say which version they are, and have items, of which v3 gets each tenth wrong. v4 fails a third.

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { wallMs } from '../lib/clock.ts';
import { newKey } from '../lib/random.ts';

export class DemoUpstream {
  readonly version: string;
  readonly #server: Server;
  #served = 0;

  constructor(version: string) {
    this.version = version;
    this.#server = createServer((request, response) => {
      request.resume();
      response.setHeader('x-version', version);
      const item = /^\/items\/([0-9]{1,9})$/.exec(request.url ?? '')?.[1];
      if (request.url === '/healthz') response.end('ok\n');
      else if (item !== undefined) response.setHeader('content-type', 'application/json').end(describeItem(version, Number(item)));
      else if (isBroken(version, ++this.#served)) response.writeHead(500).end(`${version} is broken\n`);
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

/** A bad release: one request in three. */
function isBroken(version: string, served: number): boolean {
  return version === 'v4' && served % 3 === 0;
}

/** Clock and number differ in each response, as in real applications. */
function describeItem(version: string, item: number): string {
  const price = (item % 97) + 0.5;
  const isWrong = version === 'v3' && item % 10 === 0;
  const shown = { item, price: isWrong ? String(price) : price, servedAt: new Date(wallMs()).toISOString(), response: newKey() };
  return `${JSON.stringify(shown)}\n`;
}
