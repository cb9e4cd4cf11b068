// Data in chunks, found in place.

import { describe, expect, test } from 'vitest';
import { ChunkPieces } from '../../../src/http1/chunk-pieces.ts';

function dataOf(pieces: ChunkPieces, read: Buffer): string {
  let data = '';
  let at = 0;
  while (pieces.find(read, at, read.length)) {
    data += read.toString('latin1', pieces.from, pieces.to);
    at = pieces.to;
  }
  return data;
}

describe('pieces of a chunked body', () => {
  const whole = Buffer.from('3\r\nabc\r\n00aB;x=y\r\n' + 'd'.repeat(171) + '\r\n1\r\n\r\r\n0\r\n\r\n', 'latin1');

  test.each([1, 2, 3, 5, 7, 64, 1000])('are found in reads of %d bytes', (size) => {
    const pieces = new ChunkPieces();
    let data = '';
    for (let from = 0; from < whole.length; from += size) data += dataOf(pieces, whole.subarray(from, from + size));
    expect(data).toBe('abc' + 'd'.repeat(171) + '\r');
  });

  test('begin anew after a reset', () => {
    const pieces = new ChunkPieces();
    dataOf(pieces, Buffer.from('5\r\nab'));
    pieces.reset();
    expect(dataOf(pieces, Buffer.from('2\r\nxy\r\n'))).toBe('xy');
  });
});
