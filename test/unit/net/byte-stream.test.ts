// What a byte stream promises, kept in both its forms: by callback, and by plain events as on a Node whose private parts have changed.

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ByteStream, StreamOwner } from '../../../src/net/byte-stream.ts';
import { plainAddress } from '../../../src/net/connection-ends.ts';
import { connect } from '../../../src/net/connect.ts';
import { CallbackStream } from '../../../src/net/callback-stream.ts';
import { EventStream } from '../../../src/net/event-stream.ts';
import { ListeningSocket } from '../../../src/net/listening-socket.ts';
import { avoidPrivateParts } from '../../../src/net/private-parts.ts';
import { connectAt } from '../../flow/scaffold/client.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import { Recorder } from './recorder.ts';

afterEach(closeAll);

interface Accepted {
  readonly stream: ByteStream;
  readonly owner: Recorder;
}

async function listen(): Promise<{ port: number; listening: ListeningSocket; accepted: Accepted[] }> {
  const accepted: Accepted[] = [];
  const listening = new ListeningSocket({
    onAccepted: (connection) => {
      const stream = connection.open();
      const owner = new Recorder();
      stream.owner = owner;
      accepted.push({ stream, owner });
    },
    onAcceptFailed: () => undefined,
    onListenFailed: () => undefined,
  });
  const port = await listening.open({ host: '127.0.0.1', port: 0, reusePort: false });
  open({
    close: () => {
      for (const { stream } of accepted) stream.destroy();
      return Promise.resolve(listening.close());
    },
  });
  return { port, listening, accepted };
}

async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open({ close: () => Promise.resolve(void socket.destroy()) });
    onSocket(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open({ close: () => Promise.resolve(void server.close()) });
  return (server.address() as AddressInfo).port;
}

function dial(port: number, memory: Buffer): Accepted {
  const owner = new Recorder();
  const stream = connect({ kind: 'tcp', host: '127.0.0.1', port }, memory, owner);
  open({ close: () => Promise.resolve(stream.destroy()) });
  return { stream, owner };
}

