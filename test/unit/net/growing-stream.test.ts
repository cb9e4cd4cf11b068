// Reads grow while a transfer fills its memory: large blocks, each with one user at a time, given back when they are not needed.

import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextTurn } from '../../../src/lib/clock.ts';
import type { ByteStream, StreamOwner } from '../../../src/net/byte-stream.ts';
import {
  LARGE_BYTES,
  MAX_LARGE_BLOCKS,
  canKeep,
  giveLarge,
  keepRead,
  loseLarge,
  takeLarge,
  usedLargeBlocks,
} from '../../../src/net/large-memory.ts';
import { ListeningSocket } from '../../../src/net/listening-socket.ts';
import { connectAt } from '../../flow/scaffold/client.ts';
import { eventually } from '../../flow/scaffold/eventually.ts';
import { closeAll, open } from '../../flow/scaffold/open.ts';
import type { Wire } from '../../flow/scaffold/wire.ts';

const SHARED_BYTES = 65_536;
const MIB = 1024 * 1024;

/** Copies what it reads, at once or, where it may keep the memory, when it gives that back. */
class Reader implements StreamOwner {
  stream!: ByteStream;
  readonly sizes: number[] = [];
  /** Large blocks that it has kept, and what of them has yet to be copied. */
  readonly kept: { readonly block: Buffer; readonly length: number; readonly at: number }[] = [];
  readonly received: Buffer;
  at = 0;
  gone = false;
  grows = (): boolean => true;
  keeps = (): boolean => false;
  onBytes = (): void => undefined;

  constructor(bytes: number) {
    this.received = Buffer.alloc(bytes);
  }

  onRead(bytes: Buffer, length: number): boolean {
    this.sizes.push(length);
    if (canKeep(bytes) && this.keeps()) {
      this.kept.push({ block: bytes, length, at: this.at });
      keepRead();
      expect(canKeep(bytes)).toBe(false);
    } else bytes.copy(this.received, this.at, 0, length);
    this.at += length;
    if (this.grows()) this.stream.growRead();
    this.onBytes();
    return true;
  }

  giveBack(): void {
    for (const { block, length, at } of this.kept.splice(0)) {
      block.copy(this.received, at, 0, length);
      giveLarge(block);
    }
  }

  onEnd(): void {}
  onDrain(): void {}
  onGone(): void {
    this.gone = true;
  }
}

let port: number;
let readers: Reader[];
let expected: number;

beforeEach(async () => {
  readers = [];
  expected = 8 * MIB;
  const listening = new ListeningSocket({
    onAccepted: (connection) => {
      const stream = connection.open();
      const reader = new Reader(expected);
      reader.stream = stream;
      stream.owner = reader;
      readers.push(reader);
    },
    onAcceptFailed: () => undefined,
    onListenFailed: () => undefined,
  });
  port = await listening.open({ host: '127.0.0.1', port: 0, reusePort: false });
  listening.start();
  open({
    close: () => {
      for (const { stream } of readers) stream.destroy();
      return Promise.resolve(listening.close());
    },
  });
});

afterEach(async () => {
  await closeAll();
  await eventually('blocks given back', () => usedLargeBlocks() === 0);
});

async function dial(): Promise<{ client: Wire; reader: Reader }> {
  const count = readers.length;
  const client = await connectAt({ host: '127.0.0.1', port });
  await eventually('the connection', () => readers.length > count);
  return { client, reader: readers[count]! };
}

/** So much waits at the reader before it reads on that reads are full. */
async function sendAtOnce(client: Wire, reader: Reader, bytes: Buffer): Promise<void> {
  reader.stream.pause();
  const sending = client.write(bytes);
  for (let turn = 0; turn < 20; turn++) await new Promise<void>(nextTurn);
  reader.stream.resume();
  await sending;
  await eventually('all bytes', () => reader.at >= bytes.length);
}

