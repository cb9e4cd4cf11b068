// The child of crowd.ts: many clients in a process of their own, so that their memory and descriptors are not the test's.
// Orders come as messages; each gets one message back when it is done.

import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type CrowdOrder =
  /** Opens connections, sends `request` on each, and waits for the end of a response's head (or for nothing, when it is empty). */
  | { readonly kind: 'open'; readonly port: number; readonly count: number; readonly request: string }
  /** The same without waiting for anything: each sends `bytes` (latin1), and may be closed for it. */
  | { readonly kind: 'begin'; readonly port: number; readonly count: number; readonly bytes: string }
  /** All read `bytes` every `everyMs` from here on. */
  | { readonly kind: 'sip'; readonly everyMs: number }
  /** All read as fast as they can until the peers end; returns how many bytes each has read at least and at most. */
  | { readonly kind: 'gulp' }
  | { readonly kind: 'leave' };

export interface CrowdResponse {
  readonly open: number;
  readonly least: number;
  readonly most: number;
}

interface Client {
  readonly socket: Socket;
  bytes: number;
  ended: boolean;
}

/** Distinct source addresses, lest ports run out. */
const PER_ADDRESS = 20_000;
const AT_ONCE = 200;

let clients: Client[] = [];
let sipping: NodeJS.Timeout | undefined;

if (process.send !== undefined) {
  process.on('message', (order: CrowdOrder) => {
    obey(order).then(
      () => process.send?.(count()),
      (error: unknown) => {
        process.stderr.write(`crowd: ${String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit());
}

async function obey(order: CrowdOrder): Promise<void> {
  switch (order.kind) {
    case 'open':
      for (let begun = 0; begun < order.count; begun += AT_ONCE) {
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, order.count - begun) }, () => openOne(order.port, order.request)));
      }
      return;
    case 'begin':
      await Promise.all(Array.from({ length: order.count }, () => beginOne(order.port, Buffer.from(order.bytes, 'latin1'))));
      return;
    case 'sip':
      for (const { socket } of clients) socket.pause();
      sipping = setInterval(() => clients.forEach(({ socket }) => void socket.resume()), order.everyMs);
      return;
    case 'gulp':
      clearInterval(sipping);
      sipping = undefined;
      await Promise.all(clients.map((client) => gulp(client)));
      return;
    case 'leave':
      clearInterval(sipping);
      sipping = undefined;
      await Promise.all(
        clients.map(({ socket }) => new Promise((resolve) => (socket.destroyed ? resolve(0) : socket.once('close', resolve).destroy()))),
      );
      clients = [];
  }
}

function beginOne(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const client: Client = { socket, bytes: 0, ended: false };
    clients.push(client);
    socket.on('error', () => undefined).resume();
    socket.on('close', () => ((client.ended = true), resolve()));
    socket.write(bytes, () => resolve());
  });
}

function openOne(port: number, request: string): Promise<void> {
  const source = `127.0.0.${2 + Math.floor(clients.length / PER_ADDRESS)}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: source });
    const client: Client = { socket, bytes: 0, ended: false };
    clients.push(client);
    socket.once('error', reject);
    socket.once('connect', () => (request === '' ? resolve() : void socket.write(request)));
    socket.on('data', (bytes: Buffer) => {
      if (client.bytes === 0) resolve();
      client.bytes += bytes.length;
      if (sipping !== undefined) socket.pause();
    });
    socket.on('close', () => (client.ended = true));
  });
}

function gulp({ socket, ended }: Client): Promise<void> {
  return new Promise((resolve) => {
    if (ended) return resolve();
    socket.once('close', () => resolve());
    socket.resume();
  });
}

function count(): CrowdResponse {
  const bytes = clients.map((client) => client.bytes);
  return {
    open: clients.filter((client) => !client.ended).length,
    least: bytes.reduce((least, each) => Math.min(least, each), Infinity),
    most: bytes.reduce((most, each) => Math.max(most, each), 0),
  };
}
