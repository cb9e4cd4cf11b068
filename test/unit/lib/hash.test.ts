import { describe, expect, it } from 'vitest';
import { hashString, mix, toFraction } from '../../../src/lib/hash.ts';

describe('hashString', () => {
  // Vectors of MurmurHash3 x86 32 as published with its ports.
  it.each([
    ['', 0, 0],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['a', 0x9747b28c, 0x7fa09ea6],
    ['aa', 0x9747b28c, 0x5d211726],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['aaaa', 0x9747b28c, 0x5a97808a],
    ['abc', 0, 0xb3dd93fa],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('%j with seed %i', (text, seed, expected) => {
    expect(hashString(text, seed) >>> 0).toBe(expected);
  });

  it('hashes latin1 text as its bytes, not as UTF-8', () => {
    expect(hashString('é', 0)).not.toBe(hashString(Buffer.from('é').toString('latin1'), 0));
  });
});

describe('mix', () => {
  it('flips about half of the bits for every flipped bit', () => {
    for (let bit = 0; bit < 32; bit++) {
      let flips = 0;
      for (let value = 0; value < 500; value++) flips += bits(mix(value * 7919) ^ mix((value * 7919) ^ (1 << bit)));
      expect(flips / 500).toBeGreaterThan(15);
      expect(flips / 500).toBeLessThan(17);
    }
  });
});

describe('toFraction', () => {
  it('never reaches 0 or 1', () => {
    expect(toFraction(0)).toBeGreaterThan(0);
    expect(toFraction(-1)).toBeLessThan(1);
    expect(toFraction(-0x8000_0000)).toBeCloseTo(0.5, 9);
  });
});

function bits(value: number): number {
  return (value >>> 0).toString(2).replaceAll('0', '').length;
}
