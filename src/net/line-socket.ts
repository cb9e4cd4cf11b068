// Lines of text over a Unix socket, between two processes of one user: out, and in within a bound.

import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

export interface LineOwner {
  onLine(line: string): void;
  /** A line was longer than it may be; the connection is closed. */
  onTooLong(): void;
  /** The other process has closed its side, or died. Nothing comes after it. */
  onGone(): void;
}

export class LineSocket {
  readonly #socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    // What an error means comes with the close.
    socket.on('error', () => undefined);
  }

  /** Once. @param maxLength of a line */
  open(owner: LineOwner, maxLength: number): void {
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#take(text, owner, maxLength));
    this.#socket.once('close', () => owner.onGone());
  }

  send(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`);
  }

  /** What was sent before still arrives. */
  end(): void {
    this.#socket.end();
  }

  /** Ends it now, whatever the other side does. */
  destroy(): void {
    this.#socket.destroy();
  }

  #take(text: string, owner: LineOwner, maxLength: number): void {
    this.#text += text;
    if (this.#text.length > maxLength) {
      this.#text = '';
      owner.onTooLong();
      this.#socket.destroy();
      return;
    }
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) owner.onLine(line);
  }
}

/** Undefined when nobody listens there. Rejects when it cannot be reached. */
export function connectLines(path: string): Promise<LineSocket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') resolve(undefined);
      else reject(error);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(new LineSocket(socket));
    });
  });
}

/** Rejects when the path cannot be bound. */
export function listenForLines(path: string, onConnected: (socket: LineSocket) => void): Promise<Pick<Server, 'close'>> {
  const server = createServer((socket) => onConnected(new LineSocket(socket)));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => resolve(server));
  });
}
