// A tunnel between two streams that a test holds: what passes, who waits, and how it ends when we end it.

import { beforeEach, describe, expect, test } from 'vitest';
import { Deadlines } from '../../../../src/lib/deadlines.ts';
import { nowMs } from '../../../../src/lib/clock.ts';
import type { ByteStream, StreamOwner } from '../../../../src/net/byte-stream.ts';
import { closeFrame } from '../../../../src/proxy/tunnel/frames.ts';
import { Tunnel } from '../../../../src/proxy/tunnel/tunnel.ts';
import { counting } from '../fakes.ts';

class FakeEnd {
  owner: StreamOwner | undefined = undefined;
  written = '';
  calls: string[] = [];
  unsentBytes = 0;

  get real(): ByteStream {
    return this as unknown as ByteStream;
  }

  writeText(text: string): boolean {
    this.written += text;
    return this.unsentBytes === 0;
  }

  writeBytes(bytes: Buffer): boolean {
    return this.writeText(bytes.toString('latin1'));
  }

  pause(): void {
    this.calls.push('pause');
  }

  resume(): void {
    this.calls.push('resume');
  }

  end(): void {
    this.calls.push('end');
  }

  keepHalfOpen(): void {}

  /** The peer sends this; the memory is another's at once. */
  receives(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.owner!.onRead(bytes, bytes.length);
    bytes.fill('#');
  }
}

let client: FakeEnd;
let upstream: FakeEnd;
let ends: string[];
let calls: string[];
let deadlines: Deadlines;

function open(isWebSocket: boolean, idleMs = 0): Tunnel {
  const tunnel = new Tunnel({
    client: client.real,
    upstream: upstream.real,
    isWebSocket,
    idleMs,
    deadlines,
    counters: counting(calls, 'version'),
    onFinished: (_tunnel, { code }) => void ends.push(code),
    onFault: (error) => {
      throw error;
    },
  });
  tunnel.open();
  return tunnel;
}

/** As if this time had passed. */
const pass = (ms: number): void => deadlines.tick(nowMs() + ms);

beforeEach(() => {
  [client, upstream, ends, calls] = [new FakeEnd(), new FakeEnd(), [], []];
  deadlines = new Deadlines();
  deadlines.close();
});

/** A frame of a server with a payload of `length`. */
const frame = (length: number): string => '\x82' + String.fromCharCode(length) + 'x'.repeat(length);
const CLOSE = closeFrame(1012, 'server');

test('bytes pass in both directions, and are counted', () => {
  open(false);
  client.receives('question');
  upstream.receives('answer' + 'y'.repeat(100_000));
  expect(upstream.written).toBe('question');
  expect(client.written).toBe('answer' + 'y'.repeat(100_000));
  expect(calls).toEqual(['version.tunnelReceived(8)', 'version.tunnelSent(100006)']);
});

test('who sends waits for who takes nothing, in that direction alone', () => {
  open(false);
  client.unsentBytes = 1;
  upstream.receives('a');
  expect(upstream.calls).toEqual(['pause']);
  client.receives('b');
  expect([upstream.written, client.calls]).toEqual(['b', []]);
  client.owner!.onDrain();
  expect(upstream.calls).toEqual(['pause', 'resume']);
});

test('one side ends by itself; both, or one that is gone, end the tunnel', () => {
  open(false);
  upstream.owner!.onEnd();
  client.receives('more');
  expect([client.calls, upstream.written, ends]).toEqual([['end'], 'more', []]);
  client.owner!.onEnd();
  expect(ends).toEqual(['upstream']);
  open(false);
  client.owner!.onGone();
  expect(ends).toEqual(['upstream', 'client']);
});

test('an upstream that has yet to take bytes has time while it takes some', () => {
  open(false);
  upstream.unsentBytes = 1000;
  upstream.owner!.onEnd();
  client.owner!.onEnd();
  expect(ends).toEqual([]);
  upstream.unsentBytes = 500;
  pass(2100);
  expect(ends).toEqual([]);
  pass(4200);
  expect(ends).toEqual(['upstream']);
});

