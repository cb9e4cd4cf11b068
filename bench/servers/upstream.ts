// The application behind every proxy: as cheap as Node can make it, so that what is measured is the proxy.
// Keep-alive without pipelining; a body needs a Content-Length. `/large` returns 64 KiB, `/socket` becomes a WebSocket that sends each message
// back; anything else returns 13 bytes, after the whole request.

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { CLIENT_FRAME, SERVER_FRAME, SOCKET_PATH, SWITCH } from '../load/websocket.ts';

const SMALL = response('Hello, world!', 'text/plain; charset=utf-8');
const LARGE = response('x'.repeat(64 * 1024), 'application/octet-stream');

const server = createServer({ noDelay: true }, serve);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`port ${(server.address() as AddressInfo).port}`));

function serve(socket: Socket): void {
  let head = '';
  let bodyLeft = 0;
  let reply = SMALL;
  socket.on('error', () => socket.destroy());
  socket.on('data', function read(chunk: Buffer) {
    if (bodyLeft > 0) {
      bodyLeft -= chunk.length;
      if (bodyLeft <= 0) socket.write(reply);
      return;
    }
    head += chunk.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = contentLength(head);
    if (length < 0) return void socket.end('HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const path = head.indexOf(' ') + 1;
    if (head.startsWith(SOCKET_PATH, path)) {
      socket.off('data', read);
      return echo(socket);
    }
    reply = head.startsWith('/large', path) ? LARGE : SMALL;
    bodyLeft = length - (head.length - end - 4);
    head = '';
    if (bodyLeft <= 0) socket.write(reply);
  });
}

function echo(socket: Socket): void {
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    for (received += chunk.length; received >= CLIENT_FRAME.length; received -= CLIENT_FRAME.length) socket.write(SERVER_FRAME);
  });
  socket.write(SWITCH);
}

/** 0 when there is none, -1 for a body of unknown length. Only requests with a body are searched. */
function contentLength(head: string): number {
  if (head.startsWith('GET ')) return 0;
  const found = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (found !== null) return Number(found[1]);
  return /\r\ntransfer-encoding:/i.test(head) ? -1 : 0;
}

function response(body: string, type: string): Buffer {
  const fields = [
    'HTTP/1.1 200 OK',
    'Server: upstream',
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Cache-Control: max-age=0, private, must-revalidate',
    'ETag: W/"0815-4711"',
    'X-Request-Cost: 1',
  ];
  return Buffer.from(`${fields.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
