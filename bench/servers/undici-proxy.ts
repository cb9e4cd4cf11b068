// A proxy as a careful author writes it today: node:http in front, undici's `dispatch` behind, both streaming with back-pressure.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 256, pipelining: 1 });
const server = createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, forward);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${(server.address() as AddressInfo).port}`));

function forward(request: IncomingMessage, response: ServerResponse): void {
  const headers = endToEnd(request.rawHeaders);
  headers.push('x-forwarded-for', request.socket.remoteAddress ?? '');
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  const method = request.method ?? 'GET';
  pool.dispatch({ path: request.url ?? '/', method, headers, body: hasBody ? request : null }, new Response(response));
}

class Response implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#response.once('close', () => {
      if (!this.#response.writableEnded) controller.abort(new Error('the client went away'));
    });
    this.#response.on('drain', () => controller.resume());
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const raw = controller.rawHeaders as readonly (Buffer | string)[];
    this.#response.sendDate = false;
    this.#response.writeHead(status, endToEnd(raw.map(String)));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502).end();
  }
}

/** Names and values in turn, without what belongs to one connection. */
function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, raw[index + 1] ?? '');
  }
  return kept;
}