describe('a connection', () => {
  it('reads into larger memory while its owner asks and its reads are full', async () => {
    const { client, reader } = await dial();
    const bytes = randomBytes(4 * MIB);
    await sendAtOnce(client, reader, bytes);
    expect(reader.received.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(reader.sizes[0]).toBe(SHARED_BYTES);
    expect(Math.max(...reader.sizes)).toBe(LARGE_BYTES);
  });

  it('does not unless it is asked', async () => {
    const { client, reader } = await dial();
    reader.grows = () => false;
    await sendAtOnce(client, reader, randomBytes(MIB));
    expect(Math.max(...reader.sizes)).toBe(SHARED_BYTES);
    expect(usedLargeBlocks()).toBe(0);
  });

  it('does not while little comes, and then has no memory of its own', async () => {
    const { client, reader } = await dial();
    await sendAtOnce(client, reader, randomBytes(MIB));
    const before = reader.at;
    await client.write('little');
    await eventually('the read', () => reader.at === before + 6);
    expect(usedLargeBlocks()).toBe(0);
  });

  it('gives its memory back when it closes, kept or not', async () => {
    const { client, reader } = await dial();
    reader.onBytes = () => {
      if (reader.sizes.at(-1)! > SHARED_BYTES) reader.stream.destroy();
    };
    client.write(randomBytes(8 * MIB)).catch(() => undefined);
    await eventually('the end', () => reader.gone);
    expect(usedLargeBlocks()).toBe(0);
  });

  it('never reads into memory that somebody has kept, whatever the others read', async () => {
    const bytes = Array.from({ length: 6 }, () => randomBytes(expected));
    const pairs = [];
    for (const each of bytes) {
      const pair = await dial();
      const { reader, client } = pair;
      let reads = 0;
      reader.keeps = () => reads++ % 3 !== 2;
      reader.onBytes = () => {
        // Kept for some turns, with reading paused or not.
        if (reader.kept.length < 3) return;
        reader.stream.pause();
        nextTurn(() =>
          nextTurn(() => {
            reader.giveBack();
            reader.stream.resume();
          }),
        );
      };
      pairs.push({ ...pair, sending: client.write(each) });
    }
    for (const [index, { reader, sending }] of pairs.entries()) {
      await sending;
      await eventually('all bytes', () => reader.at === expected);
      reader.giveBack();
      expect(reader.received.equals(bytes[index]!), `connection ${index}`).toBe(true);
    }
  });

  it('reads on as before when all large memory is in use', async () => {
    const taken = Array.from({ length: MAX_LARGE_BLOCKS }, () => takeLarge());
    expect(takeLarge()).toBeUndefined();
    const { client, reader } = await dial();
    const bytes = randomBytes(2 * MIB);
    await sendAtOnce(client, reader, bytes);
    expect(reader.received.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(Math.max(...reader.sizes)).toBe(SHARED_BYTES);
    for (const block of taken) giveLarge(block!);
  });

  it('lets others come first after 2 MiB, and reads on in the next turn unless it is paused', async () => {
    const { client, reader } = await dial();
    let inTurn = 0;
    let mostInTurn = 0;
    const count = (): void => {
      mostInTurn = Math.max(mostInTurn, inTurn);
      inTurn = 0;
      if (reader.at < expected && !reader.gone) nextTurn(count);
    };
    reader.onBytes = () => (inTurn += reader.sizes.at(-1)!);
    count();
    await sendAtOnce(client, reader, randomBytes(expected));
    expect(mostInTurn).toBeGreaterThan(SHARED_BYTES);
    expect(mostInTurn).toBeLessThanOrEqual(2 * MIB + SHARED_BYTES);
  });

  it('stays paused by its owner while it lets others come first', async () => {
    const { client, reader } = await dial();
    let large = 0;
    reader.onBytes = () => {
      // The eighth large read is the last of a turn.
      if (reader.sizes.at(-1)! >= SHARED_BYTES && ++large === 9) reader.stream.pause();
    };
    client.write(randomBytes(expected)).catch(() => undefined);
    await eventually('the pause', () => large >= 9);
    const { at } = reader;
    for (let turn = 0; turn < 20; turn++) await new Promise<void>(nextTurn);
    expect(reader.at).toBe(at);
    reader.stream.resume();
    await eventually('all bytes', () => reader.at === expected);
  });
});

describe('large memory', () => {
  it('is bounded, and what is lost may be taken anew', () => {
    const taken = Array.from({ length: MAX_LARGE_BLOCKS + 1 }, () => takeLarge());
    expect(taken.pop()).toBeUndefined();
    expect(new Set(taken).size).toBe(MAX_LARGE_BLOCKS);
    loseLarge();
    const last = taken.pop();
    const fresh = takeLarge()!;
    expect([last, ...taken]).not.toContain(fresh);
    for (const block of [fresh, ...taken]) giveLarge(block!);
    expect(usedLargeBlocks()).toBe(0);
  });

  it('can be kept only while its read is passed on', () => {
    const block = takeLarge()!;
    expect(canKeep(block)).toBe(false);
    giveLarge(block);
  });
});