describe.each([
  ['by callback', CallbackStream, () => () => undefined],
  ['by events', EventStream, avoidPrivateParts],
] as const)('%s', (_form, form, prepare) => {
  let undo: () => void;
  beforeEach(() => {
    undo = prepare();
  });
  afterEach(() => undo());

  describe('an accepted stream', () => {
    async function accept(): Promise<Accepted & { client: Awaited<ReturnType<typeof connectAt>> }> {
      const { port, listening, accepted } = await listen();
      listening.start();
      const client = await connectAt({ host: '127.0.0.1', port });
      await eventually('the connection', () => accepted.length === 1);
      return { ...accepted[0]!, client };
    }

    it('is of this form, knows its peer, reads and writes text and bytes', async () => {
      const { stream, owner, client } = await accept();
      expect(stream).toBeInstanceOf(form);
      expect(stream.peer).toBe('127.0.0.1');
      await client.write('ask');
      await eventually('the read', () => owner.text === 'ask');
      expect(stream.writeText('\xe4', 'latin1')).toBe(true);
      expect(stream.writeText('\xe4', 'utf8')).toBe(true);
      expect(stream.writeBytes(Buffer.from('!'))).toBe(true);
      expect(await client.read(4)).toBe('\xe4\xc3\xa4!');
      expect(stream.unsentBytes).toBe(0);
    });

    it('says when what it wrote has left, and drains after a write that returned false', async () => {
      const { stream, owner, client } = await accept();
      client.pause();
      let flushed = 0;
      const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
      expect(stream.writeBytes(bytes, () => flushed++)).toBe(false);
      expect(stream.needsDrain).toBe(true);
      expect(stream.unsentBytes).toBeGreaterThan(0);
      client.resume();
      await eventually('the drain', () => owner.events.includes('drain'));
      expect([flushed, stream.unsentBytes, stream.needsDrain]).toEqual([1, 0, false]);
    });

    it('is half-open: after the end of the client it still writes, then ends its own side', async () => {
      const { stream, owner, client } = await accept();
      client.end();
      await eventually('the end', () => owner.events.includes('end'));
      stream.writeText('late', 'latin1');
      stream.end();
      expect(await client.readRest()).toBe('late');
      await eventually('the close', () => owner.events.includes('gone'));
      expect(owner.events).toEqual(['end', 'gone']);
    });

    it('reads nothing while it is paused', async () => {
      const { stream, owner, client } = await accept();
      stream.pause();
      await client.write('wait');
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
      expect(owner.text).toBe('');
      stream.resume();
      await eventually('the read', () => owner.text === 'wait');
    });

    it('aborts with a reset', async () => {
      const { stream, owner, client } = await accept();
      stream.abort();
      await client.closed;
      expect(client.isReset).toBe(true);
      await eventually('the close', () => owner.events.includes('gone'));
    });

    it('is destroyed at once, and says so once', async () => {
      const { stream, owner, client } = await accept();
      stream.destroy();
      stream.destroy();
      await eventually('the close', () => client.ended && owner.events.includes('gone'));
      expect(owner.events).toEqual(['gone']);
    });

    it('outlives its listening socket, and tells when the client resets it', async () => {
      const { owner, client } = await accept();
      client.reset();
      await eventually('the close', () => owner.events.includes('gone'));
      expect(owner.events).toEqual(['gone']);
    });
  });

  it('what is accepted before `start` waits, with what it has sent', async () => {
    const { port, listening, accepted } = await listen();
    const client = await connectAt({ host: '127.0.0.1', port });
    await client.write('early');
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect(accepted).toEqual([]);
    listening.start();
    await eventually('the read', () => accepted[0]?.owner.text === 'early');
  });

  it('an address that is taken cannot be opened', async () => {
    const { port } = await listen();
    const acceptor = { onAccepted: () => undefined, onAcceptFailed: () => undefined, onListenFailed: () => undefined };
    await expect(new ListeningSocket(acceptor).open({ host: '127.0.0.1', port, reusePort: false })).rejects.toThrow(/EADDRINUSE/);
  });

  describe('a connecting stream', () => {
    it('connects, reads into the memory of its owner, and hears of the end', async () => {
      const port = await serve((socket) => socket.end('hello'));
      const memory = Buffer.alloc(16);
      const { stream, owner } = dial(port, memory);
      expect(stream).toBeInstanceOf(form);
      await eventually('the end', () => owner.events.includes('end'));
      expect(owner.text).toBe('hello');
      expect(memory.toString('latin1', 0, 5)).toBe('hello');
      expect(owner.events[0]).toBe('connected');
    });

    it('is told why it cannot connect, and is gone', async () => {
      const { owner } = dial(await freedPort(), Buffer.alloc(16));
      await eventually('the close', () => owner.events.includes('gone'));
      expect(owner.events).toEqual(['ECONNREFUSED', 'gone']);
    });

    it('never gives more than its memory holds, in order, whatever pauses in between', async () => {
      const sent = Array.from({ length: 20_000 }, (_, at) => String(at % 10)).join('');
      const port = await serve((socket) => socket.end(sent));
      const { stream, owner } = dial(port, Buffer.alloc(1000));
      owner.wantsMore = false;
      await eventually('the first part', () => owner.text !== '');
      await eventually('all of it', async () => {
        stream.resume();
        await new Promise((resolve) => void setImmediate(resolve));
        return owner.text.length === sent.length;
      });
      expect(owner.text).toBe(sent);
      expect(owner.most).toBeLessThanOrEqual(1000);
      stream.resume();
      await eventually('the end', () => owner.events.includes('end'));
    });

    it('reads what the peer has sent before it refused the rest', async () => {
      const port = await serve((socket) => {
        socket.pause();
        socket.end('no more');
      });
      const { stream, owner } = dial(port, Buffer.alloc(65536));
      await eventually('the connection', () => owner.events.includes('connected'));
      stream.writeBytes(Buffer.alloc(1024 * 1024));
      await eventually('the response', () => owner.text === 'no more');
    });
  });
});

it('an owner of an accepted stream needs no more than four calls', () => {
  const owner: StreamOwner = { onRead: () => true, onEnd: () => undefined, onDrain: () => undefined, onGone: () => undefined };
  expect(Object.keys(owner)).toHaveLength(4);
});

it.each([
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['10.0.0.1', '10.0.0.1'],
  ['::1', '::1'],
  ['', ''],
])('the plain form of %s is %s', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});

async function freedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
