import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../src/compare/decompress.ts';

const quickBrotli = (bytes: Uint8Array): Buffer => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

const TEXT = Buffer.from('{"a":1}'.repeat(100));

describe('decompress', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['x-gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
  ])('undoes %s', (coding, bytes) => {
    expect(decompress(bytes, [coding], 1000)).toEqual({ bytes: TEXT });
  });

  it('undoes two codings, the last one first, and no more', () => {
    expect(decompress(brotliCompressSync(gzipSync(TEXT)), ['gzip', 'br'], 1000)).toEqual({ bytes: TEXT });
    expect(decompress(TEXT, ['gzip', 'gzip', 'gzip'], 1000)).toEqual({ refused: 'coding' });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', quickBrotli],
    ['zstd', zstdCompressSync],
  ] as const)('refuses a bomb of %s without unpacking it', (coding, compress) => {
    const bomb = compress(Buffer.alloc(16 << 20));
    expect(bomb.length).toBeLessThan(64 << 10);
    expect(decompress(bomb, [coding], 1 << 20)).toEqual({ refused: 'bomb' });
  });

  it('refuses what is too large, unknown or broken', () => {
    expect(decompress(TEXT, [], 10)).toEqual({ refused: 'bomb' });
    expect(decompress(TEXT, ['compress'], 1000)).toEqual({ refused: 'coding' });
    expect(decompress(TEXT, ['gzip'], 1000)).toEqual({ refused: 'corrupt' });
    expect(decompress(gzipSync(TEXT).subarray(0, 20), ['gzip'], 1000)).toEqual({ refused: 'corrupt' });
    expect(decompress(Buffer.alloc(0), ['deflate'], 1000)).toEqual({ refused: 'corrupt' });
  });
});
