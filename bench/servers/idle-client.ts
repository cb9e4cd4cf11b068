// Opens many connections, makes one request on each, or sends a message in a WebSocket, and keeps all open until it is killed. Prints
// `open N, failed N` when all had their turn. Usage: idle-client.ts PORT COUNT requests|tunnels

import { connect } from 'node:net';
import { requestHead } from '../load/request.ts';
import { CLIENT_FRAME, SERVER_FRAME, handshake } from '../load/websocket.ts';

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const AT_ONCE = 100;
// Each source address has its own range of ports, some 28,000 of them.
const PER_ADDRESS = 5_000;
const TIMEOUT_MS = 10_000;

const isTunnel = process.argv[4] === 'tunnels';
const head = isTunnel ? handshake(port) : requestHead({ port, path: '/', bodyBytes: 0 });
let next = 0;
let opened = 0;
let failed = 0;

for (let lane = 0; lane < AT_ONCE; lane++) openNext();

function openNext(): void {
  if (next === count) {
    if (opened + failed === count) console.log(`open ${opened}, failed ${failed}`);
    return;
  }
  const localAddress = `127.0.0.${2 + Math.floor(next++ / PER_ADDRESS)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(head));
  const settle = (error?: Error) => {
    socket.setTimeout(0);
    socket.removeAllListeners();
    socket.on('error', () => socket.destroy());
    if (error === undefined) opened++;
    else failed++;
    openNext();
  };
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no response in time')));
  if (!isTunnel) socket.once('data', () => settle());
  else
    socket.once('data', (bytes: Buffer) => {
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 101 ')) return settle(new Error('no tunnel'));
      socket.once('data', (echoed: Buffer) => settle(echoed.equals(SERVER_FRAME) ? undefined : new Error('not what was sent')));
      socket.write(CLIENT_FRAME);
    });
  socket.once('close', () => settle(new Error('closed')));
  socket.on('error', () => undefined);
}
