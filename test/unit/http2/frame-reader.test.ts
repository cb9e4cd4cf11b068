// Frames, read from whatever pieces they come in: what they tell, and what is wrong with them.

import { describe, expect, it } from 'vitest';
import { ENHANCE_YOUR_CALM, FRAME_SIZE_ERROR, NO_ERROR, PROTOCOL_ERROR } from '../../../src/http2/error-codes.ts';
import { FrameReader } from '../../../src/http2/frame-reader.ts';
import { writeFrameHead } from '../../../src/http2/frame-writer.ts';
import * as frames from '../../../src/http2/frames.ts';
import { RecordVisitor } from './record-visitor.ts';

const LIMITS = { frameBytes: 16_384, blockBytes: 40_000 };
const { ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HAS_PRIORITY, HEADERS, PADDED, PING, PRIORITY } = frames;
const { PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE } = frames;

function frame(type: number, flags: number, streamId: number, payload: string | readonly number[] = ''): Buffer {
  const content = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : Buffer.from(payload);
  const made = Buffer.alloc(9 + content.length);
  content.copy(made, writeFrameHead(made, 0, content.length, type, flags, streamId));
  return made;
}

const SETTLED = frame(SETTINGS, 0, 0);

interface Result {
  readonly code: number;
  readonly reason: string;
  readonly told: readonly unknown[][];
}

/** The frames behind SETTINGS, in pieces of this size; pieces of content that follow each other are put together. */
function read(bytes: Buffer, step = bytes.length, limits = LIMITS): Result {
  const visitor = new RecordVisitor();
  const reader = new FrameReader(visitor, limits, false);
  expect(reader.read(SETTLED, 0, SETTLED.length)).toBe(NO_ERROR);
  let code = NO_ERROR;
  for (let from = 0; from < bytes.length && code === NO_ERROR; from += step) {
    // Each piece in memory of its own, which is gone afterwards.
    const piece = Buffer.concat([Buffer.alloc(5, 0xee), bytes.subarray(from, from + step)]);
    code = reader.read(piece, 5, piece.length);
    piece.fill(0xdd);
  }
  return { code, reason: reader.reason, told: joined(visitor.told.slice(1)) };
}

function joined(told: readonly unknown[][]): unknown[][] {
  const all: unknown[][] = [];
  for (const each of told) {
    const last = all.at(-1);
    if (each[0] === 'data' && last?.[0] === 'data' && last[1] === each[1] && last[4] === false && each[2] !== '' && last[2] !== '') {
      all[all.length - 1] = ['data', each[1], `${String(last[2])}${String(each[2])}`, Number(last[3]) + Number(each[3]), each[4]];
    } else all.push(each);
  }
  return all;
}

const number = (value: number) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];

