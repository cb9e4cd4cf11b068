// How a listener finds the name in what a client sends first: in whatever pieces it comes, by when, and what becomes of what is none.

import fc from 'fast-check';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import { nowMs } from '../../../../src/lib/clock.ts';
import type { Accepted, FirstBytesOwner } from '../../../../src/net/accepted.ts';
import type { ByteStream, StreamOwner } from '../../../../src/net/byte-stream.ts';
import { PASSTHROUGH_CODES } from '../../../../src/telemetry/passthroughs.ts';
import { PeekedConnection } from '../../../../src/proxy/passthrough/peeked-connection.ts';
import type { PeekedOwner } from '../../../../src/proxy/passthrough/peeked-connection.ts';
import { DECODE_ERROR } from '../../../../src/tls/alerts.ts';
import { MAX_HELLO_BYTES } from '../../../../src/tls/client-hello.ts';
import { helloOf, inRecords } from '../../../scaffold/client-hello.ts';
import { SETTINGS } from '../fakes.ts';

let hello: Buffer;
let nameless: Buffer;
beforeAll(async () => {
  hello = await helloOf({ servername: 'Db.Example.test' });
  nameless = await helloOf({ servername: '' });
});

class FakeAccepted implements Accepted {
  readonly peer = '192.0.2.1';
  owner: FirstBytesOwner | undefined = undefined;
  readonly calls: string[] = [];
  written: Buffer = Buffer.alloc(0);
  streamOwner: StreamOwner | undefined = undefined;

  peek(owner: FirstBytesOwner): void {
    this.owner = owner;
  }

  open(): ByteStream {
    const accepted = this;
    const note = (call: string) => () => void this.calls.push(call);
    return {
      unsentBytes: 0,
      peer: this.peer,
      set owner(owner: StreamOwner) {
        accepted.streamOwner = owner;
      },
      writeBytes: (bytes: Buffer) => ((this.written = bytes), true),
      ...{ end: note('end'), resume: note('resume'), destroy: note('destroy'), abort: note('abort') },
    } as unknown as ByteStream;
  }

  secure(): never {
    throw new Error('nobody ends its TLS');
  }

  destroy(): void {
    this.calls.push('closed');
  }
}

let accepted: FakeAccepted;
let deadlines: Deadlines;
let told: string[];
let first: Buffer;

const owner = {
  settings: { ...SETTINGS, passthrough: 'sni', headerTimeoutMs: 1000 },
  counters: { passed: (code: number) => void told.push(PASSTHROUGH_CODES[code]!) },
  onNamed: (_: unknown, __: unknown, name: string, bytes: Buffer) => {
    told.push(`name ${name}`);
    first = bytes;
  },
  onOpeningFailed: () => void told.push('failed'),
} as unknown as PeekedOwner;

function begin(bytes = Buffer.alloc(0)): PeekedConnection {
  accepted = new FakeAccepted();
  deadlines = new Deadlines();
  told = [];
  const connection = new PeekedConnection({ ...owner, context: { deadlines } } as unknown as PeekedOwner, accepted, {
    peer: '192.0.2.1',
    named: undefined,
  });
  connection.begin(bytes);
  return connection;
}

beforeEach(() => void begin());

function send(bytes: Buffer, cuts: readonly number[]): void {
  const places = [...new Set([0, ...cuts.map((cut) => cut % bytes.length), bytes.length])].sort((a, b) => a - b);
  for (let at = 1; at < places.length && !told.some((each) => each !== ''); at++)
    accepted.owner!.onFirstBytes(Buffer.from(bytes.subarray(places[at - 1], places[at])));
}

test('the name is the same in whatever reads and records it comes, and no byte of it is lost', () => {
  const cuts = fc.array(fc.nat(5000), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, fc.option(fc.integer({ min: 40, max: 600 })), fc.boolean(), (reads, size, isFirst) => {
      const bytes = size === null ? hello : inRecords(hello, size);
      begin(isFirst ? Buffer.from(bytes.subarray(0, 7)) : undefined);
      send(isFirst ? bytes.subarray(7) : bytes, reads);
      expect(told).toEqual(['name db.example.test']);
      expect(first.equals(bytes)).toBe(true);
      expect(accepted.calls).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('one byte at a time, and what comes behind it', () => {
  for (const byte of hello.subarray(0, -1)) accepted.owner!.onFirstBytes(Buffer.from([byte]));
  expect(told).toEqual([]);
  accepted.owner!.onFirstBytes(Buffer.concat([hello.subarray(-1), Buffer.from('more')]));
  expect(told).toEqual(['name db.example.test']);
  expect(first.subarray(hello.length).toString()).toBe('more');
  begin();
  accepted.owner!.onFirstBytes(nameless);
  expect(told).toEqual(['name ']);
});

test('what is no TLS is closed at its first byte', () => {
  for (const text of ['GET / HTTP/1.1\r\n', '\0\0\0\x08', 'SSH-2.0-x', '\x80\x2e\x01']) {
    begin();
    accepted.owner!.onFirstBytes(Buffer.from(text, 'latin1'));
    expect([told, accepted.calls]).toEqual([['not_tls', 'failed'], ['closed']]);
  }
});

test('what is broken or too large hears so, in the words of TLS, and never more is kept than a first message may have', () => {
  const broken = Buffer.from(hello);
  broken[5] = 2;
  accepted.owner!.onFirstBytes(broken);
  expect([told, accepted.written, accepted.calls]).toEqual([['malformed'], DECODE_ERROR, ['end', 'resume']]);
  accepted.streamOwner!.onEnd();
  expect([told, accepted.calls.at(-1)]).toEqual([['malformed', 'failed'], 'destroy']);
  begin();
  const record = Buffer.concat([Buffer.from('160301100001003fff', 'hex'), Buffer.alloc(4092)]);
  let sent = 0;
  while (told.length === 0 && sent < 10 * MAX_HELLO_BYTES) {
    accepted.owner!.onFirstBytes(sent === 0 ? record : Buffer.concat([Buffer.from('1603011000', 'hex'), Buffer.alloc(4096)]));
    sent += 4101;
  }
  expect(told).toEqual(['malformed']);
  expect(sent).toBeLessThan(MAX_HELLO_BYTES + 4101);
});

test('a client that is silent or slow is gone at the deadline, whatever it has sent by then', () => {
  const late = (): void => deadlines.tick(nowMs() + 1100);
  late();
  expect([told, accepted.calls]).toEqual([['timeout', 'failed'], ['closed']]);
  begin();
  accepted.owner!.onFirstBytes(hello.subarray(0, 50));
  late();
  expect([told, accepted.calls]).toEqual([['timeout', 'failed'], ['closed']]);
  begin();
  accepted.owner!.onFirstGone();
  late();
  expect([told, accepted.calls]).toEqual([['gone', 'failed'], []]);
  const begun = begin();
  expect(begun.begun).toBe(false);
  begun.destroy();
  begun.destroy();
  expect([told, accepted.calls]).toEqual([['gone', 'failed'], ['closed']]);
});
