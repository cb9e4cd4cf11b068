// Where frames end does not depend on how they come in pieces; it is compared with a list of frames that are written one after the other.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameFollower, closeFrame } from '../../../src/proxy/tunnel/frames.ts';

const OPCODES = [0, 1, 2, 9, 10];

function frame(opcode: number, length: number, isMasked: boolean, isLong: boolean): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const sizes = length > 65_535 || isLong ? Buffer.alloc(9) : length > 125 ? Buffer.alloc(3) : Buffer.alloc(1);
  if (sizes.length === 9) sizes.writeBigUInt64BE(BigInt(length), 1);
  else if (sizes.length === 3) sizes.writeUInt16BE(length, 1);
  sizes[0] = mask | (sizes.length === 9 ? 127 : sizes.length === 3 ? 126 : length);
  return Buffer.concat([Buffer.from([0x80 | opcode]), sizes, Buffer.alloc(isMasked ? 4 : 0, 7), Buffer.alloc(length, 0xff)]);
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(...OPCODES),
    length: fc.oneof(fc.nat(130), fc.integer({ min: 65_530, max: 65_540 })),
    isLong: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);
const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 20 });

test('it knows the end of each frame, however they come', () => {
  fc.assert(
    fc.property(frames, pieces, fc.boolean(), fc.boolean(), (made, sizes, isMasked, isClosed) => {
      const written = made.map(({ opcode, length, isLong }) => frame(opcode, length, isMasked, isLong));
      if (isClosed) written.push(frame(8, 2, isMasked, false));
      const bytes = Buffer.concat(written);
      const ends = new Set<number>();
      written.reduce((at, each) => (ends.add(at + each.length), at + each.length), 0);
      const follower = new FrameFollower(isMasked ? 'client' : 'server');
      for (let at = 0, piece = 0; at < bytes.length; piece++) {
        const to = Math.min(bytes.length, at + sizes[piece % sizes.length]!);
        follower.follow(bytes, at, to);
        expect(follower.atBoundary).toBe(ends.has(to));
        at = to;
      }
      expect([follower.lost, follower.closed]).toEqual([false, isClosed]);
    }),
    { numRuns: 100 },
  );
});

test('it stops at the first end of a frame', () => {
  fc.assert(
    fc.property(frames, fc.double({ min: 0, max: 1, noNaN: true }), (made, share) => {
      const written = made.map(({ opcode, length, isLong }) => frame(opcode, length, true, isLong));
      const bytes = Buffer.concat(written);
      const first = written[0]!.length;
      const seen = Math.floor(share * (first - 1)) + 1;
      const follower = new FrameFollower('client');
      follower.follow(bytes, 0, Math.min(seen, first - 1));
      expect(follower.followToBoundary(bytes, Math.min(seen, first - 1), bytes.length)).toBe(first);
      expect(follower.atBoundary).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('what is no frame of that side is not followed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 300 }), (bytes) => {
      const follower = new FrameFollower((bytes[1]! & 0x80) !== 0 ? 'server' : 'client');
      follower.follow(bytes, 0, bytes.length);
      expect([follower.lost, follower.atBoundary]).toEqual([true, false]);
    }),
  );
});

test('the close frames of ours are frames, and say their code', () => {
  const ours = Buffer.from(closeFrame(1012, 'server'), 'latin1');
  expect(ours).toEqual(Buffer.from([0x88, 2, 0x03, 0xf4]));
  const masked = Buffer.from(closeFrame(1012, 'client'), 'latin1');
  expect([masked[0], masked[1], masked.length]).toEqual([0x88, 0x82, 8]);
  expect([masked[6]! ^ masked[2]!, masked[7]! ^ masked[3]!]).toEqual([0x03, 0xf4]);
  const follower = new FrameFollower('client');
  follower.follow(masked, 0, masked.length);
  expect([follower.closed, follower.atBoundary]).toEqual([true, true]);
});