describe('a frame', () => {
  it.each([
    ['DATA', frame(DATA, 0, 1, 'hello'), [['data', 1, 'hello', 5, false]]],
    ['DATA that ends', frame(DATA, END_STREAM, 0x7fff_ffff, 'hello'), [['data', 0x7fff_ffff, 'hello', 5, true]]],
    ['DATA of nothing', frame(DATA, END_STREAM, 1), [['data', 1, '', 0, true]]],
    ['padded DATA', frame(DATA, PADDED | END_STREAM, 1, '\x03hello\0\0\0'), [['data', 1, 'hello', 9, true]]],
    ['DATA of padding', frame(DATA, PADDED, 1, '\x03\0\0\0'), [['data', 1, '', 4, false]]],
    ['DATA of a pad length', frame(DATA, PADDED | END_STREAM, 1, '\0'), [['data', 1, '', 1, true]]],
    ['HEADERS', frame(HEADERS, END_HEADERS, 1, 'block'), [['headers', 1, 'block', false]]],
    ['HEADERS that end', frame(HEADERS, END_HEADERS | END_STREAM, 1, 'block'), [['headers', 1, 'block', true]]],
    ['HEADERS of nothing', frame(HEADERS, END_HEADERS, 1), [['headers', 1, '', false]]],
    ['padded HEADERS', frame(HEADERS, END_HEADERS | PADDED, 1, '\x02block\0\0'), [['headers', 1, 'block', false]]],
    ['HEADERS with priority', frame(HEADERS, END_HEADERS | HAS_PRIORITY, 1, '\0\0\0\x03\x10block'), [['headers', 1, 'block', false]]],
    ['HEADERS with all', frame(HEADERS, 0x2d, 1, '\x02\x80\0\0\x03\x10block\0\0'), [['headers', 1, 'block', true]]],
    ['PRIORITY', frame(PRIORITY, 0, 3, '\0\0\0\x01\x10'), [['ignored', 3, PRIORITY]]],
    ['RST_STREAM', frame(RST_STREAM, 0, 1, number(0x8)), [['reset', 1, 8]]],
    ['RST_STREAM of an unknown code', frame(RST_STREAM, 0, 1, number(0xffff_ffff)), [['reset', 1, 0xffff_ffff]]],
    ['SETTINGS', frame(SETTINGS, 0, 0, '\0\x03\0\0\0\x64'), [['settings', '000300000064']]],
    ['an ACK of SETTINGS', frame(SETTINGS, ACK, 0), [['settings ack']]],
    ['PING', frame(PING, 0, 0, '12345678'), [['ping', '12345678']]],
    ['an ACK of PING', frame(PING, ACK, 0, '12345678'), [['ping ack', '12345678']]],
    ['GOAWAY', frame(GOAWAY, 0, 0, [...number(0x8000_0005), ...number(2), ...Buffer.from('bye')]), [['goaway', 5, 2]]],
    ['WINDOW_UPDATE', frame(WINDOW_UPDATE, 0, 0, number(0xffff_ffff)), [['window update', 0, 0x7fff_ffff]]],
    ['WINDOW_UPDATE of a stream', frame(WINDOW_UPDATE, 0, 5, number(1)), [['window update', 5, 1]]],
    [
      'WINDOW_UPDATE of a stream by nothing',
      frame(WINDOW_UPDATE, 0, 5, number(0x8000_0000)),
      [['stream error', 5, 1, 'window update by nothing']],
    ],
    ['PRIORITY of a wrong size', frame(PRIORITY, 0, 5, '1234'), [['stream error', 5, FRAME_SIZE_ERROR, 'frame of a wrong size']]],
    ['one of an unknown type', frame(0x42, 0xff, 7, 'whatever'), [['ignored', 7, 0x42]]],
    ['one of an unknown type without anything', frame(0x42, 0xff, 0), [['ignored', 0, 0x42]]],
    ['unknown flags', frame(SETTINGS, 0xfe, 0), [['settings', '']]],
  ])('%s is told, in one piece and in many, and so is the one behind it', (_what, bytes, told) => {
    const more = Buffer.concat([bytes, frame(PING, 0, 0, 'abcdefgh')]);
    for (const step of [more.length, 1, 2, 3, 8, 9, 10, 13]) {
      expect(read(more, step)).toEqual({ code: NO_ERROR, reason: '', told: [...told, ['ping', 'abcdefgh']] });
    }
  });

  it('of a reserved bit is one of the same stream', () => {
    const bytes = frame(DATA, 0, 5, 'x');
    bytes[5]! |= 0x80;
    for (const step of [1, bytes.length]) expect(read(bytes, step).told).toEqual([['data', 5, 'x', 1, false]]);
  });

  it('with content is passed on where it lies', () => {
    const visitor = new RecordVisitor();
    const seen: (readonly [Buffer, number, number])[] = [];
    visitor.onData = (_id, bytes, from, to) => seen.push([bytes, from, to]);
    const reader = new FrameReader(visitor, LIMITS, false);
    const bytes = Buffer.concat([SETTLED, frame(DATA, 0, 1, 'hello'), frame(DATA, 0, 1, 'world')]);
    reader.read(bytes, 0, 20);
    reader.read(bytes, 20, bytes.length);
    expect(seen).toEqual([
      [bytes, 18, 20],
      [bytes, 20, 23],
      [bytes, 32, 37],
    ]);
  });
});

