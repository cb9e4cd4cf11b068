import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkedScanner } from '../../../src/http1/chunked-scanner.ts';
import { ChunkedDecoder } from '../../../src/http1/chunked-decoder.ts';

const chunk = fc.record({
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  extension: fc.constantFrom('', ';a', ';a=b', ';name="quoted ; text"'),
  upper: fc.boolean(),
});

function encode(chunks: readonly { bytes: Uint8Array; extension: string; upper: boolean }[], trailers: string): Buffer {
  const parts = chunks.map(({ bytes, extension, upper }) => {
    const size = upper ? bytes.length.toString(16).toUpperCase() : `0${bytes.length.toString(16)}`;
    return Buffer.concat([Buffer.from(`${size}${extension}\r\n`), bytes, Buffer.from('\r\n')]);
  });
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

describe('ChunkedDecoder', () => {
  it('gives back the data of every well-formed body, however it is cut into reads', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 8 }),
        fc.constantFrom('', 'x-a: 1\r\n', 'x-a: 1\r\nx-b: 2\r\n'),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (chunks, trailers, cuts) => {
          const wire = encode(chunks, trailers);
          const scanner = new ChunkedScanner();
          const chunkedDecoder = new ChunkedDecoder();
          scanner.reset();
          chunkedDecoder.reset();
          const ends = [...new Set([...cuts.map((cut) => cut % (wire.length + 1)), wire.length])].sort((a, b) => a - b);
          const pieces: Buffer[] = [];
          let from = 0;
          for (const to of ends) {
            expect(scanner.scan(wire, from, to)).toBe(to);
            pieces.push(chunkedDecoder.take(wire, from, scanner.dataEnd));
            from = to;
          }
          expect(scanner.done).toBe(true);
          expect(Buffer.concat(pieces).equals(Buffer.concat(chunks.map(({ bytes }) => bytes)))).toBe(true);
        },
      ),
    );
  });
});