test('who has said that it closes ended it, whoever closes first', () => {
  open(true);
  client.receives(closeFrame(1000, 'client'));
  upstream.receives(closeFrame(1000, 'server'));
  upstream.owner!.onEnd();
  client.owner!.onEnd();
  expect(ends).toEqual(['client']);
});

test('a failed write leaves time to read what the peer has sent', () => {
  open(false);
  (upstream.owner as unknown as { onError(): void }).onError();
  client.receives('lost');
  upstream.receives('last words');
  expect([client.written, upstream.written, ends]).toEqual(['last words', '', []]);
  pass(2100);
  expect(ends).toEqual(['upstream']);
});

describe('a drain', () => {
  test('says 1012 to both, and waits for their ends', () => {
    const tunnel = open(true);
    tunnel.leave(1000);
    pass(1100);
    expect(client.written).toBe(CLOSE);
    expect(upstream.written).toMatch(/^\x88\x82[^]{6}$/);
    expect([client.calls, upstream.calls]).toEqual([['end'], ['end']]);
    // What they say after that is for nobody.
    client.receives(closeFrame(1012, 'client'));
    upstream.receives(frame(5));
    expect(client.written).toBe(CLOSE);
    expect(ends).toEqual([]);
    client.owner!.onEnd();
    upstream.owner!.onEnd();
    expect(ends).toEqual(['drain']);
  });

  test('puts nothing into a frame under way: what is left of it passes first', () => {
    const tunnel = open(true);
    upstream.receives(frame(100).slice(0, 50));
    tunnel.leave(1000);
    pass(1100);
    expect(client.written).toBe(frame(100).slice(0, 50));
    upstream.receives(frame(100).slice(50) + frame(3));
    expect(client.written).toBe(frame(100) + CLOSE);
    expect(client.calls).toEqual(['end']);
  });

  test('does not wait for a frame that never ends, nor for peers that do not', () => {
    const tunnel = open(true);
    upstream.receives(frame(100).slice(0, 50));
    tunnel.leave(1000);
    pass(1100);
    pass(3300);
    expect([client.written, ends]).toEqual([frame(100).slice(0, 50), ['drain']]);
  });

  test('repeats no close frame, and says none where it might be taken for something else', () => {
    const tunnel = open(true);
    upstream.receives(closeFrame(1000, 'server'));
    client.receives('no frame of a client');
    tunnel.leave(1000);
    pass(1100);
    expect(client.written).toBe(closeFrame(1000, 'server'));
    expect(upstream.written).toBe('no frame of a client');
    expect([client.calls, upstream.calls]).toEqual([['end'], ['end']]);
  });

  test('that is called off leaves it alone; at its deadline it ends at once', () => {
    const tunnel = open(true);
    tunnel.leave(1000);
    tunnel.stay();
    pass(1100);
    expect([client.written, ends]).toEqual(['', []]);
    tunnel.cut();
    tunnel.cut();
    expect([client.written, ends]).toEqual([CLOSE, ['drain']]);
    client.owner!.onGone();
    expect(ends).toEqual(['drain']);
  });

  test('that comes after an end of ours changes nothing', () => {
    const tunnel = open(false);
    tunnel.leave(1000);
    pass(1100);
    tunnel.leave(1000);
    client.owner!.onEnd();
    upstream.owner!.onEnd();
    pass(5000);
    expect(ends).toEqual(['drain']);
  });
});

test('nothing for the idle time, or a little more, ends it with 1001', () => {
  open(true, 800);
  for (let part = 1; part < 8; part++) pass(part * 130);
  client.receives('\x89\x80abcd');
  for (let part = 8; part < 15; part++) pass(part * 130);
  expect(client.written).toBe('');
  for (let part = 15; part < 18; part++) pass(part * 130);
  expect(client.written).toBe(closeFrame(1001, 'server'));
});
