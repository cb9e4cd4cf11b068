// How bodies are received: in one piece that can be handed on, and never more of them at a time than there is room for.

import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BodyRoom } from '../../../src/admin/body-room.ts';
import { ManualClock } from '../../scaffold/manual-clock.ts';
import { closeAdmins, openAdmin } from './open-admin.ts';
import { FakeControl } from './fake-control.ts';

afterEach(closeAdmins);

const MIB = 1024 * 1024;

describe('room for bodies', () => {
  const told = async (taken: Promise<boolean>): Promise<boolean | 'waits'> =>
    Promise.race([taken, new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')))]);

  test('is for one whole config of operators at a time, and one more of admins', async () => {
    const room = new BodyRoom(new ManualClock());
    expect(await told(room.take(8 * MIB, 'operator'))).toBe(true);
    const second = room.take(8 * MIB, 'operator');
    const small = room.take(MIB, 'operator');
    expect([await told(second), await told(small)]).toEqual(['waits', 'waits']);
    expect(await told(room.take(8 * MIB, 'admin'))).toBe(true);
    expect(await told(room.take(MIB / 4, 'viewer'))).toBe('waits');
    room.giveBack(8 * MIB);
    room.giveBack(8 * MIB);
    expect([await told(second), await told(small)]).toEqual([true, true]);
  });

  test('is not waited for without end, and who has given up takes none', async () => {
    const clock = new ManualClock();
    const room = new BodyRoom(clock);
    await room.take(8 * MIB, 'operator');
    const second = room.take(8 * MIB, 'operator');
    clock.advance(5_000);
    expect(await second).toBe(false);
    room.giveBack(8 * MIB);
    expect(await told(room.take(8 * MIB, 'operator'))).toBe(true);
  });
});

class ManyBytes extends FakeControl {
  readonly documents: unknown[] = [];

  override async change(asked: Parameters<FakeControl['change']>[0]): ReturnType<FakeControl['change']> {
    if (asked.change.kind === 'config') this.documents.push(asked.change.document);
    return super.change(asked);
  }
}

test('a long config is handed on as bytes, which are gone after the response', async () => {
  const control = new ManyBytes();
  const { ask } = await openAdmin({ control });
  const body = `a: 1 # ${'é'.repeat(100_000)}`;
  const headers = { 'content-type': 'application/yaml' };
  expect((await ask('/v1/config', { method: 'PUT', headers, body })).status).toBe(200);
  expect((await ask('/v1/config', { method: 'PUT', headers, body: 'a: 1' })).status).toBe(200);
  const [long, short] = control.documents as [Uint8Array, string];
  expect(long).toBeInstanceOf(Uint8Array);
  expect(long.buffer).toMatchObject({ detached: true });
  expect(short).toBe('a: 1');
});

test('a body that is too long for the room waits with its client, and comes in when another is over', async () => {
  const { port, control, ask } = await openAdmin({});
  const open = (): ReturnType<typeof connect> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `PUT /v1/config HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/yaml\r\ncontent-length: ${8 * MIB}\r\nconnection: close\r\n\r\n`,
    );
    return socket.on('error', () => undefined);
  };
  const [first, second] = [open(), open()];
  second.write(Buffer.alloc(8 * MIB, '#'));
  // What both have sent was seen: the call behind it has its response. One of them has the room; the other one is not read.
  await ask('/v1/pools');
  await ask('/v1/pools');
  expect(control.orders).toEqual([]);
  first.destroy();
  await vi.waitFor(() => expect(control.orders).toHaveLength(1), 10_000);
  second.destroy();
});
