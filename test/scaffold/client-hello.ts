// First messages of TLS clients: what real ones send, and the same cut and bent.
//
//   const hello = await helloOf({ servername: 'a.test' })      its bytes, as they came
//   inRecords(hello, 10)                                       the same message in records of at most 10 bytes

import { createServer } from 'node:net';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

/** What a real client sends first. */
export function helloOf(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', (bytes: Buffer) => {
          resolve(bytes);
          socket.destroy();
          server.close();
        });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }).on('error', () => undefined);
    });
  });
}

/** The same message cut into records of at most `size` bytes. */
export function inRecords(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(parts);
}
