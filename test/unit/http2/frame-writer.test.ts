// Frames that we write are read as what they were to say.

import { expect, it } from 'vitest';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import * as write from '../../../src/http2/frame-writer.ts';
import { MAX_31_BITS } from '../../../src/http2/frames.ts';
import { RecordVisitor } from './record-visitor.ts';

const OCTETS = Buffer.from('..12345678', 'latin1');

function told(written: (into: Buffer, at: number) => number, size = 200_000): { readonly told: unknown[][]; readonly length: number } {
  const into = Buffer.alloc(size, 0xee);
  const start = write.writeSettings(into, 3, []);
  const end = written(into, start);
  expect(into.subarray(0, 3).equals(Buffer.alloc(3, 0xee))).toBe(true);
  expect(into.subarray(end).every((octet) => octet === 0xee)).toBe(true);
  const visitor = new RecordVisitor();
  const reader = new FrameReader(visitor, { frameBytes: 16_384, blockBytes: 200_000 }, false);
  expect(reader.read(into, 3, end)).toBe(0);
  expect(reader.idle).toBe(true);
  return { told: visitor.told.slice(1), length: end - start };
}

it.each([
  [
    'SETTINGS',
    (into: Buffer, at: number) =>
      write.writeSettings(into, at, [
        [0x3, 100],
        [0x4, 0xffff_ffff],
      ]),
    [['settings', '0003000000640004ffffffff']],
    21,
  ],
  ['an ACK of SETTINGS', (into: Buffer, at: number) => write.writeSettingsAck(into, at), [['settings ack']], write.SETTINGS_ACK_FRAME],
  ['PING', (into: Buffer, at: number) => write.writePing(into, at, OCTETS, 2), [['ping', '12345678']], write.PING_FRAME],
  ['an ACK of PING', (into: Buffer, at: number) => write.writePingAck(into, at, OCTETS, 2), [['ping ack', '12345678']], write.PING_FRAME],
  ['RST_STREAM', (into: Buffer, at: number) => write.writeReset(into, at, MAX_31_BITS, 8), [['reset', MAX_31_BITS, 8]], write.RESET_FRAME],
  [
    'WINDOW_UPDATE',
    (into: Buffer, at: number) => write.writeWindowUpdate(into, at, 5, 70_000),
    [['window update', 5, 70_000]],
    write.WINDOW_UPDATE_FRAME,
  ],
  ['GOAWAY', (into: Buffer, at: number) => write.writeGoaway(into, at, MAX_31_BITS, 11), [['goaway', MAX_31_BITS, 11]], write.GOAWAY_FRAME],
  ['DATA of nothing', (into: Buffer, at: number) => write.writeDataHead(into, at, 0, 1, true), [['data', 1, '', 0, true]], 9],
] as const)('%s', (_what, written, expected, length) => {
  expect(told(written)).toEqual({ told: expected, length });
});

it('DATA is the head of its content', () => {
  const content = Buffer.from('hello');
  const written = (into: Buffer, at: number) => {
    const start = write.writeDataHead(into, at, content.length, 7, false);
    return start + content.copy(into, start);
  };
  expect(told(written).told).toEqual([['data', 7, 'hello', 5, false]]);
});

it.each([0, 1, 16_384, 16_385, 32_768, 32_769, 100_000])('a block of %i octets', (length) => {
  const block = Buffer.from(Array.from({ length }, (_, index) => index % 251));
  for (const ends of [false, true]) {
    const written = (into: Buffer, at: number) => {
      block.copy(into, at + write.BEFORE_BLOCK);
      const end = write.writeHeaders(into, at, at + write.BEFORE_BLOCK + length, 9, ends, 16_384);
      expect(end).toBeLessThanOrEqual(at + write.BEFORE_BLOCK + length + write.roomForFrames(length, 16_384));
      return end;
    };
    const frames = Math.max(1, Math.ceil(length / 16_384));
    expect(told(written)).toEqual({ told: [['headers', 9, block.toString('latin1'), ends]], length: length + 9 * frames });
  }
});

it('the preface of a client comes first', () => {
  const into = Buffer.alloc(40);
  const end = write.writeSettings(into, write.writePreface(into, 0), []);
  const visitor = new RecordVisitor();
  expect(new FrameReader(visitor, { frameBytes: 16_384, blockBytes: 1000 }, true).read(into, 0, end)).toBe(0);
  expect(visitor.told).toEqual([['settings', '']]);
});
