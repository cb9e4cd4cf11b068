// Each part of Node that `net` leans on beyond the documentation: that it is there, and does what net takes it to do. A failure here
// says what a new Node has changed; src/net/private-parts.ts then serves by plain events until net is adapted.

import { Server, Socket, createServer } from 'node:net';
import type { AddressInfo, SocketConstructorOpts } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listeningHandle } from '../../../src/net/private-parts.ts';
import { keepAfterFailedWrite, tellEndAfterError } from '../../../src/net/socket-state.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';

afterEach(closeAll);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  return (server.address() as AddressInfo).port;
}

function dial(port: number): Socket {
  const socket = new Socket({ allowHalfOpen: true });
  socket.on('error', () => undefined);
  open({ close: () => Promise.resolve(void socket.destroy()) });
  return socket.connect({ host: '127.0.0.1', port });
}

interface Read {
  readonly of: unknown;
  readonly length: number;
  readonly buffer: Uint8Array;
  readonly text: string;
}

/** A server whose handles become sockets that read into `buffer`. */
async function acceptByHandle(buffer: Buffer): Promise<{ port: number; sockets: Socket[]; reads: Read[]; more: { wanted: boolean } }> {
  const server = new Server();
  const port = await listen(server);
  const sockets: Socket[] = [];
  const reads: Read[] = [];
  const more = { wanted: true };
  function callback(this: unknown, length: number, bytes: Uint8Array): boolean {
    reads.push({ of: this, length, buffer: bytes, text: Buffer.from(bytes.subarray(0, length)).toString() });
    return more.wanted;
  }
  listeningHandle(server)!.onconnection = (_error, handle) => {
    const socket = new Socket({ handle, allowHalfOpen: true, onread: { buffer, callback } } as unknown as SocketConstructorOpts);
    socket.on('error', () => undefined);
    open({ close: () => Promise.resolve(void socket.destroy()) });
    sockets.push(socket);
  };
  return { port, sockets, reads, more };
}

describe('server._handle.onconnection', () => {
  it('is a function of a handle that a listening server has, and that none has before', async () => {
    const server = new Server();
    expect(listeningHandle(server)).toBeUndefined();
    await listen(server);
    expect(listeningHandle(server)?.onconnection).toBeTypeOf('function');
  });

  it('hears of each connection: 0 and the handle of the connection', async () => {
    const server = new Server();
    const port = await listen(server);
    const heard: unknown[] = [];
    listeningHandle(server)!.onconnection = (error, handle) => {
      heard.push(error, typeof handle);
      (handle as { close(): void }).close();
    };
    dial(port);
    await eventually('the call', () => heard.length > 0);
    expect(heard).toEqual([0, 'object']);
  });

  it('takes the place of the event', async () => {
    let events = 0;
    const server = createServer(() => events++);
    const port = await listen(server);
    let calls = 0;
    listeningHandle(server)!.onconnection = (_error, handle) => {
      calls++;
      (handle as { close(): void }).close();
    };
    dial(port);
    await eventually('the call', () => calls === 1);
    expect(events).toBe(0);
  });
});

describe('new Socket({ handle, onread })', () => {
  it('reads into the buffer that it was given, and calls with the socket as `this`', async () => {
    const buffer = Buffer.alloc(65536);
    const { port, sockets, reads } = await acceptByHandle(buffer);
    dial(port).write('hello');
    await eventually('the read', () => reads.length === 1);
    expect(reads[0]).toMatchObject({ length: 5, text: 'hello' });
    expect(reads[0]!.of).toBe(sockets[0]);
    expect(reads[0]!.buffer).toBe(buffer);
  });

  it('shares one buffer with others', async () => {
    const { port, sockets, reads } = await acceptByHandle(Buffer.alloc(65536));
    dial(port).write('first');
    await eventually('the first read', () => reads.length === 1);
    dial(port).write('second');
    await eventually('the second read', () => reads.length === 2);
    expect(reads.map(({ text }) => text)).toEqual(['first', 'second']);
    expect(reads[1]!.of).toBe(sockets[1]);
  });

  it('writes, knows its peer, and ends its side without closing the other', async () => {
    const { port, sockets } = await acceptByHandle(Buffer.alloc(65536));
    const client = dial(port);
    let received = '';
    let ended = false;
    client.on('data', (bytes) => (received += bytes.toString())).on('end', () => (ended = true));
    await eventually('the connection', () => sockets.length === 1);
    const socket = sockets[0]!;
    expect(socket.remoteAddress).toBe('127.0.0.1');
    socket.end('bye');
    await eventually('the end', () => ended);
    expect(received).toBe('bye');
    expect(socket.destroyed).toBe(false);
  });

  it('reads no more after false, until it is resumed', async () => {
    const { port, sockets, reads, more } = await acceptByHandle(Buffer.alloc(4));
    more.wanted = false;
    const client = dial(port);
    client.write('one');
    await eventually('the read', () => reads.length === 1);
    await new Promise<void>((resolve) => void client.write('two', () => resolve()));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect(reads).toHaveLength(1);
    more.wanted = true;
    sockets[0]!.resume();
    await eventually('the next read', () => reads.length === 2);
    expect(reads[1]!.text).toBe('two');
  });

  it('stops by `pause` and tells the end of the peer', async () => {
    const { port, sockets, reads } = await acceptByHandle(Buffer.alloc(65536));
    const client = dial(port);
    await eventually('the connection', () => sockets.length === 1);
    let ended = false;
    sockets[0]!.on('end', () => (ended = true)).pause();
    await new Promise<void>((resolve) => void client.end('late', () => resolve()));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect([reads.length, ended]).toEqual([0, false]);
    sockets[0]!.resume();
    await eventually('the end', () => ended);
    expect(reads.map(({ text }) => text)).toEqual(['late']);
  });
});

describe('socket._writableState and _readableState', () => {
  it.each(['_writableState', '_readableState'] as const)('%s has autoDestroy, which is true, and errored', (name) => {
    const state = (new Socket() as unknown as Record<typeof name, Record<string, unknown> | undefined>)[name];
    expect(state?.['autoDestroy']).toBe(true);
    expect(state?.['errored']).toBeNull();
  });

  it('autoDestroy false keeps a socket whose write has failed, and errored null lets it tell the end', async () => {
    const { socket, seen } = await writeToClosed((each) => keepAfterFailedWrite(each));
    await eventually('the end', () => seen.includes('end'));
    expect(seen[0]).toBe('error');
    expect(seen.join('')).toContain('response');
    socket.destroy();
  });
});

/** A client that writes to a peer which has responded, ended and closed for writing of ours: its write fails, the response lies unread. */
async function writeToClosed(prepare: (socket: Socket) => void): Promise<{ socket: Socket; seen: string[] }> {
  const server = createServer((peer) => {
    peer.on('error', () => undefined).end('response');
  });
  const port = await listen(server);
  const socket = dial(port);
  const seen: string[] = [];
  prepare(socket);
  socket.pause();
  socket.on('error', () => {
    tellEndAfterError(socket);
    seen.push('error');
    socket.resume();
  });
  socket.on('data', (bytes) => seen.push(bytes.toString())).on('end', () => seen.push('end'));
  await new Promise<void>((resolve) => void socket.once('connect', resolve));
  // Our own side is shut, as the kernel shuts it after a reset: the next write fails with EPIPE, and reading is not touched.
  const { _handle: handle } = socket as unknown as { _handle: { writeLatin1String: (request: object, text: string) => number } };
  handle.writeLatin1String = () => -32;
  socket.write('more', 'latin1');
  return { socket, seen };
}
