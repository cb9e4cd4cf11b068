// What a byte stream promises, kept over TLS in all its forms: on the handle of a connection, and around a socket, as on a Node whose private
// parts have changed.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerSide } from '../../../../src/net/accepted.ts';
import { avoidPrivateParts } from '../../../../src/net/private-parts.ts';
import { NamedSide } from '../../../../src/net/tls/server-side.ts';
import { eventually } from '../../../flow/scaffold/eventually.ts';
import { closeAll } from '../../../flow/scaffold/open.ts';
import { clientHello } from '../../../flow/scaffold/secure-client.ts';
import type { Wire } from '../../../flow/scaffold/wire.ts';
import { ASKING, acceptSecure, dialSecure } from './accept-secure.ts';
import type { Secured } from './accept-secure.ts';

afterEach(closeAll);

describe.each([
  ['by handle', false],
  ['by events', true],
] as const)('%s', (_form, isPlain) => {
  let undo: () => void = () => undefined;
  beforeEach(() => {
    if (isPlain) undo = avoidPrivateParts();
  });
  afterEach(() => undo());

  async function accept(): Promise<Secured & { wire: Wire; socket: TLSSocket; reset: () => void }> {
    const side: ServerSide = new NamedSide(ASKING);
    const { port, secured } = await acceptSecure(side);
    const client = await dialSecure(port, { ALPNProtocols: ['http/1.1'] });
    await eventually('the connection', () => secured.length === 1);
    return { ...secured[0]!, ...client };
  }

  it('reads and writes text and bytes, and says what TLS it is', async () => {
    const { stream, owner, wire } = await accept();
    await wire.write('ask');
    await eventually('the read', () => owner.text === 'ask');
    stream.writeText('\xe4', 'latin1');
    stream.writeText('\xe4', 'utf8');
    stream.writeBytes(Buffer.from('!'));
    expect(await wire.read(4)).toBe('\xe4\xc3\xa4!');
    expect([stream.version, stream.protocol, stream.resumed, stream.certificate]).toEqual(['TLSv1.3', 'http/1.1', false, undefined]);
    expect(stream.cipher).toMatch(/^TLS_/);
  });

  it('says when what it wrote has left, and drains after a write that returned false', async () => {
    const { stream, owner, wire } = await accept();
    wire.pause();
    let flushed = 0;
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
    expect(stream.writeBytes(bytes, () => flushed++)).toBe(false);
    expect(stream.needsDrain).toBe(true);
    wire.resume();
    await eventually('the drain', () => owner.events.includes('drain'));
    expect([flushed, stream.unsentBytes, stream.needsDrain]).toEqual([1, 0, false]);
  });

  it('is half-open: after the end of the client it still writes, then ends its own side', async () => {
    const { stream, owner, wire } = await accept();
    wire.socket.allowHalfOpen = true;
    wire.end();
    await eventually('the end', () => owner.events.includes('end'));
    stream.writeText('late', 'latin1');
    stream.end();
    expect(await wire.readRest()).toBe('late');
    await eventually('the close', () => owner.events.includes('gone'));
    expect(owner.events).toEqual(['end', 'gone']);
  });

  it('reads nothing while it is paused, nor more after an owner that wants no more', async () => {
    const { stream, owner, wire } = await accept();
    stream.pause();
    await wire.write('wait');
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect(owner.text).toBe('');
    owner.wantsMore = false;
    stream.resume();
    await eventually('the read', () => owner.text === 'wait');
    await wire.write('more');
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => void setImmediate(resolve));
    expect(owner.text).toBe('wait');
    stream.resume();
    await eventually('the rest', () => owner.text === 'waitmore');
  });

  it('is gone, once, when it is destroyed, aborted or reset', async () => {
    const ends: ((one: Awaited<ReturnType<typeof accept>>) => void)[] = [
      ({ stream }) => (stream.destroy(), stream.destroy()),
      ({ stream }) => stream.abort(),
      ({ reset }) => reset(),
    ];
    for (const end of ends) {
      const one = await accept();
      end(one);
      await eventually('the close', () => one.owner.events.includes('gone'));
      expect(one.owner.events).toEqual(['gone']);
    }
  });

  it('is gone when what comes is no longer TLS', async () => {
    const { owner, socket } = await accept();
    (socket as unknown as { _parent: { write(text: string): void } })._parent.write('no record of TLS at all');
    await eventually('the close', () => owner.events.includes('gone'));
    expect(owner.text).toBe('');
  });
});

it.each([false, true])('a handshake that fails, or whose client goes, is told once (plain: %s)', async (isPlain) => {
  const undo = isPlain ? avoidPrivateParts() : () => undefined;
  const { port, secured, failed } = await acceptSecure(new NamedSide(ASKING));
  await expect(dialSecure(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' })).rejects.toThrow();
  await eventually('the failure', () => failed.length === 1);
  expect(failed[0]).toMatch(/SHARED_CIPHER/);
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    failed.length = 0;
    const client = connect({ host: '127.0.0.1', port }).on('error', () => undefined);
    client.write(await clientHello('a.test'));
    // The first message of the server.
    await once(client, 'data');
    client[leave]();
    await eventually('the failure', () => failed.length > 0);
    expect(failed).toEqual(['ECONNRESET']);
    client.destroy();
  }
  expect(secured).toEqual([]);
  undo();
});