describe('a block of fields', () => {
  it.each([
    [['ab', 'cd', 'ef'], END_STREAM],
    [['', '', 'x'], 0],
    [['x', ''], 0],
    [['x'.repeat(16_000), 'y'.repeat(16_000)], 0],
  ] as const)('may come in the frames %#', (parts, flags) => {
    const bytes = Buffer.concat(
      parts.map((part, index) =>
        frame(index === 0 ? HEADERS : CONTINUATION, (index === 0 ? flags : 0) | (index === parts.length - 1 ? END_HEADERS : 0), 3, part),
      ),
    );
    for (const step of [bytes.length, 1, 7, 4000]) {
      expect(read(bytes, step)).toEqual({ code: NO_ERROR, reason: '', told: [['headers', 3, parts.join(''), flags !== 0]] });
    }
  });

  it.each([
    ['DATA', frame(DATA, 0, 1, 'x')],
    ['HEADERS', frame(HEADERS, END_HEADERS, 1, 'x')],
    ['CONTINUATION of another stream', frame(CONTINUATION, END_HEADERS, 3, 'x')],
    ['PING', frame(PING, 0, 0, '12345678')],
    ['WINDOW_UPDATE', frame(WINDOW_UPDATE, 0, 0, number(1))],
    ['a frame of an unknown type', frame(0x42, 0, 1, 'x')],
  ])('may not be broken off by %s', (_what, other) => {
    const bytes = Buffer.concat([frame(HEADERS, 0, 1, 'x'), other]);
    for (const step of [bytes.length, 1]) {
      expect(read(bytes, step)).toEqual({ code: PROTOCOL_ERROR, reason: 'frame inside a block of fields', told: [] });
    }
  });

  it('has no end without a beginning', () => {
    const expected = { code: PROTOCOL_ERROR, reason: 'CONTINUATION of nothing', told: [] };
    expect(read(frame(CONTINUATION, END_HEADERS, 1, 'x'))).toEqual(expected);
    const again = read(Buffer.concat([frame(HEADERS, END_HEADERS, 1, 'x'), frame(CONTINUATION, END_HEADERS, 1, 'x')]));
    expect(again).toEqual({ ...expected, told: [['headers', 1, 'x', false]] });
  });

  it('is bounded in octets', () => {
    const parts = [frame(HEADERS, 0, 1, 'x'.repeat(16_384)), frame(CONTINUATION, 0, 1, 'x'.repeat(16_384))];
    const last = 40_000 - 32_768;
    expect(read(Buffer.concat([...parts, frame(CONTINUATION, END_HEADERS, 1, 'x'.repeat(last))])).code).toBe(NO_ERROR);
    // It ends at the head of the frame, before that has come.
    const head = frame(CONTINUATION, END_HEADERS, 1, 'x'.repeat(last + 1)).subarray(0, 9);
    expect(read(Buffer.concat([...parts, head]))).toEqual({ code: ENHANCE_YOUR_CALM, reason: 'block of fields too large', told: [] });
    expect(read(frame(HEADERS, 0, 1, 'x'.repeat(101)), 1000, { frameBytes: 16_384, blockBytes: 100 }).code).toBe(ENHANCE_YOUR_CALM);
  });

  it('is bounded in frames', () => {
    const parts = Array<Buffer>(16).fill(frame(CONTINUATION, 0, 1));
    expect(read(Buffer.concat([frame(HEADERS, 0, 1), ...parts])).code).toBe(NO_ERROR);
    expect(read(Buffer.concat([frame(HEADERS, 0, 1), ...parts, frame(CONTINUATION, END_HEADERS, 1)]))).toEqual({
      code: ENHANCE_YOUR_CALM,
      reason: 'too many CONTINUATION frames',
      told: [],
    });
  });
});

