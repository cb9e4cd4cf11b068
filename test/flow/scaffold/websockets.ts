// WebSocket by the package `ws`, on both sides: what is said of frames here was not written by those who wrote Sluice.
//
//   const server = await startSockets('v1')      sends its name first, then every message back; server.address, server.sockets, server.closes
//   startSockets((request) => 'v1 …')            the name depends on the handshake
//   const socket = await openSocket(sluice)      an open client; socket.next() is the next message, socket.gone the code of its end
//   await refusal(sluice, options)               the status with which it is turned away

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ClientOptions, RawData } from 'ws';
import { within } from './eventually.ts';
import { open } from './open.ts';
import type { Sluice } from './sluice.ts';

export interface SocketServer {
  readonly address: string;
  readonly requests: readonly IncomingMessage[];
  /** Open ones. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Codes of those that have ended. */
  readonly closes: readonly number[];
}

/** @param name what it sends first @param tls certificate and key; default: plaintext */
export async function startSockets(name: string | ((request: IncomingMessage) => string), tls?: ServerOptions): Promise<SocketServer> {
  const nameFor = typeof name === 'string' ? () => name : name;
  const respond = (request: IncomingMessage, response: ServerResponse): void => void response.end(nameFor(request));
  const http = tls === undefined ? createServer(respond) : createSecureServer(tls, respond);
  const server = new WebSocketServer({ server: http, perMessageDeflate: true });
  const requests: IncomingMessage[] = [];
  const closes: number[] = [];
  server.on('connection', (socket, request) => {
    requests.push(request);
    socket.send(nameFor(request));
    socket.on('message', (content: Buffer, isBinary) => socket.send(content, { binary: isBinary }));
    socket.on('close', (code) => closes.push(code));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => http.close(resolve));
  };
  const address = `${tls === undefined ? '127.0.0.1' : 'localhost'}:${(http.address() as AddressInfo).port}`;
  return open({ address, requests, sockets: server.clients, closes, close });
}

export class ClientSocket {
  readonly socket: WebSocket;
  /** Resolves with the code of its end. */
  readonly gone: Promise<number>;
  goneAtMs = 0;
  readonly #messages: Buffer[] = [];
  #waiting: (() => void) | undefined = undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (content: RawData) => {
      this.#messages.push(content as Buffer);
      this.#waiting?.();
    });
    this.gone = new Promise((resolve) =>
      socket.on('close', (code) => {
        this.goneAtMs = performance.now();
        resolve(code);
      }),
    );
  }

  async next(): Promise<Buffer> {
    while (this.#messages.length === 0) await within('receive a message', new Promise<void>((resolve) => (this.#waiting = resolve)));
    return this.#messages.shift()!;
  }

  /** Sends a message, and returns what comes back. */
  async echo(content: string | Buffer): Promise<Buffer> {
    this.socket.send(content);
    return this.next();
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.gone;
  }
}

/** Its first message, the name of the server, is read. */
export async function openSocket(sluice: Sluice, options: SocketOptions = {}): Promise<ClientSocket & { readonly server: string }> {
  const client = new ClientSocket(connect(sluice, options));
  await within('open', new Promise<void>((resolve, reject) => client.socket.once('open', resolve).once('error', reject)));
  open(client);
  return Object.assign(client, { server: (await client.next()).toString() });
}

/** Status of the response to a handshake that is refused. */
export async function refusal(sluice: Sluice, options: SocketOptions = {}): Promise<number> {
  const socket = connect(sluice, options);
  socket.on('error', () => undefined);
  return within(
    'refuse',
    new Promise<number>((resolve, reject) => {
      socket.once('open', () => (socket.terminate(), reject(new Error('it is open'))));
      socket.once('unexpected-response', (request, response: IncomingMessage) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
    }),
  );
}

export interface SocketOptions extends ClientOptions {
  readonly path?: string;
  readonly servername?: string;
  readonly listener?: string;
  readonly scheme?: 'ws' | 'wss';
}

function connect(sluice: Sluice, { path = '/', listener, scheme = 'ws', ...options }: SocketOptions): WebSocket {
  return new WebSocket(`${scheme}://127.0.0.1:${sluice.portOf(listener)}${path}`, options);
}
