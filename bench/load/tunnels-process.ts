// The generator of messages in tunnels: PORT CONNECTIONS SECONDS. The time runs from when all tunnels are open.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { CLIENT_FRAME, SERVER_FRAME, handshake } from './websocket.ts';

const [port = 0, connections = 0, seconds = 0] = process.argv.slice(2).map(Number);
const latencies: number[] = [];
let errors = 0;
let isOver = false;

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(handshake(port)));
    let head = '';
    socket.once('error', reject);
    socket.on('data', function read(bytes: Buffer) {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      socket.off('data', read);
      if (head.startsWith('HTTP/1.1 101 ')) resolve(socket);
      else reject(new Error(head));
    });
  });
}

/** One message after the other until the time is up. */
function work(socket: Socket): void {
  let sentMs = performance.now();
  let received = 0;
  socket.on('close', () => (errors += isOver ? 0 : 1));
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
    if (received < SERVER_FRAME.length) return;
    received -= SERVER_FRAME.length;
    const nowMs = performance.now();
    latencies.push(nowMs - sentMs);
    sentMs = nowMs;
    if (!isOver) socket.write(CLIENT_FRAME);
  });
  socket.write(CLIENT_FRAME);
}

const sockets = await Promise.all(Array.from({ length: connections }, open));
sockets.forEach(work);
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
isOver = true;
sockets.forEach((socket) => socket.destroy());
latencies.sort((a, b) => a - b);
const at = (share: number): number => Math.round((latencies[Math.floor(latencies.length * share)] ?? 0) * 1000);
console.log(`RESULT ${JSON.stringify({ requests: latencies.length, seconds, p50Micros: at(0.5), p99Micros: at(0.99), errors })}`);