describe('the connection ends for', () => {
  it.each([
    ['DATA without a stream', frame(DATA, 0, 0, 'x'), PROTOCOL_ERROR, 'frame without a stream'],
    ['HEADERS without a stream', frame(HEADERS, END_HEADERS, 0, 'x'), PROTOCOL_ERROR, 'frame without a stream'],
    ['PRIORITY without a stream', frame(PRIORITY, 0, 0, '12345'), PROTOCOL_ERROR, 'frame without a stream'],
    ['RST_STREAM without a stream', frame(RST_STREAM, 0, 0, number(1)), PROTOCOL_ERROR, 'frame without a stream'],
    ['CONTINUATION without a stream', frame(CONTINUATION, 0, 0, 'x'), PROTOCOL_ERROR, 'CONTINUATION of nothing'],
    ['SETTINGS on a stream', frame(SETTINGS, 0, 1), PROTOCOL_ERROR, 'frame of the connection on a stream'],
    ['PING on a stream', frame(PING, 0, 1, '12345678'), PROTOCOL_ERROR, 'frame of the connection on a stream'],
    ['GOAWAY on a stream', frame(GOAWAY, 0, 1, '12345678'), PROTOCOL_ERROR, 'frame of the connection on a stream'],
    ['a push', frame(PUSH_PROMISE, END_HEADERS, 1, '\0\0\0\x02x'), PROTOCOL_ERROR, 'push'],
    ['RST_STREAM of a wrong size', frame(RST_STREAM, 0, 1, '123'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['SETTINGS of a wrong size', frame(SETTINGS, 0, 0, '12345'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['an ACK with settings', frame(SETTINGS, ACK, 0, '\0\x03\0\0\0\x64'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['PING of a wrong size', frame(PING, 0, 0, '1234567'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['PING of another wrong size', frame(PING, 0, 0, '123456789'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['GOAWAY of a wrong size', frame(GOAWAY, 0, 0, '1234567'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['WINDOW_UPDATE of a wrong size', frame(WINDOW_UPDATE, 0, 1, '12345'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['padded DATA of nothing', frame(DATA, PADDED, 1), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['padded HEADERS of nothing', frame(HEADERS, PADDED | END_HEADERS, 1), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['HEADERS with half a priority', frame(HEADERS, HAS_PRIORITY | END_HEADERS, 1, '1234'), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['padded HEADERS with half a priority', frame(HEADERS, 0x2c, 1, '\x0012345'.slice(0, 5)), FRAME_SIZE_ERROR, 'frame of a wrong size'],
    ['more padding than DATA', frame(DATA, PADDED, 1, '\x05hell'), PROTOCOL_ERROR, 'more padding than frame'],
    ['more padding than HEADERS', frame(HEADERS, PADDED | END_HEADERS, 1, '\x05hell'), PROTOCOL_ERROR, 'more padding than frame'],
    ['HEADERS that depend on themselves', frame(HEADERS, 0x24, 5, '\x80\0\0\x05\x10x'), PROTOCOL_ERROR, 'stream depends on itself'],
    ['PRIORITY that depends on itself', frame(PRIORITY, 0, 5, '\0\0\0\x05\x10'), PROTOCOL_ERROR, 'stream depends on itself'],
    ['an update of its window by nothing', frame(WINDOW_UPDATE, 0, 0, number(0)), PROTOCOL_ERROR, 'window update by nothing'],
    ['too many settings', frame(SETTINGS, 0, 0, 'x'.repeat(33 * 6)), ENHANCE_YOUR_CALM, 'too many settings'],
  ])('%s', (_what, bytes, code, reason) => {
    for (const step of [bytes.length, 1, 9, 10]) expect(read(bytes, step)).toEqual({ code, reason, told: [] });
  });

  it.each([DATA, HEADERS, SETTINGS, GOAWAY, 0x42])('a frame of type %i that is too large, at its head', (type) => {
    const head = Buffer.alloc(9);
    writeFrameHead(head, 0, 16_385, type, 0, type === DATA || type === HEADERS ? 1 : 0);
    expect(read(head)).toEqual({ code: FRAME_SIZE_ERROR, reason: 'frame too large', told: [] });
  });

  it('a padding that has not come whole', () => {
    const bytes = frame(HEADERS, PADDED | END_HEADERS, 1, '\x04x\0\0\0\0');
    expect(read(bytes.subarray(0, -1)).told).toEqual([]);
    expect(read(bytes).told).toEqual([['headers', 1, 'x', false]]);
  });
});

describe('a connection', () => {
  const begin = (bytes: Buffer, step = bytes.length) => {
    const visitor = new RecordVisitor();
    const reader = new FrameReader(visitor, LIMITS, true);
    let code = NO_ERROR;
    for (let from = 0; from < bytes.length; from += step) code ||= reader.read(bytes, from, Math.min(bytes.length, from + step));
    return { code, reason: reader.reason, told: visitor.told, idle: reader.idle };
  };

  it('of a client begins with the preface, then SETTINGS', () => {
    for (const step of [1, 5, 24, 100]) {
      expect(begin(Buffer.concat([frames.CLIENT_PREFACE, SETTLED]), step)).toEqual({
        code: NO_ERROR,
        reason: '',
        told: [['settings', '']],
        idle: true,
      });
    }
    for (const wrong of ['PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01']) {
      expect(begin(Buffer.from(wrong, 'latin1'))).toMatchObject({ code: PROTOCOL_ERROR, reason: 'no preface', told: [] });
    }
  });

  it.each([
    ['PING', frame(PING, 0, 0, '12345678')],
    ['HEADERS', frame(HEADERS, END_HEADERS, 1, 'x')],
    ['an ACK', frame(SETTINGS, ACK, 0)],
    ['a frame of an unknown type', frame(0x42, 0, 0)],
  ])('does not begin with %s', (_what, bytes) => {
    const expected = { code: PROTOCOL_ERROR, reason: 'first frame other than SETTINGS', told: [] };
    expect(begin(Buffer.concat([frames.CLIENT_PREFACE, bytes]))).toMatchObject(expected);
    const reader = new FrameReader(new RecordVisitor(), LIMITS, false);
    expect(reader.read(bytes, 0, bytes.length)).toBe(PROTOCOL_ERROR);
  });

  it('reads nothing more once it is to end, or is stopped', () => {
    const visitor = new RecordVisitor();
    const reader = new FrameReader(visitor, LIMITS, false);
    const bad = frame(PUSH_PROMISE, 0, 1, '\0\0\0\x02');
    expect(reader.read(bad, 0, bad.length)).toBe(PROTOCOL_ERROR);
    expect(reader.read(SETTLED, 0, SETTLED.length)).toBe(NO_ERROR);
    expect(visitor.told).toEqual([]);
  });

  it.each([
    frame(DATA, END_STREAM | PADDED, 1, '\x02hello\0\0'),
    frame(DATA, 0, 1),
    frame(HEADERS, END_HEADERS, 1, 'x'),
    frame(PING, 0, 0, '12345678'),
    frame(0x42, 0, 0, 'xyz'),
    frame(PRIORITY, 0, 1, '123'),
  ])('may be stopped by what it is told (%#)', (bytes) => {
    const all = Buffer.concat([SETTLED, bytes, bytes, SETTLED]);
    for (const step of [all.length, 1]) {
      const visitor = new RecordVisitor();
      const reader = new FrameReader(visitor, LIMITS, false);
      visitor.onTold = () => {
        if (visitor.told.length === 2) reader.stop();
      };
      for (let from = 0; from < all.length; from += step) expect(reader.read(all, from, Math.min(all.length, from + step))).toBe(NO_ERROR);
      expect(visitor.told).toHaveLength(2);
    }
  });

  it('is idle between frames, and not inside a block of fields', () => {
    const whole = Buffer.concat([
      SETTLED,
      frame(HEADERS, 0, 1, 'x'),
      frame(CONTINUATION, END_HEADERS, 1, 'y'),
      frame(DATA, PADDED, 1, '\x01hi\0'),
    ]);
    const reader = new FrameReader(new RecordVisitor(), LIMITS, false);
    const idle: number[] = [];
    for (let at = 0; at < whole.length; at++) {
      reader.read(whole, at, at + 1);
      if (reader.idle) idle.push(at + 1);
    }
    expect(idle).toEqual([9, 9 + 10 + 10, whole.length]);
  });
});
