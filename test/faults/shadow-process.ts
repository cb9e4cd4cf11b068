// A shadow in a process of its own, so that what it does to Sluice is not also done to the test. The first element of the path says how it
// behaves: /hang, /drip, /reset, /endless, /flood (the same without saying how much), /slow, /garbage, /deaf; everything else gets a good response.
//
//   const shadow = await startShadowProcess();   shadow.address

import { fork } from 'node:child_process';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { open } from '../flow/scaffold/open.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nshadow';
const SLOW_MS = 50;
const BLOCK = Buffer.alloc(256 * 1024, 'b');

export interface ShadowProcess {
  readonly address: string;
  close(): Promise<void>;
}

export async function startShadowProcess(): Promise<ShadowProcess> {
  const child = fork(fileURLToPath(import.meta.url), [], { execArgv: [] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(message as number)));
  return open({
    address: `127.0.0.1:${port}`,
    close: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  });
}

/** Says where it listens; without a parent it is only imported. */
if (process.send !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = createServer(serve);
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as { readonly port: number }).port));
  process.on('disconnect', () => process.exit());
}

function serve(socket: Socket): void {
  let text = '';
  /** Of the body under way. */
  let left = 0;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    text = left >= bytes.length ? '' : text + bytes.toString('latin1', left);
    left = Math.max(0, left - bytes.length);
    for (let end = text.indexOf('\r\n\r\n'); end >= 0 && left === 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      const body = text.length - end - 4;
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      text = text.slice(end + 4 + length);
      left = Math.max(0, length - body);
      behave(socket, head.split(/[ /?]/)[2] ?? '');
    }
  });
}

function behave(socket: Socket, how: string): void {
  switch (how) {
    case 'hang':
      return;
    case 'drip': {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n');
      const dripping = setInterval(() => socket.write('x'), 1000);
      socket.on('close', () => clearInterval(dripping));
      return;
    }
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'endless':
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n');
      pour(socket);
      return;
    case 'flood':
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      pour(socket);
      return;
    case 'slow':
      setTimeout(() => socket.write(OK), SLOW_MS);
      return;
    case 'garbage':
      socket.write('HTTP/9.9 what\r\n\r\n');
      return;
    case 'deaf':
      socket.pause();
      return;
    default:
      socket.write(OK);
  }
}

function pour(socket: Socket): void {
  if (socket.destroyed) return;
  socket.write(BLOCK, (error) => {
    if (error === undefined || error === null) pour(socket);
  });
}
