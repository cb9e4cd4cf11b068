// The flood: PORT CONNECTIONS. Opens all of them, sends the first message of a TLS handshake on each, and nothing more.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { duplexPair } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';

/** That connect at a time. */
const CONNECTING = 200;
const ADDRESSES = 100;

const [port, connections] = process.argv.slice(2).map(Number);
// It shares the machine with those whose wait is measured.
setPriority(10);
const [below, heard] = duplexPair();
connectSecurely({ socket: below, servername: 'bench.test' }).on('error', () => undefined);
const [hello] = (await once(heard, 'data')) as [Buffer];
const open: Socket[] = [];
await Promise.all(Array.from({ length: CONNECTING }, work));

async function work(): Promise<void> {
  while (open.length < connections!) {
    const socket = connect({ host: '127.0.0.1', port: port!, localAddress: `127.0.0.${2 + (open.length % ADDRESSES)}` });
    open.push(socket.on('error', () => undefined));
    await once(socket, 'connect').catch(() => undefined);
    socket.resume().write(hello);
  }
}
