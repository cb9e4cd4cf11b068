// Ports for programs that cannot be told to let the kernel choose, and the wait until they serve.

import { createServer } from 'node:net';
import { get } from 'node:http';
import { connect } from 'node:http2';
import { get as getSecurely } from 'node:https';
import type { Child } from './children.ts';
import { pause } from './children.ts';
import type { RunningRival } from '../rivals/rival.ts';

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      server.close(() => resolve(port));
    });
  });
}

type Manner = Pick<RunningRival, 'secure' | 'speaksHttp2Alone'>;

/** Resolves when a GET gets 200; rejects with what the process wrote when it ends or 20 s pass. */
export async function waitUntilServing(child: Child, port: number, path: string, how: Manner = {}): Promise<void> {
  const deadline = performance.now() + 20_000;
  let ended = false;
  void child.exited.then(() => (ended = true));
  let status = 0;
  while (status !== 200) {
    status = await (how.speaksHttp2Alone === true ? statusByHttp2(port, path) : statusOf(port, path, how.secure === true));
    if (ended) throw new Error(`ended before it served:\n${child.output()}`);
    if (performance.now() > deadline) throw new Error(`no 200 within 20 s, but ${status || 'no response'}:\n${child.output()}`);
    if (status !== 200) await pause(50);
  }
}

function statusOf(port: number, path: string, secure: boolean): Promise<number> {
  return new Promise((resolve) => {
    const where = { host: '127.0.0.1', port, path, agent: false as const, timeout: 1_000, rejectUnauthorized: false };
    const request = (secure ? getSecurely : get)(where, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(0));
  });
}

function statusByHttp2(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`).on('error', () => resolve(0));
    const stream = session.request({ ':path': path });
    stream.on('response', (head) => resolve(head[':status'] ?? 0)).on('error', () => resolve(0));
    stream.on('close', () => session.destroy()).resume();
  });
}
